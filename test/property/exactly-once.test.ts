import fc from "fast-check";
import { expect, test } from "vitest";
import { OVERLAP_MS } from "../../src/scan/tail.ts";
import type { Verdict } from "../../src/tenant/answer.ts";
import type { PageRequest } from "../../src/tenant/request.ts";
import { MemoryCluster, STEPS } from "../fakes/memory-kafka.ts";
import { publishedIds, SIM_CURSORS, simConfig, startSim } from "../fakes/sim-connector.ts";
import { type SimActivity, type SimOptions, SimTenant } from "../fakes/sim-tenant.ts";
import { VirtualClock } from "../fakes/virtual-clock.ts";
import { CommittedState } from "../simulation/committed-state.ts";
import { propertyRuns } from "./runs.ts";

const START_MS = Date.UTC(2026, 10, 23, 9, 0, 0);
const HOUR_MS = 3_600_000;
const REQUESTS_PER_MINUTE = 240;

/** Saved around the seams: slice edges, span ends, the overlap, one another. */
const savedMs = fc
  .tuple(fc.integer({ min: -24, max: 0 }), fc.constantFrom(-1, 0, 1, 250, OVERLAP_MS, 1_800_000))
  .map(([hour, offset]) => START_MS + hour * HOUR_MS + offset);

const backlog = fc.array(savedMs, { minLength: 0, maxLength: 40 });
/** Saved while the connector runs; shown later than saved by less than the overlap. */
const live = fc.array(fc.tuple(fc.integer({ min: 1, max: 120_000 }), fc.integer({ min: 0, max: OVERLAP_MS - 1_500 })), {
  maxLength: 30,
});

const FAULTS: readonly Verdict[] = [
  { kind: "retry", reason: "502" },
  { kind: "retry", reason: "connection reset in mid-body" },
  { kind: "throttled", waitMs: 7_000, hint: "header" },
  { kind: "throttled", waitMs: 60_000, hint: "none" },
  { kind: "contract", reason: "HTML with status 200" },
  { kind: "unauthorized", reason: "401" },
  { kind: "rejected", reason: "400" },
  { kind: "too_large", reason: "page memory" },
  { kind: "page", hasNext: false, nextFilters: null, total: 3, activities: 0 },
];

const REFUSED: Verdict = { kind: "rejected", reason: "400" };

const scenario = fc.record({
  backlog,
  /** How far below the edge of two slices the scan begins; no activity happened before. */
  beginsBelowMs: fc.constantFrom(1_500, 2_000, OVERLAP_MS, 1_800_000),
  live,
  pageCeiling: fc.integer({ min: 3, max: 12 }),
  next: fc.constantFrom("echo", "boundary", "opaque", "date", "other") as fc.Arbitrary<NonNullable<SimOptions["next"]>>,
  descending: fc.boolean(),
  ignoreCreated: fc.boolean(),
  emptyAtInstant: fc.constantFrom(false, true, "again") as fc.Arbitrary<boolean | "again">,
  /** Requests for opaque next filters that are refused, whatever else is asked. */
  refusesNext: fc.boolean(),
  faults: fc.dictionary(fc.integer({ min: 1, max: 30 }).map(String), fc.constantFrom(...FAULTS), { maxKeys: 5 }),
  kills: fc.array(
    fc.tuple(fc.constantFrom(...STEPS, "tenant.request", "tenant.answer"), fc.integer({ min: 1, max: 12 })),
    {
      maxLength: 3,
    },
  ),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

/** At most as many on one instant as a page can pass: more is a stall, which opens a gap and has its own test. */
function activitiesOf({ backlog, live, pageCeiling, emptyAtInstant }: Scenario): SimActivity[] {
  // A tenant that shows nothing at an instant cannot be read at all where the next lies a millisecond beside it.
  const grain = emptyAtInstant !== false ? 4 : 1;
  const placed = (atMs: number) => Math.ceil(atMs / grain) * grain;
  const perInstant = new Map<number, number>();
  const fits = (atMs: number) => {
    const count = (perInstant.get(atMs) ?? 0) + 1;
    perInstant.set(atMs, count);
    return count < pageCeiling;
  };
  const saved = [
    ...backlog.map((atMs) => ({ createdMs: placed(atMs), visibleMs: 0 })),
    ...live.map(([afterMs, hiddenMs]) => {
      const createdMs = placed(START_MS + afterMs);
      return { createdMs, visibleMs: createdMs + hiddenMs };
    }),
  ];
  // Happened and saved in the same order, so that either field can be the cursor field.
  return saved
    .filter(({ createdMs }) => fits(createdMs))
    .map((activity, at) => ({ ...activity, id: `a${at}`, dateMs: activity.createdMs - 1_000 + (at % 2) * grain }));
}

async function play(scene: Scenario): Promise<{ cluster: MemoryCluster; tenant: SimTenant; truth: SimActivity[] }> {
  const clock = new VirtualClock(START_MS);
  const cluster = new MemoryCluster(SIM_CURSORS);
  const passed = new Map<string, number>();
  const life = { kills: [...scene.kills], dead: false, kill: () => {} };
  const step = async (name: string): Promise<void> => {
    passed.set(name, (passed.get(name) ?? 0) + 1);
    const at = life.kills.findIndex(([point, nth]) => point === name && nth === passed.get(name));
    if (at < 0) return;
    life.kills.splice(at, 1);
    life.dead = true;
    life.kill();
    clock.forget();
    await new Promise<never>(() => {});
  };
  const truth = activitiesOf(scene);
  const tenantOf = () => {
    const { pageCeiling, next, descending, ignoreCreated, emptyAtInstant, refusesNext } = scene;
    const fault = (request: PageRequest, number: number) =>
      refusesNext && request.filters.includes('"cursor"') ? REFUSED : (scene.faults[String(number)] ?? null);
    return new SimTenant({ clock, pageCeiling, next, descending, ignoreCreated, emptyAtInstant, fault, step });
  };
  const tenant = tenantOf();
  tenant.activities.push(...truth);
  const beginMs = START_MS - 24 * HOUR_MS - scene.beginsBelowMs;
  const config = simConfig({ pollIntervalMs: 2_000, start: { kind: "instant", atMs: beginMs } }, REQUESTS_PER_MINUTE);
  const endMs = START_MS + 900_000;
  for (let lives = 0; ; lives++) {
    if (lives > 4) throw new Error("more lives than kills");
    life.dead = false;
    const process = startSim({ cluster, tenant, clock, step }, config);
    life.kill = () => process.kill();
    await clock.runUntil(() => life.dead || clock.nowMs() > endMs, 40_000);
    if (life.dead) continue;
    process.stop();
    clock.forget();
    return { cluster, tenant, truth };
  }
}

function busiestMinute(arrivalsMs: readonly number[]): number {
  let from = 0;
  let most = 0;
  for (let until = 0; until < arrivalsMs.length; until++) {
    while ((arrivalsMs[until] ?? 0) - (arrivalsMs[from] ?? 0) > 60_000) from += 1;
    most = Math.max(most, until - from + 1);
  }
  return most;
}

/** What is missing of the truth and in no open gap: a tail that was shown nothing against the total, twice, opens one. */
function lostOf(cluster: MemoryCluster, truth: readonly SimActivity[], scene: Scenario): SimActivity[] {
  const published = new Set(publishedIds(cluster));
  const missing = truth.filter((activity) => !published.has(activity.id));
  const contradictsItself = Object.values(scene.faults).some((verdict) => verdict.kind === "page");
  if (!contradictsItself) return missing;
  const state = new CommittedState();
  for (let shard = 0; shard < SIM_CURSORS.partitions; shard++) {
    for (const [key, value] of cluster.committedState(shard)) state.apply(key, value.toString());
  }
  return missing.filter(
    ({ createdMs, dateMs }) => !state.isOpen(state.cursor?.cursorField === "date" ? dateMs : createdMs),
  );
}

test("whatever the tenant does and whoever is killed when, each activity is published once, within the budget", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (scene) => {
      const { cluster, tenant, truth } = await play(scene);
      const published = publishedIds(cluster);
      expect(published).toHaveLength(new Set(published).size);
      const known = new Set(truth.map((activity) => activity.id));
      expect(published.filter((id) => !known.has(id))).toEqual([]);
      expect(lostOf(cluster, truth, scene)).toEqual([]);
      expect(busiestMinute(tenant.arrivalsMs)).toBeLessThanOrEqual(REQUESTS_PER_MINUTE);
    }),
    propertyRuns(150),
  );
}, 900_000);
