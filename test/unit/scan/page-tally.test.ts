import { expect, test } from "vitest";
import { idHash } from "../../../src/scan/digest.ts";
import { PageTally } from "../../../src/scan/page-tally.ts";

const end = { hasNext: false, nextFilters: null, total: null, serverNowMs: 0 };
const nameOf = (id: string) => idHash(id).toString("latin1");

test("a page shows its lowest and highest value, its order, and what lies outside the bounds", () => {
  const tally = new PageTally({ fromMs: 100, untilMs: 110, direction: "asc" }, new Set());
  expect(tally.facts(end)).toMatchObject({ activities: 0, lowestMs: null, highestMs: null, disordered: false });
  tally.add(idHash("a"), 105);
  tally.add(idHash("b"), 110);
  expect(tally.facts(end)).toMatchObject({ lowestMs: 105, highestMs: 110, outOfBounds: 0, disordered: false });
  tally.add(idHash("c"), 100);
  expect(tally.facts(end)).toMatchObject({ lowestMs: 100, outOfBounds: 0, disordered: true });
  tally.add(idHash("d"), 99);
  tally.add(idHash("e"), 111);
  tally.add(idHash("f"), null);
  expect(tally.facts(end)).toMatchObject({ activities: 6, lowestMs: 99, highestMs: 111, outOfBounds: 2 });
});

test.each([
  ["asc", [1, 2, 2, 3], false],
  ["asc", [1, 3, 2], true],
  ["desc", [3, 2, 2, 1], false],
  ["desc", [3, 1, 2], true],
] as const)("asked %s, %j is out of order: %s", (direction, values, disordered) => {
  const tally = new PageTally({ fromMs: 0, untilMs: null, direction }, new Set());
  for (const [at, valueMs] of values.entries()) tally.add(idHash(`${at}`), valueMs);
  expect(tally.facts(end).disordered).toBe(disordered);
});

test("without an upper bound nothing is too late", () => {
  const tally = new PageTally({ fromMs: 100, untilMs: null, direction: "asc" }, new Set());
  tally.add(idHash("a"), Number.MAX_SAFE_INTEGER);
  expect(tally.facts(end).outOfBounds).toBe(0);
});

test("a page that shows nothing but what the page before showed is told from one that does", () => {
  const tally = new PageTally({ fromMs: 0, untilMs: null, direction: "asc" }, new Set(["a", "b"].map(nameOf)));
  expect(tally.facts(end).onPrevious).toBe(false);
  tally.add(idHash("a"), 1);
  tally.add(idHash("b"), 2);
  expect(tally.facts(end).onPrevious).toBe(true);
  tally.add(idHash("c"), 3);
  expect(tally).toMatchObject({ onPrevious: 2, activities: 3 });
  expect(tally.facts(end).onPrevious).toBe(false);
});

test("an id is new to its page once", () => {
  const tally = new PageTally({ fromMs: 0, untilMs: null, direction: "asc" }, new Set([nameOf("a")]));
  expect([tally.add(idHash("a"), 1), tally.add(idHash("a"), 1), tally.add(idHash("b"), 1)]).toEqual([
    true,
    false,
    true,
  ]);
});
