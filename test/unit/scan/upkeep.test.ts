import { expect, test } from "vitest";
import { ceilingPerSecond, jobRequests, type Load, upkeepOf } from "../../../src/scan/upkeep.ts";
import { simConfig } from "../../fakes/sim-connector.ts";
import { HOUR_MS, MINUTE_MS, NOW_MS, Scene, saved } from "../connector/scene.ts";

/** Activities of so many a second, evenly, between two moments from `NOW_MS`. */
function stream(perSecond: number, fromMs: number, untilMs: number) {
  const stepMs = 1_000 / perSecond;
  const count = Math.floor((untilMs - fromMs) / stepMs);
  return Array.from({ length: count }, (_, at) => saved(`a${fromMs}-${at}`, NOW_MS + Math.floor(fromMs + at * stepMs)));
}

const TWO_AGES = [2 * MINUTE_MS, 10 * MINUTE_MS];
const load = (changes: Partial<Load>): Load => ({
  perSecond: 0.2,
  pageSize: 10,
  pollIntervalMs: 10_000,
  agesMs: TWO_AGES,
  ...changes,
});

/** What the connector asks in a minute, once it is caught up and its ages have been reached. */
async function measured(basis: Load, requestsPerMinute: number): Promise<number> {
  const { perSecond, pageSize, pollIntervalMs, agesMs } = basis;
  const [warmMs, spanMs] = [14 * MINUTE_MS, 20 * MINUTE_MS];
  const scene = new Scene({ activities: stream(perSecond, 0, warmMs + spanMs), pageCeiling: pageSize });
  const scan = { cursorField: "created" as const, start: { kind: "now" as const }, pollIntervalMs };
  scene.config = simConfig({ ...scan, lookbacksMs: [...agesMs] }, requestsPerMinute);
  scene.start();
  await scene.pass(warmMs);
  const before = scene.tenant.arrivalsMs.length;
  await scene.pass(spanMs);
  return (scene.tenant.arrivalsMs.length - before) / (spanMs / MINUTE_MS);
}

test.each<[string, Partial<Load>, number]>([
  ["polls that hold little", { perSecond: 0.1 }, 60],
  ["polls of several pages", { perSecond: 0.8 }, 60],
  ["no lookbacks", { perSecond: 0.4, agesMs: [] }, 60],
  ["three ages", { agesMs: [60_000, ...TWO_AGES] }, 60],
  ["polls every two seconds", { pollIntervalMs: 2_000 }, 120],
  ["a budget that is just enough", { perSecond: 0.6 }, 24],
  ["half a budget", {}, 20],
])("the connector asks what its readers are said to need, within 15 %: %s", async (_, changes, budget) => {
  const basis = load(changes);
  const { perMinute } = upkeepOf(basis, budget - 1);
  expect(perMinute).toBeLessThan(budget - 1);
  const share = (await measured(basis, budget)) / perMinute;
  expect(share).toBeGreaterThan(0.85);
  expect(share).toBeLessThan(1.15);
});

test.each<[string, number, number]>([
  ["so few that spans grow", 0.0003, 96],
  ["few activities in an hour", 0.002, 48],
  ["just a page in an hour", 0.0028, 48],
  ["many pages in an hour", 0.1, 12],
])("a backfill asks a tenth more than is said at most, and a third less: %s", async (_, perSecond, hours) => {
  const lengthMs = hours * HOUR_MS;
  const { pageSize } = load({});
  const scene = new Scene({ activities: stream(perSecond, -lengthMs, 0), pageCeiling: pageSize });
  const catchUp = { afterMs: 15 * MINUTE_MS, order: "newest-first" as const };
  const start = { kind: "age" as const, ageMs: lengthMs };
  const scan = { cursorField: "created" as const, start, catchUp, lookbacksMs: [], pollIntervalMs: HOUR_MS };
  scene.config = simConfig(scan, 60);
  scene.start();
  const isDone = () => scene.published.length > 0 && scene.of("cursor_moved").at(-1)?.jobs.length === 0;
  await scene.clock.runUntil(isDone, 50_000);
  const said = jobRequests({ perSecond, pageSize }, lengthMs);
  // One to begin with, and the tail's own polls.
  const asked = scene.tenant.arrivalsMs.length - 2;
  expect(asked).toBeGreaterThan((2 / 3) * said);
  expect(asked).toBeLessThanOrEqual(1.1 * said);
});

test("readers keep up until as many activities as their budget bears, and no more", () => {
  const { perSecond: _, ...readers } = load({ pageSize: 500 });
  const most = ceilingPerSecond(readers, 19);
  expect(upkeepOf({ ...readers, perSecond: most }, 19).perMinute).toBeLessThanOrEqual(19);
  expect(upkeepOf({ ...readers, perSecond: most * 1.2 }, 19).perMinute).toBeGreaterThan(19);
});

test("pages that hold more cost less, and nothing costs a poll and a request for each step", () => {
  const of = (pageSize: number) => upkeepOf(load({ perSecond: 40, pageSize }), 29).perMinute;
  expect(of(5_000)).toBeLessThan(of(500));
  const { tail, lookbacks } = upkeepOf(load({ perSecond: 0 }), 29);
  expect({ tail, lookbacks }).toEqual({
    tail: 6,
    lookbacks: [
      { ageMs: 2 * MINUTE_MS, perMinute: 2 },
      { ageMs: 10 * MINUTE_MS, perMinute: 0.4 },
    ],
  });
});
