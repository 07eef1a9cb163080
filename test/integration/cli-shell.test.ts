import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { openHttp } from "../../src/observe/http.ts";
import { ensureBuilt } from "../real/built.ts";
import { discard, root, scratchDir } from "../real/process.ts";
import { run } from "./cli-setup.ts";

beforeAll(() => ensureBuilt());

const BUILT = { built: true };

/** A folder with the program by its name, as an installation puts it on the path, and some files. */
function installed(): string {
  const dir = scratchDir("cli-shell");
  onTestFinished(() => discard(dir));
  mkdirSync(join(dir, "bin"));
  const program = `#!/bin/sh\nexec "${process.execPath}" "${join(root, "dist/main.js")}" "$@"\n`;
  writeFileSync(join(dir, "bin/mdca-kafka-source"), program, { mode: 0o755 });
  writeFileSync(
    join(dir, "mdca.yaml"),
    'tenants: { contoso: { apiUrl: "https://contoso.example", auth: { token: t } } }',
  );
  return dir;
}

/** What bash offers for each line, the cursor at its end: what the script says, else its own file names. */
function offered(dir: string, lines: readonly string[]): string[][] {
  const asks = lines.map((line) => {
    const words = line.split(" ");
    const quoted = words.map((word) => `'${word}'`).join(" ");
    return `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; COMPREPLY=(); _mdca-kafka-source_yargs_completions
      if [ \${#COMPREPLY[@]} -eq 0 ]; then mapfile -t COMPREPLY < <(compgen -f -- "\${COMP_WORDS[-1]}"); fi
      echo "\${COMPREPLY[*]}"`;
  });
  const script = `source <(mdca-kafka-source completion); ${asks.join("\n")}`;
  const env = { ...process.env, SHELL: "/bin/bash", PATH: `${join(dir, "bin")}:${process.env["PATH"]}` };
  const out = execFileSync("bash", ["-c", script], { cwd: dir, env, encoding: "utf8" });
  return out.split("\n").map((line) => line.split(" ").filter((word) => word !== ""));
}

test("bash completes commands, filters, files and the configuration's names", () => {
  const dir = installed();
  const [commands, filters, files, tenants] = offered(dir, [
    "mdca-kafka-source st",
    "mdca-kafka-source scan --filter ip.c",
    "mdca-kafka-source check --config mdca",
    "mdca-kafka-source probe -c mdca.yaml --tenant c",
  ]);
  expect(commands).toEqual(["status"]);
  expect(filters).toEqual(["ip.category.eq=", "ip.category.neq="]);
  expect(files).toEqual(["mdca.yaml"]);
  expect(tenants).toEqual(["contoso"]);
  expect(readdirSync(dir).sort()).toEqual(["bin", "mdca.yaml"]);
});

test("a plan by numbers needs neither a configuration nor a broker", async () => {
  const numbers = ["--activities-per-second", "2", "--page-size", "500", "--lookbacks", "2m", "--backfill", "30d"];
  const planned = await run(["plan", ...numbers, "--requests-per-minute", "20", "--output", "json"], BUILT);
  expect(planned.code, planned.out).toBe(0);
  expect(JSON.parse(planned.out)).toMatchObject([
    {
      pace: 19,
      needs: 8,
      scans: [
        { upkeep: { tail: 6, lookbacks: [{ ageMs: 120_000, perMinute: 2 }] }, backfill: { activities: 5_184_000 } },
      ],
    },
  ]);
  const busy = await run(["plan", "--activities-per-second", "400"], BUILT);
  expect(busy).toMatchObject({ code: 1, out: expect.stringMatching(/that is more than there is/) });
  const wrong = await run(["plan", "--activities-per-second=-1", "--lookbacks", "2", "--backfill", "soon"], BUILT);
  expect(wrong.code).toBe(2);
  for (const flag of ["activities-per-second", "lookbacks", "backfill"])
    expect(wrong.out).toContain(`--${flag}: found`);
  expect(await run(["plan"], BUILT)).toMatchObject({ code: 2, out: expect.stringMatching(/give --config FILE, or/) });
});

test("status where nobody listens, or another than a connector does, is an error with what to look at", async () => {
  const { code, out } = await run(["status", "--url", "http://127.0.0.1:1"], BUILT);
  expect({ code, out }).toEqual({
    code: 1,
    out: expect.stringMatching(/no connector answers at \S+: .*; is it running/),
  });
  const routes = { metrics: async () => ({ contentType: "", text: "" }), history: () => null, page: new Map() };
  const server = { ...routes, status: () => ({ scans: [] }), ready: () => ({ ready: true, reason: "" }) };
  await using other = await openHttp({ host: "127.0.0.1", port: 0 }, server);
  const answered = await run(["status", "--url", other.url, "--output", "json"], BUILT);
  expect(answered).toMatchObject({ code: 1, out: expect.stringMatching(/what answers is no connector/) });
  expect(await run(["status", "--url", "nowhere"], BUILT)).toMatchObject({ code: 2 });
});

test.each(["probe", "plan", "status", "completion"])("%s has a help", async (command) => {
  const { code, out } = await run([command, "--help"], BUILT);
  expect(code).toBe(0);
  if (command !== "completion") expect(out).toMatch(/Examples:(\n.*)+mdca-kafka-source/);
});
