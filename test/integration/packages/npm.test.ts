import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { expect, onTestFinished, test } from "vitest";
import { startMockTenant } from "../../../src/mock-tenant/start.ts";
import { ensureBuilt } from "../../real/built.ts";
import { say } from "../../real/checkers.ts";
import { discard, root, scratchDir } from "../../real/process.ts";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
/** Nothing else is in the package. */
const ALLOWED = [
  /^(package\.json|README\.md|DESIGN\.md|CHANGELOG\.md|LICENSE)$/,
  /^schemas\/(activity\.avsc|config\.schema\.json)$/,
  /^dist\/(main|[a-z-]+\/[a-z-]+)\.js$/,
  /^dist\/page\/(index\.html|page\.css|icon\.svg)$/,
];

test("publint finds nothing to object to", async () => {
  await ensureBuilt();
  const { messages } = await publint({ pkgDir: root, strict: true });
  expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
});

test("the package holds what is needed to run, and nothing else", async () => {
  await ensureBuilt();
  const { out } = await say("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"]);
  const files = (JSON.parse(out)[0].files as { path: string }[]).map(({ path }) => path);
  expect(files.filter((path) => !ALLOWED.some((allowed) => allowed.test(path)))).toEqual([]);
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  const compiled = sources.filter((path) => /\.ts$/.test(path)).map((path) => `dist/${path.replace(/\.ts$/, ".js")}`);
  const copied = readdirSync(join(root, "src/page/static")).map((name) => `dist/page/${name}`);
  expect(files.filter((path) => path.startsWith("dist/")).sort()).toEqual([...compiled, ...copied].sort());
  expect(files).toEqual(expect.arrayContaining(["README.md", "LICENSE", "schemas/activity.avsc"]));
});

test("installed into an empty folder, it shows its help, has its page and scans a tenant", async () => {
  await ensureBuilt();
  const dir = scratchDir("npm");
  onTestFinished(() => discard(dir));
  const packed = await say("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", dir]);
  const tarball = join(dir, JSON.parse(packed.out)[0].filename);
  writeFileSync(join(dir, "package.json"), "{}\n");
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  const installed = await say("npm", ["install", ...flags, tarball], { cwd: dir });
  expect(installed, installed.err).toMatchObject({ code: 0 });
  const command = join(dir, "node_modules/.bin/mdca-kafka-source");
  const help = await say(command, ["--help"], { cwd: dir });
  expect(help).toMatchObject({ code: 0, out: expect.stringContaining("mdca-kafka-source <command>") });
  expect((await say(command, ["--version"], { cwd: dir })).out.trim()).toBe(manifest.version);
  const listPage = `
    import { readPageFiles } from "mdca-kafka-source/dist/observe/page-files.js";
    console.log([...readPageFiles().keys()].join(" "));`;
  const page = await say(process.execPath, ["--input-type=module", "--eval", listPage], { cwd: dir });
  expect(page.out.split(/\s/)).toEqual(
    expect.arrayContaining(["/", "/page/main.js", "/page/page.css", "/page/uplot.js"]),
  );
  await using tenant = await startMockTenant({ backlog: 20, requestLimit: null });
  const env = { MDCA_TOKEN: "mock-token" };
  const scanned = await say(command, ["scan", "--url", tenant.url, "--since", "2d"], { cwd: dir, env });
  expect(scanned, scanned.err).toMatchObject({ code: 0 });
  const ids = scanned.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line)._id);
  expect(new Set(ids).size).toBe(20);
});
