import { expect, test } from "vitest";
import { commandKey } from "../../../src/scan/command.ts";
import { encodeCursor } from "../../../src/scan/cursor.ts";
import { cursorKey } from "../../../src/scan/ledger.ts";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import { simConfig } from "../../fakes/sim-connector.ts";
import { backfill, Commanded, LOOKBACKS } from "./commanded.ts";
import { backlog, DAY_MS, HOUR_MS, idsOf, MINUTE_MS, NOW_MS, saved, sorted } from "./scene.ts";

test("a backfill reads a stretch from before the scan's start, once", async () => {
  const activities = [...backlog(30), saved("n", NOW_MS + MINUTE_MS)];
  const commanded = new Commanded({ activities, scan: LOOKBACKS });
  const { scene } = commanded;
  scene.start();
  await scene.pass(2 * MINUTE_MS);
  expect(scene.published).toEqual(["n"]);
  const name = `backfill/${new Date(NOW_MS - HOUR_MS).toISOString()}`;
  const applied = await commanded.command(backfill(NOW_MS - HOUR_MS, NOW_MS));
  expect(applied).toMatchObject({ outcome: "done", message: expect.stringContaining(name) });
  await scene.pass(5 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
  expect(scene.of("cursor_moved").at(-1)?.jobs).toEqual([]);
  expect(await commanded.command(backfill(NOW_MS - HOUR_MS, NOW_MS - 1))).toMatchObject({ outcome: "refused" });
});

test("a verify reads what the scan has read, and no more; cancelled, it leaves no gap", async () => {
  const start = { kind: "age" as const, ageMs: 4 * HOUR_MS };
  const commanded = new Commanded({ activities: backlog(120), pageCeiling: 5, scan: { ...LOOKBACKS, start } });
  const { scene } = commanded;
  scene.config = simConfig({ ...LOOKBACKS, start }, 60);
  scene.start();
  await scene.pass(20 * MINUTE_MS);
  const [fromMs, untilMs] = [NOW_MS - DAY_MS, NOW_MS + DAY_MS];
  const { beganMs, positionMs } = scene.cursor();
  const reader = `verify/${new Date(beganMs).toISOString()}`;
  const stretch = `${new Date(beganMs).toISOString()} to ${new Date(positionMs - OVERLAP_MS).toISOString()}`;
  const added = await commanded.command({ action: "verify_add", fromMs, untilMs });
  expect(added).toMatchObject({ outcome: "done", message: `${reader}: reads ${stretch} again, oldest first` });
  const again = await commanded.command({ action: "verify_add", fromMs, untilMs });
  expect(again).toMatchObject({ outcome: "refused", message: expect.stringContaining("there already") });
  expect(await commanded.command({ action: "job_cancel", reader })).toMatchObject({ outcome: "done" });
  expect(scene.of("cursor_moved").at(-1)).toMatchObject({ jobs: [], openGaps: 0 });
  const before = await commanded.command({ action: "verify_add", fromMs, untilMs: beganMs });
  expect(before).toMatchObject({ outcome: "refused", message: expect.stringContaining("nothing to compare") });
});

test("a job pauses, goes on and is cancelled, over a restart", async () => {
  const activities = backlog(200, 4 * MINUTE_MS);
  const commanded = new Commanded({ activities, pageCeiling: 5, scan: LOOKBACKS });
  const { scene } = commanded;
  scene.config = simConfig(LOOKBACKS, 60);
  scene.start();
  await scene.pass(MINUTE_MS);
  const reader = `backfill/${new Date(NOW_MS - DAY_MS).toISOString()}`;
  await commanded.command(backfill(NOW_MS - DAY_MS, NOW_MS + MINUTE_MS));
  expect(await commanded.command({ action: "job_pause", reader })).toMatchObject({ outcome: "done" });
  const paused = scene.published.length;
  expect(paused).toBeLessThan(200);
  scene.restart();
  await scene.pass(5 * MINUTE_MS);
  expect(scene.published.length).toBe(paused);
  expect(await commanded.command({ action: "job_resume", reader })).toMatchObject({ outcome: "done" });
  expect(scene.published.length).toBeGreaterThan(paused);
  expect(await commanded.command({ action: "job_cancel", reader })).toMatchObject({ outcome: "done" });
  const left = scene.published.length;
  await scene.pass(5 * MINUTE_MS);
  expect(scene.published.length).toBe(left);
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBeGreaterThan(0);
  expect(await commanded.command({ action: "job_resume", reader })).toMatchObject({ outcome: "refused" });
});

test("a reset back reads again and repeats nothing, into a forgotten stretch only with the word for it", async () => {
  const activities = Array.from({ length: 240 }, (_, at) => saved(`n${at}`, NOW_MS + (at + 1) * MINUTE_MS));
  const commanded = new Commanded({ activities, scan: LOOKBACKS });
  const { scene } = commanded;
  scene.start();
  await scene.pass(4 * HOUR_MS + 10 * MINUTE_MS);
  expect(scene.published.length).toBe(240);
  const near = await commanded.command({
    action: "cursor_reset",
    toMs: NOW_MS + 4 * HOUR_MS - MINUTE_MS,
    mayRepeat: false,
  });
  expect(near.outcome).toBe("done");
  await scene.pass(MINUTE_MS);
  expect(scene.published.length).toBe(240);
  const far = { action: "cursor_reset" as const, toMs: NOW_MS + HOUR_MS };
  const refused = await commanded.command({ ...far, mayRepeat: false });
  expect(refused).toMatchObject({ outcome: "refused", message: expect.stringContaining("--may-repeat") });
  expect(await commanded.command({ ...far, mayRepeat: true })).toMatchObject({ outcome: "done" });
  await scene.pass(10 * MINUTE_MS);
  expect(scene.published.length).toBeGreaterThan(240);
});

test("a reset forward opens what it skips as a gap, and never goes beyond the tenant's now", async () => {
  const commanded = new Commanded({
    activities: backlog(30),
    scan: { ...LOOKBACKS, start: { kind: "age", ageMs: HOUR_MS } },
  });
  const { scene } = commanded;
  scene.start();
  await scene.pass(3 * MINUTE_MS);
  const skip = (toMs: number) => commanded.command({ action: "cursor_reset", toMs, mayRepeat: false });
  expect(await skip(NOW_MS + HOUR_MS)).toMatchObject({ outcome: "refused" });
  expect(await skip(NOW_MS + 2 * MINUTE_MS)).toMatchObject({ outcome: "done" });
  await scene.pass(MINUTE_MS);
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBe(2);
});

test("what nobody can apply is refused, and is not tried again", async () => {
  const commanded = new Commanded({ scan: LOOKBACKS });
  commanded.scene.start();
  await commanded.scene.pass(MINUTE_MS);
  expect(await commanded.command(backfill(NOW_MS - HOUR_MS, NOW_MS), "another")).toMatchObject({ outcome: "refused" });
  await commanded.send(commandKey("newer"), JSON.stringify({ version: 3, id: "newer", action: "scan_split" }));
  expect(await commanded.history("newer")).toMatchObject({
    outcome: "refused",
    message: expect.stringMatching(/has version 3, this program knows 2: run the version that wrote it here, too/),
  });
  await commanded.send(commandKey("bad"), "{");
  expect(await commanded.history("bad")).toMatchObject({
    outcome: "refused",
    message: expect.stringContaining("JSON"),
  });
});

test("a cursor from the future blocks its scan, until a reset moves it back", async () => {
  const activities = Array.from({ length: 20 }, (_, at) => saved(`n${at}`, NOW_MS + (at + 1) * MINUTE_MS));
  const commanded = new Commanded({ activities, scan: LOOKBACKS });
  const { scene } = commanded;
  scene.start();
  await scene.pass(MINUTE_MS + 10_000);
  const cursor = { ...scene.cursor(), positionMs: NOW_MS + DAY_MS };
  await commanded.overwrite(cursorKey("contoso-all"), encodeCursor(cursor));
  scene.restart();
  await scene.pass(2 * MINUTE_MS);
  expect(scene.of("scan_state").at(-1)).toMatchObject({ state: "blocked", code: "cursor_ahead" });
  expect(await commanded.command({ action: "cursor_reset", toMs: NOW_MS, mayRepeat: false })).toMatchObject({
    outcome: "done",
  });
  await scene.pass(20 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
});
