import { expect, test } from "vitest";
import { idHash } from "../../../src/scan/digest.ts";
import { backlog, DAY_MS, HOUR_MS, idsOf, MINUTE_MS, NOW_MS, page, Scene, saved, sorted } from "./scene.ts";

const LOOKBACKS = { cursorField: "created" as const, lookbacksMs: [2 * MINUTE_MS, DAY_MS] };
const NEWEST = { afterMs: 15 * MINUTE_MS, order: "newest-first" as const };

/** One activity a minute from now on, each visible at once. */
const live = (count: number) =>
  Array.from({ length: count }, (_, at) => saved(`n${at}`, NOW_MS + (at + 1) * MINUTE_MS));

/** Whose pages published how much. */
function byReader(scene: Scene): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { reader, published } of scene.of("page_published")) {
    if (published > 0) sums[reader] = (sums[reader] ?? 0) + published;
  }
  return sums;
}

test("what becomes visible later than the overlap is found at the first age", async () => {
  const late = saved("late", NOW_MS + 10_000, { visibleMs: NOW_MS + 100_000 });
  const scene = new Scene({ activities: [...live(10), late], scan: LOOKBACKS });
  scene.start();
  await scene.pass(11 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf([...live(10), late]));
  expect(byReader(scene)).toEqual({ tail: 10, lookback_2m: 1 });
  expect(scene.of("page_published").find((event) => event.late > 0)).toMatchObject({ reader: "lookback_2m", late: 1 });
});

test("what becomes visible after hours is found at the last age, and tells the residual risk", async () => {
  const late = saved("late", NOW_MS + 10_000, { visibleMs: NOW_MS + 20 * HOUR_MS });
  const activities = [...live(60), late, saved("after", NOW_MS + DAY_MS + 2 * HOUR_MS)];
  const scene = new Scene({ activities, scan: { ...LOOKBACKS, pollIntervalMs: 60_000 } });
  scene.start();
  await scene.pass(DAY_MS + 3 * HOUR_MS);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
  expect(byReader(scene)).toEqual({ tail: 61, lookback_24h: 1 });
  const moved = scene.of("cursor_moved").at(-1);
  expect(moved?.residualRisk).toBeCloseTo(1 / 62);
  expect(moved?.lateness.map(({ age, found }) => [age, found])).toEqual([
    ["2m", 0],
    ["24h", 1],
  ]);
});

test("a slice whose last age has passed is settled: its ids are forgotten, its ledger stays", async () => {
  const activities = [...live(60), saved("after", NOW_MS + DAY_MS + 90 * MINUTE_MS)];
  const scene = new Scene({ activities, scan: { ...LOOKBACKS, pollIntervalMs: 60_000, start: { kind: "now" } } });
  scene.start();
  await scene.pass(23 * HOUR_MS);
  expect(scene.ledgers().get(NOW_MS)).toMatchObject({ remembered: true, settledMs: null, ids: 59 });
  await scene.pass(3 * HOUR_MS);
  expect(scene.ledgers().get(NOW_MS)).toMatchObject({ remembered: false, ids: 59, chunks: 0 });
  expect(scene.ledgers().get(NOW_MS)?.settledMs).toBeGreaterThan(NOW_MS + HOUR_MS + DAY_MS);
  expect(scene.of("cursor_moved").at(-1)?.settledUntilMs).toBeGreaterThan(NOW_MS);
});

test("on an idle tenant lookbacks cost nothing: the tail's own polls are old enough", async () => {
  const scene = new Scene({ scan: { ...LOOKBACKS, start: { kind: "now" } } });
  scene.start();
  await scene.pass(2 * HOUR_MS);
  expect(new Set(scene.tenant.requests.map((request) => request.sortDirection))).toEqual(new Set(["asc"]));
  expect(scene.tenant.requests.length).toBeLessThan(2 * 360 + 5);
});

test("after an outage the newest come first, and the stretch that was missed beside them", async () => {
  const waiting = Array.from({ length: 480 }, (_, at) => saved(`w${at}`, NOW_MS + 60_000 + at * MINUTE_MS));
  const fresh = saved("fresh", NOW_MS + 8 * HOUR_MS + 90_000);
  const activities = [saved("before", NOW_MS - 60_000), ...waiting, fresh];
  const scene = new Scene({ activities, pageCeiling: 20, scan: { ...LOOKBACKS, catchUp: NEWEST } });
  scene.start();
  await scene.pass(30_000);
  scene.restart().kill();
  scene.clock.forget();
  await scene.clock.runUntil(() => true, 1);
  const slept = scene.clock.sleep(8 * HOUR_MS, new AbortController().signal);
  await scene.clock.runUntil(() => scene.clock.nowMs() >= NOW_MS + 8 * HOUR_MS, 10);
  await slept;
  const { caughtUpMs } = scene.cursor();
  scene.start();
  await scene.until((event) => event.type === "recovery_begun");
  expect(scene.of("recovery_begun")).toMatchObject([{ fromMs: caughtUpMs }]);
  await scene.pass(100_000);
  expect(scene.published).toContain("fresh");
  await scene.pass(30 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
  expect(byReader(scene)["recovery"]).toBeGreaterThan(400);
  expect(scene.of("cursor_moved").at(-1)?.jobs).toEqual([]);
});

test("a new scan begins at now, and reads what its start asks for beside that, newest first", async () => {
  const activities = [...backlog(300, 4 * MINUTE_MS), ...live(3)];
  const scene = new Scene({ activities, pageCeiling: 50, scan: { ...LOOKBACKS, catchUp: NEWEST } });
  scene.start();
  await scene.pass(5 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
  expect(byReader(scene)).toMatchObject({ backfill: 300 });
  expect(scene.published.indexOf("n0")).toBeGreaterThan(0);
});

test("an instant that a pass could not read is a gap until a later pass has read it", async () => {
  // More siblings than a page holds, until some of them are gone.
  const crowd = Array.from({ length: 6 }, (_, at) => saved(`c${at}`, NOW_MS + 30_000));
  const scene = new Scene({ activities: [...crowd, ...live(30)], pageCeiling: 5, scan: LOOKBACKS });
  scene.start();
  await scene.pass(90_000);
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBe(1);
  scene.tenant.activities.splice(
    scene.tenant.activities.findIndex(({ id }) => id === "c5"),
    1,
  );
  scene.tenant.activities.splice(
    scene.tenant.activities.findIndex(({ id }) => id === "c4"),
    1,
  );
  await scene.pass(5 * MINUTE_MS);
  expect(scene.of("gap_closed")).toMatchObject([{ reason: "stall", fromMs: NOW_MS + 30_000, reader: "lookback/2m" }]);
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBe(0);
});

test("a lookback that is shown nothing against the total leaves a gap, and goes on", async () => {
  const fault = (request: { sortDirection: string; filters: string }) =>
    /"gte":\d+,"lte":\d+/.test(request.filters) && scene.clock.nowMs() < NOW_MS + 5 * MINUTE_MS
      ? page({ total: 3 })
      : null;
  const scene: Scene = new Scene({ activities: live(30), fault, scan: { ...LOOKBACKS, start: { kind: "now" } } });
  scene.start();
  await scene.pass(5 * MINUTE_MS);
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBeGreaterThan(0);
  await scene.pass(DAY_MS);
  expect(sorted(scene.published)).toEqual(idsOf(live(30)));
});

const crowdOf = (count: number, service: number) =>
  Array.from({ length: count }, (_, at) => saved(`s${service}-${at}`, NOW_MS + 30_000, { service }));

test("a crowd on one instant that a page cannot show is read service by service, without a gap", async () => {
  // A page shows five; no service has more than four there.
  const crowd = [11, 12, 13, 14].flatMap((service) => crowdOf(4, service));
  const scene = new Scene({ activities: [...crowd, ...live(5)], pageCeiling: 5, scan: LOOKBACKS });
  scene.start();
  await scene.pass(6 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf([...crowd, ...live(5)]));
  expect(scene.of("cursor_moved").every((event) => event.openGaps === 0)).toBe(true);
  const asked = scene.tenant.requests.filter(({ filters }) => filters.includes('"service"'));
  expect(asked.some(({ filters }) => filters.includes('"neq"'))).toBe(true);
});

test("what one service has too much of on an instant is a gap; the others' is published", async () => {
  const crowd = [...crowdOf(4, 11), ...crowdOf(9, 12)];
  const scene = new Scene({ activities: [...crowd, ...live(5)], pageCeiling: 5, scan: LOOKBACKS });
  scene.start();
  await scene.pass(6 * MINUTE_MS);
  const published = new Set(scene.published);
  expect(crowdOf(4, 11).every(({ id }) => published.has(id))).toBe(true);
  expect(live(5).every(({ id }) => published.has(id))).toBe(true);
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBe(1);
  expect(scene.published.length).toBe(published.size);
});

test("a scan that filters by service itself narrows its own filter, and asks for no other", async () => {
  const crowd = [11, 12, 13].flatMap((service) => crowdOf(4, service));
  const filters = { service: { eq: [11, 12] } };
  const scene = new Scene({ activities: [...crowd, ...live(5)], pageCeiling: 5, scan: { ...LOOKBACKS, filters } });
  scene.start();
  await scene.pass(6 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf([...crowdOf(4, 11), ...crowdOf(4, 12)]));
  const parts = scene.tenant.requests.filter((request) => request.filters.includes('"neq"'));
  expect(parts.every((request) => request.filters.includes('"eq":[11,12]'))).toBe(true);
});

test("ledgers count and digest exactly the ids that were published in their slice", async () => {
  const activities = backlog(150, 3 * MINUTE_MS);
  const scene = new Scene({ activities, pageCeiling: 20 });
  scene.start();
  await scene.pass(3 * MINUTE_MS);
  for (const [sliceMs, ledger] of scene.ledgers()) {
    const inside = activities.filter(({ createdMs }) => createdMs >= sliceMs && createdMs < sliceMs + HOUR_MS);
    const digest = Buffer.alloc(16);
    for (const { id } of inside) for (const [at, byte] of idHash(id).entries()) digest[at]! ^= byte;
    expect(ledger).toMatchObject({ ids: inside.length, published: inside.length, digest: digest.toString("hex") });
  }
});
