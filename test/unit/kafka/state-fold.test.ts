import fc from "fast-check";
import { expect, test } from "vitest";
import { MARK_KEY, markOf, StateFold } from "../../../src/kafka/state-fold.ts";

test("any records fold to the latest value of each key", () => {
  const record = fc.tuple(fc.constantFrom("a", "b", "c", ""), fc.option(fc.uint8Array({ maxLength: 3 })));
  fc.assert(
    fc.property(fc.array(record), (records) => {
      const fold = new StateFold();
      for (const [key, value] of records) fold.add(key, value === null ? null : Buffer.from(value));
      for (const key of ["a", "b", "c", ""]) {
        const last = records.findLast(([each]) => each === key)?.[1] ?? null;
        expect(fold.state.get(key) ?? null).toEqual(last === null ? null : Buffer.from(last));
      }
    }),
  );
});

test("a value is kept as a copy, so that the response it came in can go", () => {
  const response = Buffer.from("response");
  const fold = new StateFold();
  fold.add("key", response.subarray(0, 3));
  response.fill("x");
  expect(String(fold.state.get("key"))).toBe("res");
});

test("the latest mark says whose the shard is, and no mark is part of the state", () => {
  const fold = new StateFold();
  const mark = (term: string) => fold.add(MARK_KEY, Buffer.from(String(markOf(term).value)));
  expect(fold.isMarkedBy("one")).toBe(false);
  mark("one");
  expect(fold.isMarkedBy("one")).toBe(true);
  mark("two");
  expect([fold.isMarkedBy("one"), fold.isMarkedBy("two")]).toEqual([false, true]);
  expect(fold.state.size).toBe(0);
});

test("the mark before the latest says who owned the shard before, where it is still there", () => {
  const fold = new StateFold();
  const mark = (term: string) => fold.add(MARK_KEY, Buffer.from(String(markOf(term).value)));
  mark("mine");
  expect(fold.isPrecededBy(new Set(["mine"]))).toBe(false);
  mark("mine again");
  expect(fold.isPrecededBy(new Set(["mine", "a failed try"]))).toBe(true);
  mark("other");
  mark("mine at last");
  expect(fold.isPrecededBy(new Set(["mine", "mine again", "mine at last"]))).toBe(false);
});
