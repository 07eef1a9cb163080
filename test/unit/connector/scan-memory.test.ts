import { expect, test } from "vitest";
import type { Page } from "../../../src/connector/page.ts";
import { type PagePlan, ScanMemory } from "../../../src/connector/scan-memory.ts";
import { foldPage } from "../../../src/scan/fold.ts";
import { decodeLedger } from "../../../src/scan/ledger.ts";
import { idHash, sliceOf } from "../../../src/scan/slices.ts";
import { nextAsk } from "../../../src/scan/tail.ts";
import { simConfig } from "../../fakes/sim-connector.ts";
import { backlog, DAY_MS, HOUR_MS, idsOf, MINUTE_MS, NOW_MS, Scene, saved, sorted } from "./scene.ts";

const scan = simConfig({ cursorField: "created" }).scans[0]!;
const IDS_BYTES = 1 << 20;

/** A page of `fresh` new ids and `duplicates`, all at `atMs`. */
function pageOf(fresh: readonly string[], duplicates: number, atMs: number): Page {
  const ids = fresh.map(idHash);
  const counts = { activities: fresh.length + duplicates, duplicates, deadLettered: 0 };
  const additions = () => [{ sliceMs: sliceOf(atMs), ids, read: counts.activities, duplicates, deadLettered: 0 }];
  return { ...counts, fresh: ids, records: [], additions } as unknown as Page;
}

/** What the last page of a pass changes. */
function plan(memory: ScanMemory, page: Page, atMs: number, nowMs = 0): PagePlan | null {
  const ask = nextAsk(memory.cursor, "created", { filters: {}, limit: 500 }, atMs);
  const fold = foldPage(memory.cursor, ask, {
    activities: page.activities,
    hasNext: false,
    nextFilters: null,
    total: null,
    lowestMs: atMs,
    highestMs: atMs,
    outOfBounds: 0,
    descending: false,
    onPrevious: false,
    serverNowMs: atMs,
  });
  return memory.planPage(page, fold, nowMs);
}

type Records = Map<string, Buffer>;
function write(records: Records, change: PagePlan): Records {
  for (const { key, value } of change.transaction.state) {
    if (value === null) records.delete(key);
    else records.set(key, Buffer.from(value));
  }
  return records;
}

function begun(): { memory: ScanMemory; records: Records } {
  const memory = ScanMemory.begin(scan, NOW_MS, IDS_BYTES);
  const start = memory.planCursor();
  memory.committed(start, 0);
  return { memory, records: write(new Map(), start) };
}

const known = (memory: ScanMemory, id: string) => memory.slices?.has(idHash(id));

test("a transaction that turns out to be committed is taken over from the state", () => {
  const { memory, records } = begun();
  const change = plan(memory, pageOf(["a"], 0, NOW_MS), NOW_MS)!;
  expect(memory.reload(change, scan, write(records, change))).toBe("committed");
  expect(known(memory, "a")).toBe(true);
  expect(memory.cursor).toEqual(change.cursorAfter);
});

test("one that was not committed leaves everything as it was, and may be tried again", () => {
  const { memory, records } = begun();
  const change = plan(memory, pageOf(["a"], 0, NOW_MS), NOW_MS)!;
  expect(memory.reload(change, scan, records)).toBe("open");
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
  expect(memory.reload(change, scan, records)).toBe("other");
  expect([known(memory, "a"), known(memory, "b"), known(memory, "c")]).toEqual([false, true, true]);
});

test("a state that is gone is never a fresh start", () => {
  const { memory } = begun();
  const change = plan(memory, pageOf(["a"], 0, NOW_MS), NOW_MS)!;
  expect(() => memory.reload(change, scan, new Map())).toThrow("gone");
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
  expect(memory.reload(change, scan, write(records, change))).toBe("committed");
  write(records, plan(memory, pageOf(["c"], 0, NOW_MS), NOW_MS)!);
  expect(ledgerOf(records)).toMatchObject({ read: 6, duplicates: 3, published: 3 });
});

test("what was counted is not lost when ids are forgotten to save memory", () => {
  const { memory, records } = begun();
  for (const [at, id] of ["old", "a"].entries()) {
    const change = plan(memory, pageOf([id], 0, NOW_MS + (at - 1) * 5 * HOUR_MS), NOW_MS)!;
    memory.committed(change, 0);
    write(records, change);
  }
  expect(plan(memory, pageOf([], 1, NOW_MS), NOW_MS)).toBeNull();
  const shrink = memory.planShrink()!;
  expect(ledgerOf(write(records, shrink))).toMatchObject({ duplicates: 1 });
  memory.committed(shrink, 0);
  expect([known(memory, "old"), known(memory, "a")]).toEqual([false, true]);
  expect(memory.planShrink()).toBeNull();
  expect(ScanMemory.load(scan, records, IDS_BYTES)?.cursor.counts.duplicates).toBe(1);
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

test("slices are forgotten a day below the position, with their chunks, and a restart after that repeats nothing", async () => {
  const activities = backlog(90, HOUR_MS);
  const scene = new Scene({ activities, scan: { start: { kind: "age", ageMs: 5 * DAY_MS } } });
  scene.start();
  await scene.pass(5 * MINUTE_MS);
  scene.restart();
  await scene.pass(5 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
  const { positionMs } = scene.cursor();
  for (const [sliceMs, ledger] of scene.ledgers()) {
    const isOld = sliceMs + HOUR_MS <= positionMs - DAY_MS - HOUR_MS;
    const isNew = sliceMs >= positionMs - DAY_MS;
    if (isOld || isNew) expect([sliceMs, ledger.remembered, ledger.chunks]).toEqual([sliceMs, isNew, isNew ? 1 : 0]);
  }
  expect([...scene.ledgers().values()].some((ledger) => !ledger.remembered)).toBe(true);
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

test("ids that outgrow their memory are forgotten down to an hour; where that is not enough the scan says so", async () => {
  const scene = new Scene({ activities: backlog(600, 2 * MINUTE_MS), pageCeiling: 50 });
  scene.config = { ...scene.config, memory: { ...scene.config.memory, idsBytes: 8_192 } };
  scene.start();
  await scene.pass(10 * MINUTE_MS);
  expect(scene.published).toHaveLength(600);
  expect(scene.states.at(-1)).toBe("idle");
  scene.config = { ...scene.config, memory: { ...scene.config.memory, idsBytes: 1_000 } };
  scene.restart();
  await scene.pass(5 * MINUTE_MS);
  expect(scene.of("scan_state").at(-1)).toMatchObject({
    state: "blocked",
    code: "memory_exhausted",
    reason: expect.stringContaining("memory.ids"),
  });
});
