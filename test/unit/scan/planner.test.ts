import { expect, test } from "vitest";
import { nextDue } from "../../../src/scan/planner.ts";

test("of the readers that are due the one served longest ago is next, though another was due before", () => {
  const often = { dueMs: 10, servedMs: 95 };
  const seldom = { dueMs: 90, servedMs: 20 };
  expect(nextDue([often, seldom], 100)).toBe(seldom);
});

test("who was never served comes before all others", () => {
  const fresh = { dueMs: Number.NEGATIVE_INFINITY, servedMs: Number.NEGATIVE_INFINITY };
  expect(nextDue([{ dueMs: 0, servedMs: 0 }, fresh], 100)).toBe(fresh);
});

test("when none is due the one that will be first is to be waited for", () => {
  const soon = { dueMs: 110, servedMs: 99 };
  expect(nextDue([{ dueMs: 200, servedMs: 0 }, soon], 100)).toBe(soon);
});

test("none of several that are always due starves", () => {
  const readers = [0, 1, 2].map((servedMs) => ({ dueMs: 0, servedMs, turns: 0 }));
  for (let nowMs = 10; nowMs < 40; nowMs++) {
    const reader = nextDue(readers, nowMs)!;
    reader.turns += 1;
    reader.servedMs = nowMs;
  }
  expect(readers.map((reader) => reader.turns)).toEqual([10, 10, 10]);
});

test("without readers there is none to ask", () => {
  expect(nextDue([], 100)).toBeNull();
});
