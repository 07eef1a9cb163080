import { expect, test } from "vitest";
import { decodeHistory, historyKey } from "../../src/scan/command.ts";
import { type ExportedScan, exportScan } from "../../src/scan/export.ts";
import { importOf } from "../../src/scan/import.ts";
import { giveCommand, type Wish } from "../fakes/give-command.ts";
import { simConfig, startSim } from "../fakes/sim-connector.ts";
import { backfill, Commanded, LOOKBACKS } from "../unit/connector/commanded.ts";
import {
  backlog,
  DAY_MS,
  HOUR_MS,
  idsOf,
  MINUTE_MS,
  NOW_MS,
  type Scene,
  saved,
  sorted,
} from "../unit/connector/scene.ts";

const never = new AbortController().signal;
/** One a minute from now on. */
const coming = (count: number) =>
  Array.from({ length: count }, (_, at) => saved(`n${at}`, NOW_MS + (at + 1) * MINUTE_MS));
const shardOf = (scene: Scene) => scene.cluster.process().port.shardOf("contoso");
const gapsOf = (scene: Scene) => [...scene.ledgers().values()].flatMap(({ gaps }) => gaps);

/** As `cursor export` would find it now. */
const exportOf = (scene: Scene): ExportedScan => {
  const shard = shardOf(scene);
  return exportScan({ scan: "contoso-all", shard, endOffset: 1n, state: scene.cluster.committedState(shard) }, false)!;
};

function importing(scan: ExportedScan, mayRepeat = false): Wish {
  const source = { exportedAt: new Date(NOW_MS).toISOString(), digest: "sha256:0", scans: [scan] };
  const head = { id: "c", at: source.exportedAt, by: "test", scan: "contoso-all" };
  return importOf(source, head, mayRepeat);
}

test("an older export of the same scan is read again from there, and nothing is published twice", async () => {
  const commanded = new Commanded({ activities: coming(60), scan: LOOKBACKS });
  const { scene } = commanded;
  scene.start();
  await scene.pass(20 * MINUTE_MS);
  const older = exportOf(scene);
  await scene.pass(20 * MINUTE_MS);
  const requests = scene.tenant.requests.length;
  const applied = await commanded.command(importing(older));
  expect(applied).toMatchObject({ outcome: "done", message: expect.stringMatching(/backfill\/.* reads/) });
  await scene.pass(40 * MINUTE_MS);
  expect(scene.tenant.requests.length).toBeGreaterThan(requests);
  expect(sorted(scene.published)).toEqual(idsOf(scene.tenant.activities));
  expect(scene.of("cursor_moved").at(-1)).toMatchObject({ jobs: [], openGaps: 0 });
});

test("one from before what is remembered is refused; with the word for it, repeats are all that happens", async () => {
  const commanded = new Commanded({ activities: coming(240), scan: LOOKBACKS });
  const { scene } = commanded;
  scene.start();
  await scene.pass(20 * MINUTE_MS);
  const older = exportOf(scene);
  await scene.pass(4 * HOUR_MS);
  const refused = await commanded.command(importing(older));
  expect(refused).toMatchObject({ outcome: "refused", message: expect.stringContaining("--may-repeat") });
  await scene.pass(10 * MINUTE_MS);
  expect(scene.published.length).toBe(240);
  expect(await commanded.command(importing(older, true))).toMatchObject({ outcome: "done" });
  await scene.pass(10 * MINUTE_MS);
  expect(scene.published.length).toBeGreaterThan(240);
  expect([...new Set(scene.published)].sort()).toEqual(idsOf(scene.tenant.activities));
});

test("one that is further on leaves what nobody has read as a gap, in sight", async () => {
  const commanded = new Commanded({ activities: coming(60), scan: LOOKBACKS });
  const { scene } = commanded;
  scene.start();
  await scene.pass(10 * MINUTE_MS);
  await commanded.command({ action: "scan_pause" });
  const newer = exportOf(scene);
  const before = scene.published;
  await scene.pass(30 * MINUTE_MS);
  const toMs = NOW_MS + 30 * MINUTE_MS;
  const cursor = { ...newer.cursor, positionMs: toMs + 5_000 };
  const applied = await commanded.command(importing({ ...newer, cursor }));
  expect(applied).toMatchObject({ outcome: "done", message: expect.stringContaining("is open as a gap") });
  await commanded.command({ action: "scan_resume" });
  await scene.pass(30 * MINUTE_MS);
  const [gap] = gapsOf(scene);
  expect(gap).toMatchObject({ untilMs: toMs - 1, reason: "skipped" });
  const isLeftOut = ({ id, createdMs }: { id: string; createdMs: number }) =>
    createdMs >= gap!.fromMs && createdMs <= gap!.untilMs && !before.includes(id);
  expect(sorted(scene.published)).toEqual(idsOf(scene.tenant.activities.filter((each) => !isLeftOut(each))));
});

test.each([
  ["tenant", { tenant: "fabrikam" }],
  ["cursor field", { cursorField: "date" }],
  ["filters", { filtersHash: "0123456789abcdef" }],
])("an export of another %s is refused by the owner, whatever the command line believed", async (_, more) => {
  const commanded = new Commanded({ activities: coming(10), scan: LOOKBACKS });
  const { scene } = commanded;
  scene.start();
  await scene.pass(5 * MINUTE_MS);
  const own = exportOf(scene);
  const foreign = { ...own, cursor: { ...own.cursor, ...more, positionMs: NOW_MS - DAY_MS } };
  expect(await commanded.command(importing(foreign))).toMatchObject({
    outcome: "refused",
    message: expect.stringMatching(/^the export is of/),
  });
  await scene.pass(10 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(scene.tenant.activities));
});

test("a reset to before the tenant's retention reads what is shown, loses nothing and ends", async () => {
  const commanded = new Commanded({ activities: [...backlog(30), ...coming(30)], scan: LOOKBACKS });
  const { scene } = commanded;
  scene.start();
  await scene.pass(5 * MINUTE_MS);
  const reset = { action: "cursor_reset", toMs: NOW_MS - 400 * DAY_MS, mayRepeat: false } as const;
  expect(await commanded.command(reset)).toMatchObject({ outcome: "done" });
  await scene.pass(HOUR_MS);
  expect(sorted(scene.published)).toEqual(idsOf(scene.tenant.activities));
  expect(scene.of("cursor_moved").at(-1)).toMatchObject({ jobs: [], openGaps: 0 });
});

test("a backfill that is cancelled in the middle of a page keeps that page, and what is left is a gap", async () => {
  const slow = { answers: 0, now: false };
  const step = async (name: string) => {
    if (name !== "tenant.answer" || !slow.now) return;
    slow.answers += 1;
    for (let second = 0; second < 20; second++) await commanded.scene.clock.sleep(1_000, never);
  };
  const activities = backlog(200, 4 * MINUTE_MS);
  const commanded = new Commanded({ activities, pageCeiling: 5, step });
  const { scene } = commanded;
  scene.config = simConfig(LOOKBACKS, 60);
  scene.start();
  await scene.pass(MINUTE_MS);
  // It joins on to what the scan reads itself, so all of it is owed.
  const [fromMs, untilMs] = [NOW_MS - DAY_MS, NOW_MS + MINUTE_MS];
  await commanded.command(backfill(fromMs, untilMs));
  const before = scene.published.length;
  slow.now = true;
  await scene.pass(5_000);
  expect(slow.answers).toBe(1);
  const reader = `backfill/${new Date(fromMs).toISOString()}`;
  await giveCommand(scene.cluster, "cancel", { action: "job_cancel", reader }, NOW_MS);
  await scene.pass(5_000);
  expect(scene.published.length).toBe(before);
  slow.now = false;
  await scene.pass(5 * MINUTE_MS);
  expect((await commanded.history("cancel")).outcome).toBe("done");
  const published = new Set(scene.published);
  expect(published.size).toBe(scene.published.length);
  expect(published.size).toBeGreaterThan(before);
  expect(published.size).toBeLessThan(activities.length);
  const missing = activities.filter(({ id }) => !published.has(id));
  const gaps = gapsOf(scene);
  for (const { id, createdMs } of missing) {
    expect(
      gaps.some((gap) => createdMs >= gap.fromMs && createdMs <= gap.untilMs),
      id,
    ).toBe(true);
  }
  // What is a gap is not given up: a backfill of it reads it, as its ids are kept.
  const first = Math.min(...gaps.map((gap) => gap.fromMs));
  const last = Math.max(...gaps.map((gap) => gap.untilMs));
  const again = await commanded.command(backfill(first, last + 1));
  expect(again, again.message).toMatchObject({ outcome: "done" });
  await scene.pass(10 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
});

test("of two operators at once each is judged by what the other has done, and each change is made once", async () => {
  const commanded = new Commanded({ activities: [...backlog(40), ...coming(40)], scan: LOOKBACKS });
  const { scene } = commanded;
  scene.start();
  await scene.pass(10 * MINUTE_MS);
  const older = exportOf(scene);
  await scene.pass(10 * MINUTE_MS);
  const wishes: Wish[] = [
    { action: "scan_pause" },
    { action: "scan_pause" },
    importing(older),
    { action: "cursor_reset", toMs: NOW_MS - HOUR_MS, mayRepeat: false },
    { action: "cursor_reset", toMs: NOW_MS - HOUR_MS, mayRepeat: false },
    { action: "scan_resume" },
    { action: "scan_resume" },
  ];
  await Promise.all(wishes.map((wish, at) => giveCommand(scene.cluster, `o${at}`, wish, NOW_MS)));
  await scene.pass(40 * MINUTE_MS);
  const outcomes = await Promise.all(wishes.map((_, at) => commanded.history(`o${at}`)));
  expect(outcomes.map(({ outcome }) => outcome)).toEqual([
    "done",
    "refused",
    "done",
    "done",
    "refused",
    "done",
    "refused",
  ]);
  expect(scene.of("command_applied").length).toBe(wishes.length);
  expect(sorted(scene.published)).toEqual(idsOf(scene.tenant.activities));
});

test("changes that are sent while a shard moves are applied once, by whoever has it then", async () => {
  const commanded = new Commanded({ activities: [...backlog(40), ...coming(40)], scan: LOOKBACKS });
  const { scene } = commanded;
  const first = scene.start();
  await scene.pass(10 * MINUTE_MS);
  const older = exportOf(scene);
  await scene.pass(10 * MINUTE_MS);
  const second = startSim({ cluster: scene.cluster, tenant: scene.tenant, clock: scene.clock }, scene.config);
  const wishes: Wish[] = [
    importing(older),
    backfill(NOW_MS - HOUR_MS, NOW_MS),
    { action: "scan_pause" },
    { action: "scan_resume" },
  ];
  for (const [at, wish] of wishes.entries()) {
    if (at === 1) first.stop();
    await giveCommand(scene.cluster, `m${at}`, wish, NOW_MS);
    await scene.pass(100);
  }
  await scene.pass(40 * MINUTE_MS);
  const state = scene.cluster.committedState(shardOf(scene));
  const outcomes = wishes.map((_, at) => {
    const decoded = decodeHistory(state.get(historyKey(`m${at}`)) ?? Buffer.alloc(0));
    return decoded.kind === "read" ? decoded.value.outcome : decoded.reason;
  });
  expect(outcomes).toEqual(["done", "done", "done", "done"]);
  const applied = [...first.events, ...second.events].filter(({ type }) => type === "command_applied");
  expect(applied.length).toBe(wishes.length);
  expect(second.events.some(({ type }) => type === "command_applied")).toBe(true);
  expect(sorted(scene.published)).toEqual(idsOf(scene.tenant.activities));
});
