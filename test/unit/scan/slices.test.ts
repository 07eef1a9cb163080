import fc from "fast-check";
import { expect, test } from "vitest";
import { idHash } from "../../../src/scan/digest.ts";
import { restoreState } from "../../../src/scan/state.ts";
import { HOUR_MS, NOW_MS } from "./cursors.ts";
import { add, adding, change, ids, newSlices } from "./slice-changes.ts";
import { identity, recordsOf } from "./state-records.ts";

test("membership is asked of the whole scan, not of one slice", () => {
  const memory = newSlices();
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
      const memory = newSlices();
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
      expect(back && add(back, ...more)).toEqual(add(memory, ...more));
    }),
    { numRuns: 30 },
  );
});

const gap = { fromMs: NOW_MS + 7, untilMs: NOW_MS + 7, reason: "stall" as const };

test("gaps are counted until their slice is forgotten, and after", () => {
  const memory = newSlices();
  change(memory, (draft) => draft.openGap(gap));
  change(memory, (draft) => draft.openGap({ ...gap, fromMs: NOW_MS - 1, untilMs: NOW_MS - 1 }));
  expect(memory.openGaps).toBe(2);
  for (const sliceMs of memory.remembered) change(memory, (draft) => draft.forget(sliceMs));
  expect(memory.openGaps).toBe(2);
  expect(memory.ledgerOf(NOW_MS).gaps).toEqual([gap]);
});

test("a value is forgotten where its slice's ids were remembered once and are not any more, and nowhere else", () => {
  const memory = newSlices();
  add(memory, adding(NOW_MS, ids(0, 1)), adding(NOW_MS + HOUR_MS, ids(1, 1)));
  change(memory, (draft) => draft.forget(NOW_MS));
  const values = [NOW_MS - 1, NOW_MS, NOW_MS + HOUR_MS - 1, NOW_MS + HOUR_MS];
  expect(values.map((valueMs) => memory.isForgotten(valueMs))).toEqual([false, true, true, false]);
});

test("slices and their ledgers come in ascending order, whatever order they came in", () => {
  const memory = newSlices();
  const hours = [2, 0, 3, 1].map((hour) => NOW_MS + hour * HOUR_MS);
  for (const [at, sliceMs] of hours.entries()) add(memory, adding(sliceMs, ids(at, 1)));
  const ascending = [0, 1, 2, 3].map((hour) => NOW_MS + hour * HOUR_MS);
  expect(memory.remembered).toEqual(ascending);
  expect(memory.ledgers.map(([sliceMs]) => sliceMs)).toEqual(ascending);
});

test("ids of remembered slices occupy memory, and none once they are forgotten", () => {
  const memory = newSlices();
  expect(memory.bytes).toBe(0);
  add(memory, adding(NOW_MS, ids(0, 500)));
  expect(memory.bytes).toBeGreaterThan(500 * 16);
  change(memory, (draft) => draft.forget(NOW_MS));
  expect(memory.bytes).toBe(0);
});
