import { expect, test } from "vitest";
import type { ScanConfig } from "../../../src/config/config.ts";
import { encodeCursor } from "../../../src/scan/cursor.ts";
import { cursorKey } from "../../../src/scan/ledger.ts";
import type { Step } from "../../fakes/memory-kafka.ts";
import { SIM_CURSORS, SIM_TOPIC, simConfig, startSim } from "../../fakes/sim-connector.ts";
import { SimTenant } from "../../fakes/sim-tenant.ts";
import { backlog, idsOf, MINUTE_MS, NOW_MS, page, Scene, saved, sorted } from "./scene.ts";

const stateOf = (events: Scene, scan: string) =>
  events
    .of("scan_state")
    .filter((event) => event.scan === scan)
    .at(-1);

/** The scene with a second scan of the same tenant, into its own topic's records. */
function withSecondScan(scene: Scene, more: Partial<ScanConfig> = {}): Scene {
  const [first] = scene.config.scans;
  scene.config = { ...scene.config, scans: [first!, { ...first!, name: "second", topic: SIM_TOPIC, ...more }] };
  return scene;
}

/** Writes into a shard as its owner would. */
async function write(scene: Scene, key: string, value: string): Promise<void> {
  const { port } = scene.cluster.process();
  const log = port.shard(port.shardOf("contoso"));
  const { signal } = new AbortController();
  await log.open(signal);
  await log.commit({ state: [{ key, value }], records: [] }, signal);
}

test.each<[string, (record: string) => string, Partial<ScanConfig>, string]>([
  ["of another tenant", (record) => record.replace('"contoso"', '"fabrikam"'), {}, "cursor_foreign"],
  ["that is garbage", () => "garbage", {}, "cursor_corrupt"],
  ["of a newer version", (record) => record.replace('"version":1', '"version":3'), {}, "cursor_newer"],
  ["of other filters", (record) => record, { filters: { service: { eq: [1] } } }, "cursor_foreign"],
  ["along the other time", (record) => record, { cursorField: "date" }, "cursor_foreign"],
])("a scan with a cursor %s is blocked, says so and is left as it is; others go on", async (_, change, more, code) => {
  const scene = new Scene({ activities: backlog(3) });
  scene.start();
  await scene.pass(MINUTE_MS);
  const record = change(encodeCursor(scene.cursor()));
  await write(scene, cursorKey("contoso-all"), record);
  const [first] = scene.config.scans;
  scene.config = {
    ...scene.config,
    scans: [
      { ...first!, ...more },
      { ...first!, name: "second" },
    ],
  };
  scene.restart();
  await scene.pass(MINUTE_MS);
  expect(stateOf(scene, "contoso-all")).toMatchObject({ state: "blocked", code });
  expect(stateOf(scene, "second")?.state).toBe("idle");
  expect(scene.published).toHaveLength(6);
  const shard = scene.cluster.committedState(scene.cluster.process().port.shardOf("contoso"));
  expect(shard.get(cursorKey("contoso-all"))?.toString()).toBe(record);
});

test("a tenant whose every scan is blocked is not asked", async () => {
  const scene = new Scene({ activities: backlog(3) });
  scene.cluster.createTopic(SIM_CURSORS.name, SIM_CURSORS.partitions, "cursors");
  await write(scene, cursorKey("contoso-all"), "garbage");
  scene.start();
  await scene.pass(5 * MINUTE_MS);
  expect(scene.tenant.arrivalsMs).toEqual([]);
  expect(stateOf(scene, "contoso-all")).toMatchObject({ state: "blocked", code: "cursor_corrupt" });
});

test("scans of one tenant take turns, and each publishes everything into its own cursor", async () => {
  const activities = backlog(40);
  const scene = withSecondScan(new Scene({ activities, pageCeiling: 5 }));
  scene.start();
  await scene.pass(5 * MINUTE_MS);
  for (const scan of ["contoso-all", "second"]) expect(scene.cursor(scan).counts.published).toBe(40);
  const turns = scene.of("request_answered").map((event) => event.scan);
  const longest = turns.join(" ").match(/(contoso-all ?){5,}|(second ?){5,}/);
  expect(longest).toBeNull();
});

/** What a process that was told to stop ended with, and how long that took. */
async function stopped(scene: Scene, process: { stop(): void; ended: Promise<unknown> }) {
  const fromMs = scene.clock.nowMs();
  const end: { reason: unknown } = { reason: null };
  void process.ended.then((reason) => {
    end.reason = reason;
  });
  process.stop();
  // Virtual time stands still unless somebody waits for it: nobody may have to.
  const keeper = new AbortController();
  void scene.clock.sleep(60_000, keeper.signal).catch(() => undefined);
  await scene.clock.runUntil(() => end.reason !== null, 1_000);
  keeper.abort(new Error("done"));
  return { reason: end.reason, tookMs: scene.clock.nowMs() - fromMs };
}

test("a stop while all is quiet ends at once with its own reason", async () => {
  const scene = new Scene();
  const process = scene.start();
  await scene.pass(MINUTE_MS);
  expect(await stopped(scene, process)).toMatchObject({ reason: new Error("stopped"), tookMs: 0 });
  expect(scene.of("connector_stopping")).toEqual([{ type: "connector_stopping", reason: "stopped", failed: false }]);
  expect(scene.of("shard_released")).toHaveLength(1);
});

test.each([
  ["finishes within its grace", 2_000, 9],
  ["is aborted after its grace", 3_000, 0],
])(
  "a transaction in flight at a stop %s, nothing hangs, and the next process goes on",
  async (_, slowMs, committed) => {
    const activities = backlog(9);
    const scene = new Scene({ activities, scan: { cursorField: "created", start: { kind: "age", ageMs: 600_000 } } });
    let ends = 0;
    // The first transaction begins the scan, the second is its first page.
    const process = scene.start(async (step) => {
      if (step === "commit.end" && ++ends === 2) await scene.clock.sleep(slowMs, new AbortController().signal);
    });
    await scene.clock.runUntil(() => ends === 2, 5_000);
    const { reason, tookMs } = await stopped(scene, process);
    expect(reason).toEqual(new Error("stopped"));
    expect(scene.published).toHaveLength(committed);
    expect(tookMs).toBe(slowMs);
    scene.start();
    await scene.pass(5 * MINUTE_MS);
    expect(sorted(scene.published)).toEqual(idsOf(activities));
  },
);

/** Two tenants whose state lives in one shard. */
function sameShard(cluster: Scene["cluster"]): string[] {
  const { port } = cluster.process();
  const names = Array.from({ length: 20 }, (_, at) => `tenant${at}`);
  return names.filter((name) => port.shardOf(name) === port.shardOf("tenant0")).slice(0, 3);
}

function configOf(tenants: readonly string[], scan: Partial<ScanConfig> = {}) {
  const config = simConfig(scan);
  const [tenant, first] = [config.tenants[0]!, config.scans[0]!];
  return {
    ...config,
    tenants: tenants.map((name) => ({ ...tenant, name, apiUrl: `http://${name}` })),
    scans: tenants.map((name) => ({ ...first, name: `${name}-all`, tenant: name, key: "id" as const })),
  };
}

/** Tenants of which all but the last answer the first request, and no other for an hour. */
function hanging(clock: Scene["clock"], tenants: readonly string[]): Map<string, SimTenant> {
  const hang = () => {
    let steps = 0;
    return async () => {
      if (++steps > 2) await clock.sleep(3_600_000, new AbortController().signal);
    };
  };
  const isLast = (name: string) => name === tenants.at(-1);
  const open = (name: string) => new SimTenant({ clock, pageCeiling: 5, ...(isLast(name) ? {} : { step: hang() }) });
  return new Map(tenants.map((name) => [name, open(name)]));
}

test("tenants on one shard that hang, with pages as large as can be asked for, do not hold up another", async () => {
  const { clock, cluster } = new Scene();
  const tenants = sameShard(cluster);
  const sims = hanging(clock, tenants);
  for (const sim of sims.values()) sim.activities.push(...backlog(20));
  const config = configOf(tenants, { pageSize: 5_000, cursorField: "created" });
  const process = startSim({ cluster, tenant: (name) => sims.get(name)!, clock }, config);
  await clock.runUntil(() => clock.nowMs() > NOW_MS + 5 * MINUTE_MS, 20_000);
  process.stop();
  const published = cluster.committed(SIM_TOPIC);
  expect(tenants).toHaveLength(3);
  expect(published.map(({ headers }) => headers["tenant"])).toEqual(Array(20).fill(tenants[2]));
});

test("who does not answer holds no room for a page that is not there: a hundred do not hold up another", async () => {
  const { clock, cluster } = new Scene();
  const tenants = Array.from({ length: 100 }, (_, at) => `tenant${at}`);
  const sims = hanging(clock, tenants);
  for (let at = 1; at <= 20; at++) sims.get("tenant99")!.activities.push(saved(`new${at}`, NOW_MS + at * 10_000));
  const scan = { pageSize: 5_000, cursorField: "created" as const, start: { kind: "now" as const } };
  const process = startSim({ cluster, tenant: (name) => sims.get(name)!, clock }, configOf(tenants, scan));
  await clock.runUntil(() => clock.nowMs() > NOW_MS + 5 * MINUTE_MS, 50_000);
  process.stop();
  expect(cluster.committed(SIM_TOPIC)).toHaveLength(20);
});

test("pages of several tenants are committed in common, and whatever fails none is lost or repeated", async () => {
  const { clock, cluster } = new Scene();
  const tenants = sameShard(cluster);
  const sims = new Map(tenants.map((name) => [name, new SimTenant({ clock, pageCeiling: 3 })]));
  for (const sim of sims.values()) sim.activities.push(...backlog(40));
  let ends = 0;
  const step: Step = async (point) => {
    // Every fifth is refused, or committed and not known to be.
    if (point === "commit.end" && ++ends % 5 === 0) throw new Error("refused");
    if (point === "commit.ended" && ends % 5 === 3) throw new Error("no answer");
  };
  const parts = { cluster, tenant: (name: string) => sims.get(name)!, clock, step };
  const process = startSim(parts, configOf(tenants, { cursorField: "created" }));
  await clock.runUntil(() => clock.nowMs() > NOW_MS + 5 * MINUTE_MS, 50_000);
  process.stop();
  const ofEach = tenants.map((name) =>
    cluster
      .committed(SIM_TOPIC)
      .filter(({ headers }) => headers["tenant"] === name && headers["scan"] === `${name}-all`),
  );
  for (const records of ofEach) expect(sorted(records.map(({ key }) => String(key)))).toEqual(idsOf(backlog(40)));
  const pages = process.events.filter(({ type }) => type === "page_published").length;
  expect(ends).toBeLessThan(pages);
});

test("topics that are wrong are named with their remedies, and no tenant is asked", async () => {
  const scene = new Scene();
  scene.cluster.createTopic(SIM_CURSORS.name, 7, "uncompacted");
  const ended = await scene.start().ended;
  expect(ended).toMatchObject({ code: "topic_misconfigured", disposition: "fatal" });
  expect(String(ended)).toMatch(/7 partitions.*\n.*cleanup\.policy=compact/);
  expect(scene.tenant.arrivalsMs).toEqual([]);
});

test("what can pass by itself at the start is waited for, and said", async () => {
  const scene = new Scene({ activities: backlog(1) });
  scene.start(async (step) => {
    if (step === "topics.prepare" && scene.clock.nowMs() < NOW_MS + MINUTE_MS) throw new Error("connection refused");
  });
  await scene.pass(3 * MINUTE_MS);
  const stages = scene.of("stage").filter(({ subject }) => subject === "connector");
  expect(stages.map(({ stage }) => stage)).toContainEqual(expect.stringContaining("connection refused"));
  expect(stages.at(-1)?.stage).toBe("running");
  expect(scene.published).toEqual(["a0"]);
});

test("an activity that comes while a page is empty against its total is found by the next pass", async () => {
  let lie = true;
  const scene = new Scene({ fault: () => (lie ? page({ total: 2 }) : null), scan: { cursorField: "created" } });
  scene.start();
  await scene.pass(MINUTE_MS);
  scene.tenant.activities.push(saved("late", NOW_MS + MINUTE_MS));
  lie = false;
  await scene.pass(MINUTE_MS);
  expect(scene.published).toEqual(["late"]);
});
