import { expect, test } from "vitest";
import { idHash } from "../../../src/scan/digest.ts";
import { type Gap, ledgerKey } from "../../../src/scan/ledger.ts";
import { PASSED_BY_MAX } from "../../../src/scan/pass.ts";
import { SliceDraft } from "../../../src/scan/slice-draft.ts";
import { HOUR_MS, NOW_MS, passAt } from "./cursors.ts";
import { add, adding, change, chunksIn, ids, lastLedger, newSlices } from "./slice-changes.ts";

test("nothing is known before the change is applied", () => {
  const memory = newSlices();
  const draft = new SliceDraft(memory);
  draft.add(adding(NOW_MS, ids(0, 1)));
  draft.openGap(stall(NOW_MS));
  expect([memory.has(idHash("id 0")), memory.openGaps, memory.ledgers]).toEqual([false, 0, []]);
  draft.apply();
  expect([memory.has(idHash("id 0")), memory.openGaps]).toEqual([true, 1]);
});

test("only a slice's last chunk is written again", () => {
  const memory = newSlices();
  add(memory, adding(NOW_MS, ids(0, 600)));
  const state = chunksIn(add(memory, adding(NOW_MS, ids(600, 10))));
  expect(state.map(({ key }) => JSON.parse(key).chunk)).toEqual([2]);
  expect(state[0]?.value).toHaveLength((600 - 512 + 10) * 16);
});

test("the ledger counts what was read, published, repeated, dead-lettered and late, and digests the ids in any order", () => {
  const one = newSlices();
  const other = newSlices();
  add(one, adding(NOW_MS, ids(0, 5), { read: 9, duplicates: 4, deadLettered: 2, late: 2 }));
  const state = add(one, adding(NOW_MS, ids(5, 1), { late: 1 }));
  const shuffled = add(other, adding(NOW_MS, ids(0, 6).reverse()));
  expect(lastLedger(state)).toMatchObject({ read: 10, published: 4, duplicates: 4, deadLettered: 2, late: 3, ids: 6 });
  expect(lastLedger(state).digest).toBe(lastLedger(shuffled).digest);
  expect(lastLedger(add(other, adding(NOW_MS, ids(6, 1)))).digest).not.toBe(lastLedger(state).digest);
});

test("a page without new ids writes a ledger and no chunk", () => {
  const memory = newSlices();
  add(memory, adding(NOW_MS, ids(0, 3)));
  expect(chunksIn(add(memory, adding(NOW_MS, [], { read: 3, duplicates: 3 })))).toEqual([]);
});

test("several additions to one slice in a change are as one", () => {
  const one = newSlices();
  const other = newSlices();
  const apart = add(one, adding(NOW_MS, ids(0, 200)), adding(NOW_MS, ids(200, 200)));
  expect(apart).toEqual(add(other, adding(NOW_MS, ids(0, 400))));
  expect(one.ids).toBe(400);
});

const stall = (atMs: number): Gap => ({ fromMs: atMs, untilMs: atMs, reason: "stall" });
const gapsOf = (memory: ReturnType<typeof newSlices>) => memory.ledgers.flatMap(([, { gaps }]) => gaps);

test("a gap is opened once in the ledger of the slice that it begins in", () => {
  const memory = newSlices();
  const long = { ...stall(NOW_MS + 9), untilMs: NOW_MS + 5 * HOUR_MS };
  for (let times = 0; times < 3; times++) {
    change(memory, (draft) => {
      draft.add(adding(NOW_MS, ids(times, 1)));
      draft.openGap(stall(NOW_MS + 7));
      draft.openGap(long);
    });
  }
  expect(memory.ledgers.map(([sliceMs]) => sliceMs)).toEqual([NOW_MS]);
  expect(gapsOf(memory)).toEqual([stall(NOW_MS + 7), long]);
});

test("a slice that was settled is not any more once a gap opens in it", () => {
  const memory = newSlices();
  change(memory, (draft) => draft.settle(NOW_MS, 9));
  expect(memory.ledgerOf(NOW_MS).settledMs).toBe(9);
  change(memory, (draft) => draft.openGap(stall(NOW_MS)));
  expect(memory.ledgerOf(NOW_MS).settledMs).toBeNull();
});

test("more than a hundred gaps of one reason in a slice become one over all of them; others stay apart", () => {
  const memory = newSlices();
  const skipped: Gap = { fromMs: NOW_MS + 5, untilMs: NOW_MS + 6, reason: "skipped" };
  change(memory, (draft) => draft.openGap(skipped));
  for (let at = 0; at < 100; at++) change(memory, (draft) => draft.openGap(stall(NOW_MS + 10 + 2 * at)));
  expect(gapsOf(memory)).toHaveLength(101);
  change(memory, (draft) => draft.openGap(stall(NOW_MS + 1)));
  expect(gapsOf(memory)).toEqual([skipped, { fromMs: NOW_MS + 1, untilMs: NOW_MS + 10 + 2 * 99, reason: "stall" }]);
});

/** What of `gaps` a pass over the half hour from `NOW_MS` on closes. */
test("an hour found equal closes all gaps within it, whatever their reason; one that differs none", () => {
  const within = (reason: Gap["reason"], fromMs = NOW_MS): Gap => ({ fromMs, untilMs: fromMs + 9, reason });
  const beyond = within("skipped", NOW_MS + HOUR_MS - 5);
  const memory = newSlices();
  add(memory, adding(NOW_MS, ids(0, 2)));
  change(memory, (draft) => {
    for (const gap of [within("outside_memory"), within("stall", NOW_MS + 99), beyond]) draft.openGap(gap);
  });
  const verified = { atMs: NOW_MS, ids: 2, digest: "1".repeat(32) };
  change(memory, (draft) => expect(draft.verify(NOW_MS, { ...verified, equal: false })).toEqual([]));
  expect(memory.mismatches.map(([sliceMs]) => sliceMs)).toEqual([NOW_MS]);
  change(memory, (draft) => expect(draft.verify(NOW_MS, { ...verified, equal: true })).toHaveLength(2));
  expect(gapsOf(memory)).toEqual([beyond]);
  expect(memory.mismatches).toEqual([]);
});

test("an hour that never held anything needs no ledger to be equal", () => {
  const memory = newSlices();
  const verified = { atMs: NOW_MS, ids: 0, digest: "0".repeat(32), equal: true };
  expect(change(memory, (draft) => void draft.verify(NOW_MS, verified))).toEqual([]);
});

test("what is added where ids are forgotten is counted as repeated", () => {
  const memory = newSlices();
  add(memory, adding(NOW_MS, ids(0, 2)));
  change(memory, (draft) => draft.forget(NOW_MS));
  add(memory, adding(NOW_MS, ids(0, 2)));
  expect(memory.ledgerOf(NOW_MS)).toMatchObject({ ids: 4, repeated: 2 });
});

function closedBy(gaps: readonly Gap[], more: Parameters<typeof passAt>[0] = {}) {
  const memory = newSlices();
  change(memory, (draft) => gaps.forEach((gap) => void draft.openGap(gap)));
  const pass = passAt({ baseMs: NOW_MS, reachMs: NOW_MS + HOUR_MS / 2, ...more });
  let closed: Gap[] = [];
  change(memory, (draft) => {
    closed = draft.closeGaps(pass, () => true);
  });
  expect(gapsOf(memory)).toEqual(gaps.filter((gap) => !closed.includes(gap)));
  return closed;
}

test("a completed pass closes the gaps that it has read from end to end, its own bounds included", () => {
  const inside = [stall(NOW_MS), { fromMs: NOW_MS + 1, untilMs: NOW_MS + HOUR_MS / 2, reason: "doubtful" as const }];
  const beside = [stall(NOW_MS - 1), { ...stall(NOW_MS + 9), untilMs: NOW_MS + HOUR_MS / 2 + 1 }];
  expect(closedBy([...inside, ...beside])).toEqual(inside);
  expect(closedBy([stall(NOW_MS + 9 * HOUR_MS)], { reachMs: null })).toHaveLength(1);
});

test("a pass closes no gap that it had to pass by itself, and none at all where it had to pass by too many", () => {
  const gaps = [stall(NOW_MS + 1), stall(NOW_MS + 2), { ...stall(NOW_MS), untilMs: NOW_MS + 9 }];
  expect(closedBy(gaps, { passedBy: [NOW_MS + 2] })).toEqual([stall(NOW_MS + 1)]);
  const many = Array.from({ length: PASSED_BY_MAX }, (_, at) => NOW_MS + 1_000 + at);
  expect(closedBy(gaps, { passedBy: many.slice(1) })).toEqual(gaps);
  expect(closedBy(gaps, { passedBy: many })).toEqual([]);
});

test.each(["outside_memory", "memory", "skipped"] as const)("reading is no evidence against a gap of %s", (reason) => {
  expect(closedBy([{ ...stall(NOW_MS + 1), reason }])).toEqual([]);
});

test("a forgotten slice leaves a tombstone for each of its chunks, and its ledger; others stay", () => {
  const memory = newSlices();
  const hours = [-2, -1, 0].map((hour) => NOW_MS + hour * HOUR_MS);
  for (const [at, sliceMs] of hours.entries()) add(memory, adding(sliceMs, ids(at * 1_000, 300)));
  const draft = new SliceDraft(memory);
  draft.forget(NOW_MS - HOUR_MS);
  expect(memory.ids).toBe(900);
  const { state } = draft;
  draft.apply();
  expect(memory.ids).toBe(600);
  expect(memory.has(idHash("id 1000"))).toBe(false);
  expect(memory.has(idHash("id 0")) && memory.has(idHash("id 2000"))).toBe(true);
  expect(chunksIn(state).map(({ key, value }) => [JSON.parse(key).chunk, value])).toEqual([
    [0, null],
    [1, null],
  ]);
  expect(lastLedger(state)).toMatchObject({ remembered: false, ids: 300, published: 300 });
});

test("what a change adds and forgets at once is counted, and no chunk of it is written", () => {
  const memory = newSlices();
  add(memory, adding(NOW_MS, ids(0, 3)));
  const state = change(
    memory,
    (draft) => draft.add(adding(NOW_MS, ids(3, 300))),
    (draft) => draft.forget(NOW_MS),
  );
  expect(chunksIn(state).map(({ value }) => value)).toEqual([null]);
  expect(lastLedger(state)).toMatchObject({ remembered: false, ids: 303 });
  expect(memory.ids).toBe(0);
});

test("what is published again where ids are forgotten is counted, and not remembered", () => {
  const memory = newSlices();
  add(memory, adding(NOW_MS, ids(0, 3)));
  change(memory, (draft) => draft.forget(NOW_MS));
  const state = add(memory, adding(NOW_MS, ids(0, 2)));
  expect(chunksIn(state)).toEqual([]);
  expect(lastLedger(state)).toMatchObject({ remembered: false, published: 5, ids: 5 });
  expect([memory.ids, memory.remembered]).toEqual([0, []]);
});

test("a folded ledger is taken away, from memory and by a tombstone", () => {
  const memory = newSlices();
  add(memory, adding(NOW_MS, ids(0, 3)));
  change(memory, (draft) => draft.forget(NOW_MS));
  const state = change(memory, (draft) => draft.fold(NOW_MS));
  expect(state).toEqual([{ key: ledgerKey("all", "created", NOW_MS), value: null }]);
  expect(memory.ledgers).toEqual([]);
});
