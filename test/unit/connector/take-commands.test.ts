import { expect, test } from "vitest";
import { type Command, commandKey, decodeHistory, encodeCommand, historyKey } from "../../../src/scan/command.ts";
import { encodeCursor } from "../../../src/scan/cursor.ts";
import { cursorKey } from "../../../src/scan/ledger.ts";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import { simConfig } from "../../fakes/sim-connector.ts";
import {
  backlog,
  DAY_MS,
  HOUR_MS,
  idsOf,
  MINUTE_MS,
  NOW_MS,
  Scene,
  type SceneOptions,
  saved,
  sorted,
} from "./scene.ts";

const LOOKBACKS = { cursorField: "created" as const, lookbacksMs: [2 * MINUTE_MS], start: { kind: "now" as const } };
const never = new AbortController().signal;

type Wish<C = Command> = C extends Command ? Omit<C, "version" | "id" | "at" | "by" | "scan"> : never;

/** A scene whose connector takes commands. */
class Commanded {
  readonly scene: Scene;
  readonly #port;
  #count = 0;

  constructor(options: SceneOptions) {
    this.scene = new Scene(options);
    this.#port = this.scene.cluster.process().port;
  }

  /** Sends a command, and tells what became of it. */
  async command(wish: Wish, scan = "contoso-all"): Promise<{ outcome: string; message: string }> {
    const id = `c${++this.#count}`;
    const command: Command = { version: 1, id, at: new Date(NOW_MS).toISOString(), by: "test", scan, ...wish };
    await this.send(commandKey(id), encodeCommand(command));
    return this.history(id);
  }

  async send(key: string, value: string): Promise<void> {
    await this.#port.sendCommand(this.#port.shardOf("contoso"), key, value, never);
    await this.scene.pass(5_000);
  }

  /** As a hand would that has taken the shard over. */
  async overwrite(key: string, value: string): Promise<void> {
    await using log = this.#port.shard(this.#port.shardOf("contoso"));
    await log.open(never);
    await log.commit({ state: [{ key, value }], records: [] }, never);
  }

  async history(id: string): Promise<{ outcome: string; message: string }> {
    const state = await this.#port.readState(this.#port.shardOf("contoso"), never);
    expect(state.has(commandKey(id))).toBe(false);
    const decoded = decodeHistory(state.get(historyKey(id)) ?? Buffer.alloc(0));
    if (decoded.kind !== "read") throw new Error(decoded.reason);
    return decoded.value;
  }
}

const backfill = (fromMs: number, untilMs: number): Wish => ({
  action: "backfill_add",
  fromMs,
  untilMs,
  order: "desc",
  mayRepeat: false,
});

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
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBe(1);
});

test("what nobody can apply is refused, and is not tried again", async () => {
  const commanded = new Commanded({ scan: LOOKBACKS });
  commanded.scene.start();
  await commanded.scene.pass(MINUTE_MS);
  expect(await commanded.command(backfill(NOW_MS - HOUR_MS, NOW_MS), "another")).toMatchObject({ outcome: "refused" });
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
