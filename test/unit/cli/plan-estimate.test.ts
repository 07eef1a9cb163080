import { expect, test } from "vitest";
import { estimateTenant, rateOf, type ScanBasis } from "../../../src/cli/plan-estimate.ts";
import { planReport } from "../../../src/cli/plan-report.ts";
import { simConfig } from "../../fakes/sim-connector.ts";
import { HOUR_MS, MINUTE_MS, NOW_MS, Scene, saved } from "../connector/scene.ts";

const LOAD = { pageSize: 10, pollIntervalMs: 10_000, agesMs: [2 * MINUTE_MS] };

const basis = (changes: Partial<ScanBasis> = {}): ScanBasis => ({
  scan: "contoso-all",
  rate: { perSecond: 0.1, from: "given", hours: 0 },
  load: LOAD,
  ledgers: [],
  behindMs: 0,
  jobRequests: 0,
  backfill: null,
  ...changes,
});

const estimate = (requestsPerMinute: number, ...bases: readonly ScanBasis[]) =>
  estimateTenant({ tenant: "contoso", requestsPerMinute }, bases);

test("a backfill beside readers that go on is done when it is said to be, a quarter sooner or a tenth later", async () => {
  const [perSecond, hours, budget] = [0.1, 6, 20];
  const lengthMs = hours * HOUR_MS;
  const count = (lengthMs + 2 * HOUR_MS) / (1_000 / perSecond);
  const activities = Array.from({ length: count }, (_, at) =>
    saved(`a${at}`, NOW_MS - lengthMs + (at * 1_000) / perSecond),
  );
  const scene = new Scene({ activities, pageCeiling: LOAD.pageSize });
  const { pollIntervalMs, agesMs } = LOAD;
  const catchUp = { afterMs: 15 * MINUTE_MS, order: "newest-first" as const };
  const start = { kind: "age" as const, ageMs: lengthMs };
  const scan = { cursorField: "created" as const, start, catchUp, pollIntervalMs, lookbacksMs: [...agesMs] };
  scene.config = simConfig(scan, budget);
  scene.start();
  const isDone = () => scene.published.length > 0 && scene.of("cursor_moved").at(-1)?.jobs.length === 0;
  await scene.clock.runUntil(isDone, 50_000);
  const took = (scene.clock.nowMs() - NOW_MS) / MINUTE_MS;
  const { minutes } = estimate(budget, basis({ backfill: { fromMs: NOW_MS - lengthMs, untilMs: NOW_MS } }));
  expect(took / (minutes ?? 0)).toBeGreaterThan(0.75);
  expect(took / (minutes ?? 0)).toBeLessThan(1.1);
});

test("the scans of a tenant share its pace, and each keeps up with what the others leave", () => {
  const alone = estimate(30, basis());
  const both = estimate(30, basis(), basis({ scan: "contoso-other" }));
  expect(both.needs).toBeCloseTo(2 * alone.needs);
  expect(both.free).toBeCloseTo(29 - 2 * alone.needs);
  expect(both.scans[0]?.keepsUpTo).toBeLessThan(alone.scans[0]?.keepsUpTo ?? 0);
});

test("where nothing is left nothing is ever caught up with; where nothing is to be done it is done", () => {
  const busy = basis({ rate: { perSecond: 9, from: "given", hours: 0 }, behindMs: HOUR_MS });
  const overloaded = estimate(20, busy);
  expect(overloaded.free).toBeLessThan(0);
  expect(overloaded.minutes).toBeNull();
  const lines = planReport([overloaded], NOW_MS).join("\n");
  expect(lines).toMatch(/that is more than there is: fewer lookbacks/);
  expect(lines).toMatch(/will never be done/);
  expect(estimate(20, basis())).toMatchObject({ work: 0, minutes: 0 });
});

test("what is behind, what jobs have left and a backfill are one work, done at an instant", () => {
  const backfill = { fromMs: NOW_MS - 24 * HOUR_MS, untilMs: NOW_MS };
  const all = estimate(30, basis({ behindMs: 2 * HOUR_MS, jobRequests: 7, backfill }));
  const [scan] = all.scans;
  expect(all.work).toBe((scan?.behindRequests ?? 0) + 7 + (scan?.backfill?.requests ?? 0));
  expect(scan?.backfill).toMatchObject({ days: 1, activities: 8_640 });
  expect(all.minutes).toBeCloseTo(all.work / all.free);
  const lines = planReport([all], NOW_MS);
  expect(lines.slice(0, 3)).toEqual([
    "TENANT   SCAN         READER       REQUESTS A MINUTE",
    "contoso  contoso-all  tail         6.0",
    "contoso  contoso-all  lookback 2m  2.0",
  ]);
  const doneAt = new Date(NOW_MS + (all.minutes ?? 0) * MINUTE_MS).toISOString();
  expect(lines.at(-1)).toContain(`caught up at ${doneAt}`);
});

const ledger = (hoursAgo: number, published: number) => {
  return { sliceMs: NOW_MS - hoursAgo * HOUR_MS, published, deadLettered: 0, remembered: true };
};

test("the rate is the mean of the ledgers of the last day, from where the scan began", () => {
  const ledgers = [ledger(40, 9_999_999), ledger(2, 3_600), ledger(1, 7_200)];
  const of = (beganMs: number | null, positionMs: number | null) => rateOf(ledgers, { beganMs, positionMs });
  expect(of(null, NOW_MS)).toEqual({ perSecond: 1.5, from: "ledger", hours: 2 });
  expect(of(NOW_MS - 1.5 * HOUR_MS, NOW_MS)).toEqual({ perSecond: 2, from: "ledger", hours: 1.5 });
  expect(of(null, null)).toMatchObject({ from: "unknown", perSecond: 0 });
  expect(rateOf([], { beganMs: null, positionMs: NOW_MS })).toMatchObject({ from: "unknown" });
});
