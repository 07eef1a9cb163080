import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeLedger, type StateEntry } from "../../../src/scan/ledger.ts";
import { idHash, type SliceAddition, Slices, sliceOf } from "../../../src/scan/slices.ts";
import { restoreState } from "../../../src/scan/state.ts";
import { HOUR_MS, NOW_MS } from "./cursors.ts";
import { identity, recordsOf } from "./state-records.ts";

const slices = () => new Slices("all", "created");
const ids = (from: number, count: number) => Array.from({ length: count }, (_, at) => idHash(`id ${from + at}`));
const adding = (sliceMs: number, added: readonly Buffer[], more: Partial<SliceAddition> = {}): SliceAddition => ({
  sliceMs,
  ids: added,
  read: added.length,
  duplicates: 0,
  deadLettered: 0,
  ...more,
});
const chunksIn = (state: readonly StateEntry[]) => state.filter(({ key }) => key.includes('"chunk"'));
const add = (to: Slices, ...additions: SliceAddition[]) => {
  const change = to.planPage(additions, null);
  change.apply();
  return change.state;
};

test("a slice is an aligned hour, also before 1970", () => {
  expect(sliceOf(NOW_MS)).toBe(NOW_MS);
  expect(sliceOf(NOW_MS - 1)).toBe(NOW_MS - HOUR_MS);
  expect(sliceOf(-1)).toBe(-HOUR_MS);
});

test("nothing is known before the plan is applied", () => {
  const memory = slices();
  const change = memory.planPage([adding(NOW_MS, ids(0, 1))], null);
  expect(memory.has(idHash("id 0"))).toBe(false);
  change.apply();
  expect(memory.has(idHash("id 0"))).toBe(true);
});

test("membership is asked of the whole scan, not of one slice", () => {
  const memory = slices();
  add(memory, adding(NOW_MS - 5 * HOUR_MS, ids(0, 1)), adding(NOW_MS, ids(1, 1)));
  expect(memory.has(idHash("id 0"))).toBe(true);
  expect(memory.ids).toBe(2);
});

test("what is read back from the records is what was added, whatever pages it came in", () => {
  const page = fc.record({
    sliceMs: fc.integer({ min: 0, max: 2 }).map((hour) => NOW_MS + hour * HOUR_MS),
    count: fc.constantFrom(0, 1, 2, 100, 255, 256, 257, 600),
  });
  fc.assert(
    fc.property(fc.array(page, { maxLength: 8 }), (pages) => {
      const memory = slices();
      const written = new Map<string, string | Buffer | null>();
      let from = 0;
      for (const { sliceMs, count } of pages) {
        const state = add(memory, adding(sliceMs, ids(from, count)));
        from += count;
        for (const { key, value } of state) written.set(key, value);
      }
      const back = restoreState(identity, recordsOf(written))?.slices;
      expect(back?.ids).toBe(from);
      for (let at = 0; at < from; at++) expect(back?.has(idHash(`id ${at}`))).toBe(true);
      // And goes on as the first would: the next page writes the same records.
      const more = [adding(NOW_MS, ids(from, 3))];
      expect(back?.planPage(more, null).state).toEqual(memory.planPage(more, null).state);
    }),
    { numRuns: 30 },
  );
});

test("only a slice's last chunk is written again", () => {
  const memory = slices();
  add(memory, adding(NOW_MS, ids(0, 600)));
  const state = chunksIn(add(memory, adding(NOW_MS, ids(600, 10))));
  expect(state.map(({ key }) => JSON.parse(key).chunk)).toEqual([2]);
  expect(state[0]?.value).toHaveLength((600 - 512 + 10) * 16);
});

test("the ledger counts what was read, published, repeated and dead-lettered, and digests the ids in any order", () => {
  const one = slices();
  const other = slices();
  add(one, adding(NOW_MS, ids(0, 5), { read: 9, duplicates: 4, deadLettered: 2 }));
  const state = add(one, adding(NOW_MS, ids(5, 1)));
  const shuffled = add(other, adding(NOW_MS, ids(0, 6).reverse()));
  const ledger = (records: readonly StateEntry[]) => decodeLedger(records.at(-1)?.value as Buffer, "test");
  expect(ledger(state)).toMatchObject({ read: 10, published: 4, duplicates: 4, deadLettered: 2, ids: 6 });
  expect(ledger(state).digest).toBe(ledger(shuffled).digest);
  expect(ledger(add(other, adding(NOW_MS, ids(6, 1)))).digest).not.toBe(ledger(state).digest);
});

test("a page without new ids writes a ledger and no chunk", () => {
  const memory = slices();
  add(memory, adding(NOW_MS, ids(0, 3)));
  expect(chunksIn(add(memory, adding(NOW_MS, [], { read: 3, duplicates: 3 })))).toEqual([]);
});

const gap = { fromMs: NOW_MS + 7, untilMs: NOW_MS + 7, reason: "stall" };

test("a gap is opened once in the ledger of its slice, and counted until the slice is forgotten and after", () => {
  const memory = slices();
  for (let times = 0; times < 3; times++) memory.planPage([adding(NOW_MS, ids(times, 1))], gap).apply();
  memory.planPage([], { ...gap, fromMs: NOW_MS - 1, untilMs: NOW_MS - 1 }).apply();
  expect(memory.openGaps).toBe(2);
  expect(memory.hasGap(gap)).toBe(true);
  memory.planForget(NOW_MS + HOUR_MS, new Set()).apply();
  expect(memory.openGaps).toBe(2);
  expect(memory.hasGap(gap)).toBe(true);
});

test("slices that end at the given time are forgotten with a tombstone for each chunk; later and spared ones stay", () => {
  const memory = slices();
  const hours = [-2, -1, 0].map((hour) => NOW_MS + hour * HOUR_MS);
  for (const [at, sliceMs] of hours.entries()) add(memory, adding(sliceMs, ids(at * 1_000, 300)));
  const change = memory.planForget(NOW_MS, new Set([hours[0]!]));
  expect(memory.ids).toBe(900);
  change.apply();
  expect(memory.ids).toBe(600);
  expect(memory.has(idHash("id 1000"))).toBe(false);
  expect(memory.has(idHash("id 0")) && memory.has(idHash("id 2000"))).toBe(true);
  const tombstones = chunksIn(change.state);
  expect(tombstones.map(({ key, value }) => [JSON.parse(key).chunk, value])).toEqual([
    [0, null],
    [1, null],
  ]);
  expect(decodeLedger(change.state.at(-1)?.value as Buffer, "test")).toMatchObject({ remembered: false, ids: 300 });
});
