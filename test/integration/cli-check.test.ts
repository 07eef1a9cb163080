import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import type { MockTenant } from "../../src/mock-tenant/start.ts";
import { encodeCursor, newCursor } from "../../src/scan/cursor.ts";
import { cursorKey } from "../../src/scan/ledger.ts";
import type { Broker } from "../real/broker.ts";
import { eventually, freePort, startConnector } from "../real/process.ts";
import type { Registry } from "../real/registry.ts";
import { statusOf } from "../real/stack.ts";
import { brokerFaults } from "./check-broker-faults.ts";
import { neededParts } from "./check-commands.ts";
import { failures, runHere } from "./check-here.ts";
import { registryFaults } from "./check-registry-faults.ts";
import { tenantFaults } from "./check-tenant-faults.ts";
import {
  configure,
  createTopic,
  doorOf,
  putEverywhere,
  run,
  type Surroundings,
  startSurroundings,
  topicsOf,
} from "./cli-setup.ts";

let around: Surroundings;
let broker: Broker;
let registry: Registry;
let tenant: MockTenant;

beforeAll(async () => {
  around = await startSurroundings({ tls: true, acls: true });
  ({ broker, registry, tenant } = around);
});

afterAll(() => around?.[Symbol.asyncDispose]());

afterEach(() => tenant.change({ down: false }));

const SCAN = "contoso-all";
const setUp = (edit?: (yaml: string) => string) => configure(around, edit);
const check = (config: string) => runHere("check", "-c", config);

test("all is well: a line each, exit 0, two requests at most, and nothing is left behind", async () => {
  const { config, topic } = setUp();
  const before = tenant.stats().requests;
  const { code, out } = await check(config);
  expect(code, out).toBe(0);
  const lines = out.trimEnd().split("\n");
  expect(lines.filter((line) => line.startsWith("ok"))).toHaveLength(11);
  expect(out).toMatch(
    /readers of contoso: at least 8\.0 of 6000 requests a minute: contoso-all 8\.0 \(lookbacks 2m, 24h\)/,
  );
  expect(lines.filter((line) => !/^(ok|warn) /.test(line))).toEqual([]);
  expect(tenant.stats().requests - before).toBeLessThanOrEqual(2);
  expect((await topicsOf(broker)).filter((name) => name.startsWith(topic))).toEqual([]);
  const subjects = (await (await fetch(`${registry.url}/subjects`)).json()) as string[];
  expect(subjects.filter((name) => name.startsWith(topic))).toEqual([]);
});

test("the findings as JSON say the same", async () => {
  const { code, out } = await runHere("check", "-c", setUp().config, "--output", "json");
  const found = JSON.parse(out) as { ok: boolean; findings: { state: string }[] };
  expect(code).toBe(0);
  expect(found.ok).toBe(true);
  expect(found.findings.length).toBeGreaterThan(8);
});

test("a wrong token is named with its remedy, and everything else is checked all the same", async () => {
  const { config, dir } = setUp();
  writeFileSync(join(dir, "token"), "wr0ng-t0ken");
  const { code, out } = await check(config);
  expect(code).toBe(1);
  expect(failures(out)).toEqual([expect.stringMatching(/tenant contoso, credentials: 401.* -> check the token/)]);
  expect(out).not.toContain("wr0ng-t0ken");
  expect(out).toMatch(/^ok {4}brokers/m);
});

test("a tenant that is down, and one that is not there", async () => {
  tenant.change({ down: "refuse" });
  expect(failures((await check(setUp().config)).out)).toEqual([expect.stringMatching(/address: 503.* -> .*try again/)]);
  const port = await freePort();
  const { out } = await check(setUp((yaml) => yaml.replace(tenant.url, `http://127.0.0.1:${port}`)).config);
  expect(failures(out)).toEqual([
    expect.stringMatching(/address: .*ECONNREFUSED.* -> .*check tenants\.contoso\.apiUrl/),
  ]);
});

test("a tenant that answers HTML", async () => {
  const portal = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Sign in</title>");
  });
  await new Promise<void>((resolve) => portal.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void portal.close());
  const url = `http://127.0.0.1:${(portal.address() as AddressInfo).port}`;
  const { code, out } = await check(setUp((yaml) => yaml.replace(tenant.url, url)).config);
  expect(code).toBe(1);
  expect(failures(out)).toEqual([expect.stringMatching(/address: 200 with HTML.* -> set apiUrl/)]);
});

test("brokers and a registry that refuse fail together, each with its remedy", async () => {
  const [one, other] = [await freePort(), await freePort()];
  const { code, out } = await check(
    setUp((yaml) =>
      yaml.replace(doorOf(broker), `127.0.0.1:${one}`).replace(/url: "http.*"/, `url: "http://127.0.0.1:${other}"`),
    ).config,
  );
  expect(code).toBe(1);
  expect(failures(out)).toEqual([
    expect.stringMatching(/brokers: kafka_unavailable.*ECONNREFUSED.* -> .*kafka\.brokers/),
    expect.stringMatching(/schema of check-\d+: registry_unavailable.* -> .*check schemaRegistry\.url/),
  ]);
  expect(out).toMatch(/^ok {4}tenant contoso, credentials/m);
});

test("a cursors topic that is not compacted, and partition counts that changed", async () => {
  const { config, topic } = setUp();
  await createTopic(broker, topic, 5, "delete");
  await createTopic(broker, `${topic}-cursors`, 4, "delete");
  const { code, out } = await check(config);
  expect(code).toBe(1);
  expect(failures(out)).toEqual([
    expect.stringMatching(/has 5 partitions, configured are 2.* -> set topics\.activities\.partitions to 5/),
    expect.stringMatching(
      /-cursors: has 4 partitions, configured are 3.* -> .*set topics\.cursors\.partitions back to 4/,
    ),
    expect.stringMatching(/-cursors: cleanup\.policy is "delete".* -> kafka-configs/),
  ]);
  const started = await run(["run", "-c", config]);
  expect(started.code).toBe(1);
  expect(started.out).toMatch(/topic_misconfigured/);
});

test("an incompatible schema that was registered before", async () => {
  const { config, topic } = setUp();
  const schema = JSON.stringify({ type: "record", name: "Activity", fields: [{ name: "_id", type: "long" }] });
  const answer = await fetch(`${registry.url}/subjects/${topic}-value/versions`, {
    method: "POST",
    headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
    body: JSON.stringify({ schema }),
  });
  expect(answer.status).toBe(200);
  const { code, out } = await check(config);
  expect(code).toBe(1);
  expect(failures(out)).toEqual([expect.stringMatching(/schema of check-\d+: schema_incompatible/)]);
});

test.each<[string, (yaml: string) => string, RegExp]>([
  ["a missing secret file", (yaml) => yaml.replace("file:token", "file:gone"), /auth\.token.*cannot read file .*gone/],
  ["an empty secret file", (yaml) => yaml.replace("file:token", "file:/dev/null"), /auth\.token.*\/dev\/null is empty/],
  [
    "an unknown key",
    (yaml) => yaml.replace("requestsPerMinute", "requestPerMinute"),
    /did you mean "requestsPerMinute"/,
  ],
  ["a wrong type", (yaml) => yaml.replace("6000", "many"), /requestsPerMinute.*found "many"; allowed/],
  [
    "a relative date filter",
    (yaml) => `${yaml}scans: { all: { tenant: contoso, filters: { date: { gte_ndays: 1 } }, cursorField: created } }\n`,
    /scans\.all\.filters\.date\.gte_ndays.*use "start"/,
  ],
])("%s is a configuration error: exit 2, and nobody is asked", async (_, edit, message) => {
  const before = tenant.stats().requests;
  const { config } = setUp(edit);
  const { code, out } = await check(config);
  expect(code).toBe(2);
  expect(failures(out)).toEqual([expect.stringMatching(message)]);
  expect(tenant.stats().requests).toBe(before);
});

tenantFaults(() => around);
brokerFaults(() => around);
registryFaults(() => around);
neededParts(() => around);

test("all configuration errors come at once", async () => {
  const { config } = setUp((yaml) => `${yaml.replace("file:token", "file:gone").replace("6000", "x")}nonsense: 1\n`);
  expect(failures((await check(config)).out)).toHaveLength(3);
});

const filters = {};
const cursor = { ...newCursor("contoso", filters, Date.now() - 60_000), cursorField: "created" as const };

test.each<[string, string, string, RegExp]>([
  ["garbage", "\u0000garbage", "cursor_corrupt", /not JSON/],
  [
    "of another tenant",
    encodeCursor({ ...cursor, tenant: "fabrikam" }),
    "cursor_foreign",
    /belongs to tenant fabrikam/,
  ],
  ["of a newer version", JSON.stringify({ version: 99, tenant: "contoso" }), "cursor_newer", /version 99/],
])(
  "a cursor record that is %s is shown as such, and run blocks the scan and says so once",
  async (_, value, state, reason) => {
    const port = await freePort();
    const { config, topic } = setUp((yaml) => yaml.replace("port: 0", `port: ${port}`));
    await createTopic(broker, `${topic}-cursors`, 3, "compact");
    await putEverywhere(broker, `${topic}-cursors`, 3, { key: cursorKey(SCAN), value });

    const shown = await run(["cursor", "show", "-c", config]);
    expect(shown.code).toBe(1);
    expect(shown.out).toMatch(new RegExp(`${SCAN} .* ${state} `));
    expect(shown.out).toMatch(reason);

    const running = startConnector(["run", "-c", config], { name: "cli-run-blocked" });
    onTestFinished(async () => void (await running.kill9()));
    const blocked = await eventually(
      async () => (await statusOf(port))?.scans.find((scan) => scan.scan === SCAN && scan.state === "blocked"),
      60_000,
      "the scan to be blocked",
    );
    expect(blocked.reason).toMatch(reason);
    const asked = tenant.stats().requests;
    await running.stop();
    const errors = running
      .log()
      .split("\n")
      .filter((line) => reason.test(line));
    expect(errors).toHaveLength(1);
    expect(JSON.parse(errors[0]!)).toMatchObject({ level: "error" });
    expect(tenant.stats().requests).toBe(asked);
  },
);

test("cursor show tells where a running connector stands, without fencing it", async () => {
  const port = await freePort();
  // Older than anything in the backlog, however long the tests before this one take.
  const scans = `scans: { ${SCAN}: { tenant: contoso, start: 2d } }\n`;
  const { config } = setUp((yaml) => `${yaml.replace("port: 0", `port: ${port}`)}${scans}`);
  expect(await run(["cursor", "show", "-c", config])).toMatchObject({
    code: 1,
    out: expect.stringMatching(/has the connector run yet/),
  });

  const running = startConnector(["run", "-c", config], { name: "cli-run" });
  onTestFinished(async () => void (await running.kill9()));
  const published = async () => (await statusOf(port))?.scans[0]?.counts.published === 500;
  await eventually(published, 60_000, "all to be published");
  const { code, out } = await run(["cursor", "show", "-c", config, "--output", "json"]);
  expect(code, out).toBe(0);
  expect(JSON.parse(out)).toEqual([
    expect.objectContaining({
      scan: SCAN,
      state: "ok",
      cursor: expect.objectContaining({ cursorField: "created", counts: expect.objectContaining({ published: 500 }) }),
      slices: expect.objectContaining({ ids: 500, gaps: [] }),
    }),
  ]);
  const checks = await Promise.all([1, 2, 3].map(() => run(["check", "-c", config])));
  for (const { code: each, out: said } of checks) expect(each, said).toBe(0);
  expect(checks[0]?.out).toMatch(/^ok {4}state of contoso-all: stands at 20/m);
  tenant.add(10);
  await eventually(async () => (await statusOf(port))?.scans[0]?.counts.published === 510, 60_000, "it to go on");
  expect(running.log()).not.toMatch(/fenced/i);
  await running.stop();
  expect(await run(["cursor", "show", "-c", config, "--scan", "nope"])).toMatchObject({ code: 2 });
});
