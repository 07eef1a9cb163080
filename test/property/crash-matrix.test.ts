import { expect, test } from "vitest";
import { SESSION_MS } from "../fakes/memory-group.ts";
import { MemoryCluster, STEPS } from "../fakes/memory-kafka.ts";
import { publishedIds, SIM_CURSORS, type SimProcess, simConfig, startSim } from "../fakes/sim-connector.ts";
import { type SimActivity, SimTenant } from "../fakes/sim-tenant.ts";
import { VirtualClock } from "../fakes/virtual-clock.ts";

const START_MS = Date.UTC(2026, 10, 23, 9, 0, 0);
const POINTS = [...STEPS, "tenant.request", "tenant.answer"] as const;
type Point = (typeof POINTS)[number];

/** Backlog with ties and edges of slices, and activities that come while the connector runs. */
function activities(): SimActivity[] {
  const list: SimActivity[] = [];
  const add = (createdMs: number, visibleMs: number) => {
    const id = `a${list.length}`;
    list.push({ id, createdMs, dateMs: createdMs - 120_000, visibleMs });
  };
  for (let at = 0; at < 60; at++) add(START_MS - 7_200_000 + Math.floor(at / 3) * 300_000, 0);
  for (let at = 0; at < 24; at++) {
    const createdMs = START_MS + 5_000 + at * 2_500;
    // Out of order within the overlap.
    add(createdMs, createdMs + (at % 3) * 1_400);
  }
  return list;
}

interface Run {
  readonly cluster: MemoryCluster;
  readonly truth: readonly SimActivity[];
  /** Steps passed by the first process, by name. */
  readonly passed: Map<Point, number>;
}

/**
 * Runs a connector until it passes `point` for the `nth` time, where it dies or its step fails; then another
 * one until all is quiet.
 */
async function runWith(point: Point, nth: number, harm: "kill" | "fail"): Promise<Run> {
  const clock = new VirtualClock(START_MS);
  const cluster = new MemoryCluster(SIM_CURSORS);
  const passed = new Map<Point, number>();
  const live: { process: SimProcess | null; harmed: boolean } = { process: null, harmed: false };
  const step = async (name: Point): Promise<void> => {
    passed.set(name, (passed.get(name) ?? 0) + 1);
    if (live.harmed || name !== point || passed.get(name) !== nth) return;
    live.harmed = true;
    if (harm === "fail") throw new Error(`planned failure at ${name}`);
    live.process?.kill();
    clock.forget();
    await new Promise<never>(() => {});
  };
  const tenantFault = (name: "tenant.request" | "tenant.answer") => (harm === "kill" ? step(name) : Promise.resolve());
  const tenant = new SimTenant({ clock, pageCeiling: 7, step: tenantFault });
  const truth = activities();
  tenant.activities.push(...truth);
  live.process = startSim({ cluster, tenant, clock, step });
  const quietMs = START_MS + 240_000;
  await clock.runUntil(() => clock.nowMs() > quietMs || (live.harmed && harm === "kill"), 20_000);
  if (harm === "kill" && live.harmed) {
    live.process = startSim({ cluster, tenant, clock });
    await clock.runUntil(() => clock.nowMs() > quietMs, 20_000);
  }
  live.process.stop();
  clock.forget();
  return { cluster, truth, passed };
}

function expectExactlyOnce({ cluster, truth }: Run): void {
  const published = publishedIds(cluster);
  expect(new Set(published)).toEqual(new Set(truth.map((activity) => activity.id)));
  expect(published).toHaveLength(truth.length);
}

test("an undisturbed run publishes everything once and passes every step", async () => {
  const run = await runWith("state.read", 1, "fail");
  expectExactlyOnce(run);
  for (const point of POINTS.filter((name) => name !== "state.read" && !name.startsWith("tenant"))) {
    expect(run.passed.get(point) ?? 0, point).toBeGreaterThan(0);
  }
});

for (const point of POINTS.filter((name) => name !== "state.read")) {
  test(`a process that dies at ${point}, whichever time, loses and repeats nothing`, async () => {
    const often = point.startsWith("commit") || point.startsWith("tenant");
    for (let nth = 1; nth <= (often ? 20 : 1); nth++) expectExactlyOnce(await runWith(point, nth, "kill"));
  });
}

for (const point of STEPS.filter((name) => name !== "state.read")) {
  test(`brokers that fail at ${point}, whichever time, make the connector lose and repeat nothing`, async () => {
    for (let nth = 1; nth <= (point.startsWith("commit") ? 20 : 1); nth++) {
      expectExactlyOnce(await runWith(point, nth, "fail"));
    }
  });
}

test("a replica that comes back after another took over asks nothing, goes on in the group and repeats nothing", async () => {
  const clock = new VirtualClock(START_MS);
  const cluster = new MemoryCluster(SIM_CURSORS);
  const tenant = new SimTenant({ clock, pageCeiling: 7 });
  const truth = activities();
  tenant.activities.push(...truth);
  const first = startSim({ cluster, tenant, clock }, simConfig({}, 60));
  await clock.runUntil(() => publishedIds(cluster).length >= 14, 20_000);
  first.fallSilent();
  const silentMs = clock.nowMs();
  const second = startSim({ cluster, tenant, clock }, simConfig({}, 60));
  await clock.runUntil(() => second.events.some(({ type }) => type === "page_published"), 20_000);
  const asked = () => first.events.filter(({ type }) => type === "request_answered").length;
  const before = asked();
  first.wake();
  await clock.runUntil(() => clock.nowMs() > START_MS + 240_000, 20_000);
  for (const process of [first, second]) process.stop();
  expect(clock.nowMs() - silentMs).toBeGreaterThan(SESSION_MS);
  expect(asked()).toBe(before);
  expect(first.events.filter(({ type }) => type === "shard_released")).toHaveLength(1);
  expectExactlyOnce({ cluster, truth, passed: new Map() });
});
