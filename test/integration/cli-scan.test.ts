import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import type { MockTenantOptions } from "../../src/mock-tenant/settings.ts";
import { ensureBuilt } from "../real/built.ts";
import { readContainers } from "../real/container.ts";
import { eventually, freePort, start } from "../real/process.ts";
import { begin, byId, direct, FAST, folder, linesOf, mock, scan, scanOf, truthOf } from "../real/scan-run.ts";

beforeAll(ensureBuilt, 240_000);

test("every activity of the stretch is a line of its exact bytes, once", async () => {
  const tenant = await mock({ backlog: 12_000, backlogSpanMs: 20 * 3_600_000 });
  const dir = folder();
  const { code, out, stderr } = await scan(dir, [...direct(tenant, dir), "--since", "1d", ...FAST]);
  expect(stderr).toMatch(
    /^scan done: 12,000 activities, 4 pages, 5 requests, throttled 0 s; created from .* to now\n$/,
  );
  expect(code).toBe(0);
  expect(linesOf(out).sort(byId)).toEqual(truthOf(tenant));
});

test.each<[string, MockTenantOptions]>([
  ["cut, broken and refused pages", { faults: { reset: 0.15, truncate: 0.15, "502": 0.1, "error-body": 0.1 } }],
  ["HTML, empty pages and a wrong order", { faults: { html: 0.15, "empty-page": 0.15, descending: 0.3 } }],
  ["repeats and a hidden last page", { faults: { duplicate: 0.5, "empty-last": 0.5 } }],
  ["a tenant that ignores created", { ignoreCreated: true }],
  ["next filters along the wrong field", { nextFilters: "wrong-field" }],
  ["opaque next filters in a compressed body", { nextFilters: "opaque", refuseEditedFilters: true, compress: true }],
])("the output is whole despite %s", async (_, options) => {
  const tenant = await mock({ pageCeiling: 500, ...options });
  const dir = folder();
  const { code, out, stderr } = await scan(dir, [...direct(tenant, dir), "--since", "3d", ...FAST]);
  expect(code, stderr).toBe(0);
  expect(linesOf(out).sort(byId)).toEqual(truthOf(tenant));
});

test("throttling is waited out and told in the summary", async () => {
  const tenant = await mock({ pageCeiling: 500, requestLimit: 4, requestWindowMs: 3_000 });
  const dir = folder();
  const { code, out, stderr } = await scan(dir, [...direct(tenant, dir), "--since", "2d", ...FAST]);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/throttled [1-9]\d* s/);
  expect(linesOf(out).sort(byId)).toEqual(truthOf(tenant));
});

test("filters by flag and by file and a limit choose what is written", async () => {
  const tenant = await mock();
  const dir = folder();
  writeFileSync(join(dir, "filters.json"), '{ "service": { "eq": [20893] } }');
  const chosen = ["--filters-file", join(dir, "filters.json"), "--filter", "service.eq=11161", "--since", "2d"];
  const some = await scan(dir, [...direct(tenant, dir), ...chosen, ...FAST]);
  const expected = truthOf(tenant, { service: { eq: [20893, 11161] } });
  expect(expected.length).toBeGreaterThan(0);
  expect(expected.length).toBeLessThan(3_000);
  expect(linesOf(some.out).sort(byId)).toEqual(expected);
  const few = await scan(dir, [...direct(tenant, dir), "--since", "2d", "--limit", "7", ...FAST]);
  expect(few.code).toBe(0);
  expect(linesOf(few.out)).toHaveLength(7);
});

test("a tenant of a configuration, by Entra, into a file", async () => {
  const tenant = await mock({ clientId: "app", clientSecret: "app-secret" });
  const dir = folder();
  const config = join(dir, "mdca.yaml");
  const auth = `{ directoryId: d, clientId: app, clientSecret: "\${env:APP}", tokenUrl: "${tenant.url}/d/oauth2/v2.0/token" }`;
  writeFileSync(config, `tenants:\n  contoso:\n    apiUrl: ${tenant.url}\n    auth: ${auth}\n`);
  const file = join(dir, "out.ndjson");
  writeFileSync(file, "what was there before\n");
  const args = ["--config", config, "--tenant", "contoso", "--since", "2d", "--out", file, ...FAST];
  const { code, out, stderr } = await scan(dir, args, { APP: "app-secret" });
  expect(code, stderr).toBe(0);
  expect(out).toBe("");
  expect(linesOf(readFileSync(file, "utf8")).sort(byId)).toEqual(truthOf(tenant));
});

test("an Avro file is what others read: Apache Avro finds every activity with its exact JSON", async () => {
  const tenant = await mock({ backlog: 6_000, pageCeiling: 700, faults: { duplicate: 0.3 } });
  const dir = folder();
  const files = [join(dir, "day.avro"), join(dir, "nothing.avro")] as const;
  const day = [...direct(tenant, dir), "--since", "2d", "--out", files[0], "--output", "json", ...FAST];
  const { code, stderr } = await scan(dir, day);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stderr)).toMatchObject({
    ending: "done",
    activities: 6_000,
    format: "avro",
    gaps: [],
    error: null,
  });
  const none = [...direct(tenant, dir), "--filter", "activity.id.eq=nobody", "--out", files[1], ...FAST];
  expect((await scan(dir, none)).code).toBe(0);
  const [found, nothing] = await readContainers(files);
  expect(found).toMatchObject({ codec: "deflate", schema: expect.stringMatching(/Activity$/) });
  expect([...(found?.activities ?? [])].sort(byId)).toEqual(truthOf(tenant));
  expect(nothing?.activities).toEqual([]);
});

test("a table is for people, and the summary for programs is in its file", async () => {
  const tenant = await mock();
  const dir = folder();
  const file = join(dir, "summary.json");
  const table = ["--since", "2d", "--limit", "5", "--format", "table", "--summary", file];
  const { code, out, stderr } = await scan(dir, [...direct(tenant, dir), ...table, ...FAST]);
  expect(code, stderr).toBe(0);
  const [head, ...rows] = out.trimEnd().split("\n");
  expect(head).toMatch(/^HAPPENED +APP +USER +IP ADDRESS +FROM +ACTIVITY +ID$/);
  expect(rows).toHaveLength(5);
  const ids = new Set(truthOf(tenant).map(({ id }) => id));
  for (const row of rows) expect(ids.has(row.split(/ {2,}/).at(-1) ?? ""), row).toBe(true);
  expect(stderr).toMatch(/^scan done: 5 activities/);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ ending: "done", activities: 5, out: null });
});

test("a wrong token is an error with its remedy after two requests, and an old file stays", async () => {
  const tenant = await mock();
  const dir = folder();
  writeFileSync(join(dir, "token"), "wr0ng-t0ken");
  const file = join(dir, "out.ndjson");
  writeFileSync(file, "kept\n");
  const { code, stderr } = await scan(dir, [...direct(tenant, dir), "--out", file, ...FAST]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/api_unauthorized: tenant 127\.0\.0\.1:\d+: 401.*check the token/);
  expect(stderr).not.toContain("wr0ng-t0ken");
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(readFileSync(file, "utf8")).toBe("kept\n");
  expect(tenant.stats().requests).toBe(2);
});

test("a tenant that answers HTML is an error that asks for the API's address", async () => {
  const portal = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Sign in</title>");
  });
  await new Promise<void>((resolve) => portal.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void portal.close());
  const dir = folder();
  const { port } = portal.address() as AddressInfo;
  const { code, out, stderr } = await scan(dir, [...direct({ url: `http://127.0.0.1:${port}` }, dir), ...FAST]);
  expect(code).toBe(1);
  expect(out).toBe("");
  expect(stderr).toMatch(/api_contract: .*HTML instead of JSON.*set apiUrl/);
});

test("a tenant that cannot be reached is an error within seconds", async () => {
  const dir = folder();
  const url = `http://127.0.0.1:${await freePort()}`;
  const { code, stderr } = await scan(dir, [...direct({ url }, dir), ...FAST]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/api_unavailable: .*ECONNREFUSED.*check apiUrl/);
});

test("wrong usage exits 2, tells every problem, and asks the tenant nothing", async () => {
  const tenant = await mock();
  const dir = folder();
  const wrong = ["--filter", "servce.eq=1", "--filter", "date.gte_ndays=1", "--since", "soon", "--page-size", "7"];
  const { code, stderr } = await scan(dir, [...direct(tenant, dir), ...wrong]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/--since: found "soon"/);
  expect(stderr).toMatch(/--page-size: found 7/);
  expect(stderr).toMatch(/servce: unknown filter; did you mean "service"/);
  expect(stderr).toMatch(/--since and --until/);
  expect((await scan(dir, ["--url", tenant.url, "--token", "s3cret"])).stderr).not.toContain("s3cret");
  expect(await scan(dir, [...direct(tenant, dir), "--resume", join(dir, "state")])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--resume goes with --out/),
  });
  const nowhere = [...direct(tenant, dir), "--out", join(dir, "no/such/folder/x")];
  expect(await scan(dir, nowhere)).toMatchObject({ code: 2, stderr: expect.stringMatching(/--out: cannot write/) });
  expect(tenant.stats().requests).toBe(0);
});

test.each([
  ["SIGINT", "ndjson"],
  ["SIGTERM", "avro"],
] as const)("%s leaves a whole %s file and exits as the shell expects", async (name, format) => {
  const tenant = await mock({ backlog: 20_000, pageCeiling: 500, latencyMs: 50 });
  const dir = folder();
  const file = join(dir, `out.${format}`);
  const { running } = begin(dir, [...direct(tenant, dir), "--since", "2d", "--out", file, ...FAST]);
  await eventually(() => existsSync(file) && readFileSync(file).length > 3e5, 30_000, "the first pages");
  running.signal(name);
  expect(await running.exited).toEqual({ code: name === "SIGINT" ? 130 : 143, signal: null });
  const [container] = format === "avro" ? await readContainers([file]) : [];
  const lines = container?.activities ?? linesOf(readFileSync(file, "utf8"));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThan(20_000);
  const truth = new Map(truthOf(tenant).map(({ id, sha256 }) => [id, sha256]));
  for (const { id, sha256 } of lines) expect(truth.get(id)).toBe(sha256);
  expect(new Set(lines.map(({ id }) => id)).size).toBe(lines.length);
  expect(running.log()).toMatch(new RegExp(`^scan stopped: ${lines.length.toLocaleString("en")} activities`, "m"));
});

test("a reader that has seen enough ends the scan quietly", async () => {
  const tenant = await mock({ backlog: 20_000, pageCeiling: 500 });
  const dir = folder();
  const argv = scanOf([...direct(tenant, dir), "--since", "2d"]);
  const command = ["/bin/bash", "-c", 'set -o pipefail; "$@" | head -n 2 > /dev/null', "bash", ...argv, ...FAST];
  const running = start(command, { name: "cli-scan" });
  onTestFinished(async () => void (await running.kill9()));
  expect(await running.exited).toEqual({ code: 0, signal: null });
  expect(running.log()).toMatch(/^scan ended by its reader/);
  expect(tenant.stats().requests).toBeLessThan(20);
});

test("a reader that stands still does not keep a stop from being heard", async () => {
  const tenant = await mock({ backlog: 20_000, pageCeiling: 500 });
  const dir = folder();
  const argv = scanOf([...direct(tenant, dir), "--since", "2d"]);
  // The reader takes nothing until the scan is gone; its process id comes first.
  const script =
    '{ echo $BASHPID >&2; exec "$@"; } | { while kill -0 $(head -1 "$LOG") 2>/dev/null; do sleep 0.1; done; }';
  const logFile = join(dir, "log");
  const running = start(["/bin/bash", "-c", script, "bash", ...argv, ...FAST], {
    name: "cli-scan",
    logFile,
    env: { LOG: logFile },
  });
  onTestFinished(async () => void (await running.kill9()));
  await eventually(() => tenant.stats().requests >= 2, 30_000, "the first page");
  const pid = Number(running.log().split("\n")[0]);
  // The first stop waits for a line to be finished, which here never is; the second does not.
  await eventually(() => isGoneBy(pid, "SIGINT"), 10_000, "the scan to end");
  await running.exited;
});

function isGoneBy(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return false;
  } catch {
    return true;
  }
}
