import { expect, test } from "vitest";
import type { Page } from "../../../src/connector/page.ts";
import { type PagePlan, ScanMemory } from "../../../src/connector/scan-memory.ts";
import { encodeCursor } from "../../../src/scan/cursor.ts";
import { idHash } from "../../../src/scan/digest.ts";
import { foldPage } from "../../../src/scan/fold.ts";
import { encodeJob, newJob, openJobPass } from "../../../src/scan/job.ts";
import { decodeLedger, readerKey } from "../../../src/scan/ledger.ts";
import { askOf } from "../../../src/scan/pass.ts";
import { sliceOf } from "../../../src/scan/slice.ts";
import { OVERLAP_MS, openPass } from "../../../src/scan/tail.ts";
import { simConfig } from "../../fakes/sim-connector.ts";
import { backlog, DAY_MS, HOUR_MS, idsOf, MINUTE_MS, NOW_MS, Scene, saved, sorted } from "./scene.ts";

const scan = simConfig({ cursorField: "created" }).scans[0]!;
const looking = simConfig({ cursorField: "created", lookbacksMs: [2 * MINUTE_MS, DAY_MS] }).scans[0]!;
const IDS_BYTES = 1 << 20;

/** A page of `fresh` new ids and `duplicates`, all at `atMs`. */
function pageOf(fresh: readonly string[], duplicates: number, atMs: number): Page {
  const ids = fresh.map(idHash);
  const read = fresh.length + duplicates;
  const counts = { read, published: fresh.length, duplicates, deadLettered: 0, outsideMemory: 0 };
  const additions = () => [{ sliceMs: sliceOf(atMs), ids, read, duplicates, deadLettered: 0, late: 0 }];
  const shown = { activities: read, counts, fresh: ids, records: [], outsideMemory: [] };
  return { ...shown, handOver: () => null, additions } as unknown as Page;
}

/** What the last page of a pass changes. */
function plan(memory: ScanMemory, page: Page, atMs: number, nowMs = 0): PagePlan | null {
  const { cursor } = memory;
  const ask = askOf(cursor.pass ?? openPass(cursor, atMs), "created", { filters: {}, limit: 500 });
  const fold = foldPage(cursor, ask, {
    activities: page.activities,
    hasNext: false,
    nextFilters: null,
    total: null,
    lowestMs: atMs,
    highestMs: atMs,
    outOfBounds: 0,
    services: [],
    disordered: false,
    onPrevious: false,
    serverNowMs: atMs,
  });
  return memory.planPage("tail", page, fold, { nowMs, serverNowMs: atMs });
}

type Records = Map<string, Buffer>;
function write(records: Records, change: PagePlan): Records {
  for (const { key, value } of change.transaction.state) {
    if (value === null) records.delete(key);
    else records.set(key, Buffer.from(value));
  }
  return records;
}

function begun(config = scan): { memory: ScanMemory; records: Records } {
  const memory = ScanMemory.begin(config, NOW_MS, IDS_BYTES);
  const start = memory.plan();
  memory.committed(start, 0);
  return { memory, records: write(new Map(), start) };
}

const STEP = { fromMs: NOW_MS - 5 * HOUR_MS, untilMs: NOW_MS - 4 * HOUR_MS - 1 };

/** The record of a lookback in the middle of a pass. */
function inPass(ageMs: number): Buffer {
  const step = newJob({ origin: "lookback", order: "asc", ageMs, whole: STEP });
  return Buffer.from(encodeJob({ ...step, pass: openJobPass(step, "asc", NOW_MS) }));
}

const known = (memory: ScanMemory, id: string) => memory.slices?.has(idHash(id));

test("a transaction that turns out to be committed is taken over from the state", () => {
  const { memory, records } = begun();
  const change = plan(memory, pageOf(["a"], 0, NOW_MS), NOW_MS)!;
  expect(memory.reload(change, write(records, change))).toBe("committed");
  expect(known(memory, "a")).toBe(true);
  expect(memory.cursor).toEqual(change.cursorAfter);
});

test("one that was not committed leaves everything as it was, and may be tried again", () => {
  const { memory, records } = begun();
  const change = plan(memory, pageOf(["a"], 0, NOW_MS), NOW_MS)!;
  expect(memory.reload(change, records)).toBe("open");
  expect(known(memory, "a")).toBe(false);
  memory.committed(change, 0);
  expect(known(memory, "a")).toBe(true);
});

test("where another owner went on, its state is taken and the page is outdated", () => {
  const { memory, records } = begun();
  const change = plan(memory, pageOf(["a"], 0, NOW_MS), NOW_MS)!;
  const other = ScanMemory.load(scan, records, IDS_BYTES)!;
  const theirs = plan(other, pageOf(["b"], 0, NOW_MS), NOW_MS)!;
  other.committed(theirs, 0);
  write(records, theirs);
  write(records, plan(other, pageOf(["c"], 0, NOW_MS), NOW_MS)!);
  expect(memory.reload(change, records)).toBe("other");
  expect([known(memory, "a"), known(memory, "b"), known(memory, "c")]).toEqual([false, true, true]);
});

test("a state that is gone is never a fresh start", () => {
  const { memory } = begun();
  const change = plan(memory, pageOf(["a"], 0, NOW_MS), NOW_MS)!;
  expect(() => memory.reload(change, new Map())).toThrow("gone");
});

/** A memory that knows `a`, and has quietly counted three repeats of it. */
function quieted() {
  const { memory, records } = begun();
  const first = plan(memory, pageOf(["a"], 0, NOW_MS), NOW_MS)!;
  memory.committed(first, 0);
  write(records, first);
  for (let poll = 0; poll < 3; poll++) expect(plan(memory, pageOf([], 1, NOW_MS), NOW_MS)).toBeNull();
  return { memory, records };
}

const ledgerOf = (records: Records) =>
  decodeLedger([...records].find(([key]) => key.includes("T09:00Z") && !key.includes("chunk"))![1], "test");

test("a page that changes nothing is not committed for a minute, and then with all that was counted", () => {
  const { memory, records } = quieted();
  expect(plan(memory, pageOf([], 1, NOW_MS), NOW_MS, 59_999)).toBeNull();
  const change = plan(memory, pageOf([], 1, NOW_MS), NOW_MS, 60_000)!;
  expect(ledgerOf(write(records, change))).toMatchObject({ read: 6, duplicates: 5 });
  expect(change.cursorAfter.counts).toMatchObject({ read: 6, duplicates: 5 });
});

test("what was counted is written once, though it is only by the state that its commit is known", () => {
  const { memory, records } = quieted();
  const change = plan(memory, pageOf(["b"], 0, NOW_MS), NOW_MS)!;
  expect(memory.reload(change, write(records, change))).toBe("committed");
  write(records, plan(memory, pageOf(["c"], 0, NOW_MS), NOW_MS)!);
  expect(ledgerOf(records)).toMatchObject({ read: 6, duplicates: 3, published: 3 });
});

test("what was counted is not lost when ids are forgotten to save memory, and what is owed there becomes a gap", () => {
  const { memory, records } = begun(looking);
  for (const [at, id] of ["old", "a"].entries()) {
    const change = plan(memory, pageOf([id], 0, NOW_MS + (at - 1) * 5 * HOUR_MS), NOW_MS + (at - 1) * 5 * HOUR_MS)!;
    memory.committed(change, 0);
    write(records, change);
  }
  expect(plan(memory, pageOf([], 1, NOW_MS), NOW_MS)).toBeNull();
  const shrink = memory.planShrink(NOW_MS)!;
  expect(ledgerOf(write(records, shrink))).toMatchObject({ duplicates: 1 });
  memory.committed(shrink, 0);
  expect([known(memory, "old"), known(memory, "a")]).toEqual([false, true]);
  expect([memory.isForgotten(NOW_MS - 5 * HOUR_MS), memory.isForgotten(NOW_MS)]).toEqual([true, false]);
  expect(memory.slices?.ledgerOf(NOW_MS - 5 * HOUR_MS).gaps).toEqual([
    { fromMs: NOW_MS - 5 * HOUR_MS, untilMs: NOW_MS - 4 * HOUR_MS - 1, reason: "memory" },
  ]);
  expect(memory.planShrink(NOW_MS)).toBeNull();
  expect(ScanMemory.load(looking, records, IDS_BYTES)?.cursor.counts.duplicates).toBe(1);
});

test("what was counted is not lost when the tail goes on at now after an outage", () => {
  const config = {
    ...scan,
    catchUp: { afterMs: 15 * MINUTE_MS, order: "newest-first" as const },
    start: { kind: "now" as const },
  };
  const { memory, records } = begun(config);
  const first = plan(memory, pageOf(["a"], 0, NOW_MS + 9_000), NOW_MS + 9_000)!;
  memory.committed(first, 0);
  write(records, first);
  for (let poll = 0; poll < 3; poll++) expect(plan(memory, pageOf([], 1, NOW_MS + 9_000), NOW_MS + 9_000)).toBeNull();
  const recovery = memory.planRecovery(NOW_MS + HOUR_MS, false)!;
  memory.committed(recovery, 0);
  write(records, recovery);
  write(records, plan(memory, pageOf(["b"], 0, NOW_MS + HOUR_MS), NOW_MS + HOUR_MS)!);
  const { counts } = ScanMemory.load(config, records, IDS_BYTES)!.cursor;
  expect(counts).toMatchObject({ read: 5, duplicates: 3, published: 2 });
  expect(ledgerOf(records)).toMatchObject({ read: 4, duplicates: 3, published: 1 });
});

test("behind by more than catchUp.after the tail goes on at now, and a recovery has all that lies between, once", () => {
  const config = {
    ...looking,
    catchUp: { afterMs: 15 * MINUTE_MS, order: "newest-first" as const },
    start: { kind: "now" as const },
  };
  const { memory, records } = begun(config);
  expect(memory.planRecovery(NOW_MS + 15 * MINUTE_MS, false)).toBeNull();
  const nowMs = NOW_MS + 15 * MINUTE_MS + 1;
  const recovery = memory.planRecovery(nowMs, false)!;
  expect(memory.jobs.size).toBe(0);
  memory.committed(recovery, 0);
  expect([...memory.jobs.values()]).toMatchObject([
    { origin: "recovery", order: "desc", whole: { fromMs: NOW_MS, untilMs: nowMs - 1 }, caughtUpMs: NOW_MS },
  ]);
  expect(openPass(memory.cursor, nowMs).fromMs).toBe(nowMs - OVERLAP_MS);
  expect([memory.cursor.caughtUpMs, memory.caughtUpMs]).toEqual([nowMs - 1, NOW_MS]);
  expect(memory.planRecovery(nowMs, false)).toBeNull();
  expect(ScanMemory.load(config, write(records, recovery), IDS_BYTES)?.jobs).toEqual(memory.jobs);
});

test("in order, or within a pass of this process, the tail does not leave what it has missed", () => {
  const order = { afterMs: 15 * MINUTE_MS, order: "newest-first" as const };
  expect(begun(looking).memory.planRecovery(NOW_MS + 9 * HOUR_MS, false)).toBeNull();
  const { memory, records } = begun({ ...looking, catchUp: order, start: { kind: "now" } });
  const inPass = { ...memory.cursor, pass: openPass(memory.cursor, NOW_MS) };
  const key = [...records.keys()].find((each) => each.includes("tail"))!;
  records.set(key, Buffer.from(encodeCursor(inPass)));
  const resumed = ScanMemory.load({ ...looking, catchUp: order }, records, IDS_BYTES)!;
  expect(resumed.planRecovery(NOW_MS + 9 * HOUR_MS, false)).toBeNull();
  const recovery = resumed.planRecovery(NOW_MS + 9 * HOUR_MS, true)!;
  expect(recovery.cursorAfter.pass).toBeNull();
});

test("a memory is overfull when its ids occupy more than they may", () => {
  const { memory, records } = quieted();
  expect(memory.isOverfull).toBe(false);
  expect(ScanMemory.load(scan, records, 100)?.isOverfull).toBe(true);
});

test("quiet polls are not a transaction each, but what they counted is in state once, with the next that is", async () => {
  const scene = new Scene({ activities: [saved("one", NOW_MS - MINUTE_MS)] });
  scene.start();
  await scene.pass(20 * MINUTE_MS + 5_000);
  expect(scene.transactions).toBeLessThan(30);
  scene.tenant.activities.push(saved("two", scene.clock.nowMs()));
  await scene.clock.runUntil(() => scene.published.length === 2, 1_000);
  const told = scene.of("page_published");
  const sum = (of: "read" | "duplicates") => told.reduce((all, event) => all + event[of], 0);
  expect(sum("duplicates")).toBeGreaterThan(100);
  expect(scene.cursor().counts).toMatchObject({ read: sum("read"), duplicates: sum("duplicates"), published: 2 });
  const ledgers = [...scene.ledgers().values()];
  expect(ledgers.reduce((all, ledger) => all + ledger.duplicates, 0)).toBe(sum("duplicates"));
  expect(ledgers.reduce((all, ledger) => all + ledger.read, 0)).toBe(sum("read"));
});

test("repeats that were counted in between are counted once, though the commit's answer was lost", async () => {
  const scene = new Scene({ activities: [saved("one", NOW_MS - MINUTE_MS)] });
  let lost = false;
  scene.start(async (step) => {
    if (step !== "commit.ended" || lost || scene.clock.nowMs() < NOW_MS + 5 * MINUTE_MS) return;
    lost = true;
    throw new Error("answer lost");
  });
  await scene.pass(10 * MINUTE_MS);
  expect(lost).toBe(true);
  const { counts } = scene.cursor();
  const ledgers = [...scene.ledgers().values()];
  expect(ledgers.reduce((all, ledger) => all + ledger.duplicates, 0)).toBe(counts.duplicates);
});

test("a pass that a lookback gave up is given up in state with the next commit, or a restart would resume it", () => {
  const { records } = begun(looking);
  records.set(readerKey(scan.name, "lookback/2m"), inPass(2 * MINUTE_MS));
  const memory = ScanMemory.load(looking, records, IDS_BYTES)!;
  memory.leavePass("lookback/2m");
  write(records, plan(memory, pageOf(["new"], 0, NOW_MS), NOW_MS)!);
  expect(ScanMemory.load(looking, records, IDS_BYTES)?.jobs.get("lookback/2m")?.pass).toBeNull();
});

test("a lookback whose age is not configured any more does not keep its slices in memory for ever", () => {
  const { memory, records } = begun({ ...looking, lookbacksMs: [6 * HOUR_MS] });
  const old = plan(memory, pageOf(["old"], 0, STEP.fromMs), STEP.fromMs)!;
  memory.committed(old, 0);
  write(records, old);
  records.set(readerKey(scan.name, "lookback/6h"), inPass(6 * HOUR_MS));
  const later = ScanMemory.load({ ...looking, lookbacksMs: [2 * MINUTE_MS] }, records, IDS_BYTES)!;
  for (const atMs of [NOW_MS, NOW_MS + HOUR_MS, NOW_MS + 2 * HOUR_MS]) {
    later.committed(plan(later, pageOf([`at ${atMs}`], 0, atMs), atMs)!, 0);
  }
  expect(later.slices?.remembered).not.toContain(STEP.fromMs);
});

test.each([
  ["as soon as the tail has left them", [], 0],
  ["once they were read at the last age", [2 * MINUTE_MS, DAY_MS], DAY_MS],
])(
  "slices are forgotten %s, with their chunks, and a restart after that repeats nothing",
  async (_, lookbacksMs, ageMs) => {
    const activities = backlog(90, HOUR_MS);
    const scene = new Scene({ activities, scan: { lookbacksMs, start: { kind: "age", ageMs: 5 * DAY_MS } } });
    scene.start();
    await scene.pass(5 * MINUTE_MS);
    scene.restart();
    await scene.pass(5 * MINUTE_MS);
    expect(sorted(scene.published)).toEqual(idsOf(activities));
    const { positionMs } = scene.cursor();
    for (const [sliceMs, ledger] of scene.ledgers()) {
      const isOld = sliceMs + HOUR_MS <= positionMs - ageMs - HOUR_MS;
      const isNew = sliceMs + HOUR_MS > positionMs - ageMs + 10 * MINUTE_MS;
      if (isOld || isNew) expect([sliceMs, ledger.remembered, ledger.chunks]).toEqual([sliceMs, isNew, isNew ? 1 : 0]);
      if (isOld || isNew) expect(ledger.settledMs !== null).toBe(isOld);
    }
    expect([...scene.ledgers().values()].filter((ledger) => !ledger.remembered).length).toBeGreaterThan(60);
    expect([...scene.ledgers().values()].some((ledger) => ledger.remembered)).toBe(true);
  },
);
