import { expect, test } from "vitest";
import { simConfig } from "../fakes/sim-connector.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, NOW_MS, Scene, saved } from "../unit/connector/scene.ts";

const REQUESTS_PER_MINUTE = 20;
const SCAN = {
  cursorField: "created" as const,
  lookbacksMs: [2 * MINUTE_MS, DAY_MS],
  catchUp: { afterMs: 15 * MINUTE_MS, order: "newest-first" as const },
  start: { kind: "now" as const },
};

/** A connector that was caught up, and then was not there for `downMs`. */
async function afterOutage(
  downMs: number,
  activities: ReturnType<typeof saved>[],
  pageCeiling: number,
): Promise<Scene> {
  const scene = new Scene({ activities, pageCeiling });
  scene.config = simConfig(SCAN, REQUESTS_PER_MINUTE);
  const first = scene.start();
  await scene.pass(30_000);
  first.kill();
  scene.clock.forget();
  const slept = scene.clock.sleep(downMs, new AbortController().signal);
  await scene.clock.runUntil(() => scene.clock.nowMs() >= NOW_MS + downMs, 10);
  await slept;
  scene.start();
  return scene;
}

// A tenth of 500,000 activities, in pages of a tenth of 5,000: as many requests.
test("after 8 hours the fresh come within two polls, and the rest takes the whole budget until it is done", async () => {
  const downMs = 8 * HOUR_MS;
  const missed = Array.from({ length: 50_000 }, (_, at) => saved(`m${at}`, NOW_MS + 40_000 + at * 570));
  const fresh = Array.from({ length: 12 }, (_, at) => saved(`f${at}`, NOW_MS + downMs + 40_000 + at * 10_000));
  const scene = await afterOutage(downMs, [...missed, ...fresh], 500);
  const restartMs = scene.clock.nowMs();
  const asked = scene.tenant.arrivalsMs.length;
  for (const { id, createdMs } of fresh) {
    await scene.clock.runUntil(() => scene.clock.nowMs() > createdMs + 20_000, 5_000);
    expect(scene.published, id).toContain(id);
  }
  await scene.clock.runUntil(() => scene.of("cursor_moved").at(-1)?.jobs.length === 0, 50_000);
  const minutes = (scene.clock.nowMs() - restartMs) / MINUTE_MS;
  const used = (scene.tenant.arrivalsMs.length - asked) / minutes;
  expect(used).toBeGreaterThan(0.9 * REQUESTS_PER_MINUTE);
  expect(scene.published.length).toBe(50_012);
  expect(new Set(scene.published).size).toBe(50_012);
}, 120_000);

test("after three days every slice settles or is a visible gap", async () => {
  const downMs = 72 * HOUR_MS;
  const missed = Array.from({ length: 700 }, (_, at) => saved(`m${at}`, NOW_MS + 40_000 + at * 6 * MINUTE_MS));
  const crowd = Array.from({ length: 60 }, (_, at) => saved(`c${at}`, NOW_MS + 30 * HOUR_MS));
  const scene = await afterOutage(downMs, [...missed, ...crowd], 50);
  await scene.pass(26 * HOUR_MS);
  const settledUntilMs = scene.of("cursor_moved").at(-1)?.settledUntilMs ?? 0;
  expect(settledUntilMs).toBeGreaterThan(NOW_MS + downMs);
  const open = [...scene.ledgers()].filter(
    ([sliceMs, { settledMs }]) => sliceMs < settledUntilMs - HOUR_MS && settledMs === null,
  );
  expect(open.map(([sliceMs, { gaps }]) => [sliceMs, gaps.length])).toEqual([[NOW_MS + 30 * HOUR_MS, 1]]);
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBe(1);
}, 120_000);

test("over 24 hours with crashes no 60 seconds ever hold more requests than the budget", async () => {
  const activities = Array.from({ length: 2_000 }, (_, at) => saved(`a${at}`, NOW_MS + at * 43_000));
  const scene = new Scene({ activities, pageCeiling: 5 });
  scene.config = simConfig({ ...SCAN, pollIntervalMs: 10_000 }, REQUESTS_PER_MINUTE);
  scene.start();
  // Crashes at any phase of the minute, some in a row.
  for (let crash = 1; crash <= 40; crash++) {
    await scene.pass(crash % 5 === 0 ? 4_000 : 45 * MINUTE_MS + crash * 1_700);
    scene.restart();
  }
  await scene.pass(5 * MINUTE_MS);
  const { arrivalsMs } = scene.tenant;
  const tooMany = arrivalsMs.filter((atMs, at) => {
    const before = arrivalsMs[at - REQUESTS_PER_MINUTE];
    return before !== undefined && atMs - before <= MINUTE_MS;
  });
  expect(tooMany).toEqual([]);
  expect(arrivalsMs.length).toBeGreaterThan(8_000);
  expect(scene.clock.nowMs() - NOW_MS).toBeGreaterThan(24 * HOUR_MS);
  expect(new Set(scene.published).size).toBe(scene.published.length);
}, 120_000);
