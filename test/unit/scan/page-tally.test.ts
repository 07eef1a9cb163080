import { expect, test } from "vitest";
import { PageTally } from "../../../src/scan/page-tally.ts";
import { idHash } from "../../../src/scan/slices.ts";

const end = { hasNext: false, nextFilters: null, total: null, serverNowMs: 0 };
const nameOf = (id: string) => idHash(id).toString("latin1");

test("a page shows its lowest and highest value, its order, and what lies outside the bounds", () => {
  const tally = new PageTally({ fromMs: 100, untilMs: 110 }, new Set());
  expect(tally.facts(end)).toMatchObject({ activities: 0, lowestMs: null, highestMs: null, descending: false });
  tally.add(idHash("a"), 105);
  tally.add(idHash("b"), 110);
  expect(tally.facts(end)).toMatchObject({ lowestMs: 105, highestMs: 110, outOfBounds: 0, descending: false });
  tally.add(idHash("c"), 100);
  expect(tally.facts(end)).toMatchObject({ lowestMs: 100, outOfBounds: 0, descending: true });
  tally.add(idHash("d"), 99);
  tally.add(idHash("e"), 111);
  tally.add(idHash("f"), null);
  expect(tally.facts(end)).toMatchObject({ activities: 6, lowestMs: 99, highestMs: 111, outOfBounds: 2 });
});

test("without an upper bound nothing is too late", () => {
  const tally = new PageTally({ fromMs: 100, untilMs: null }, new Set());
  tally.add(idHash("a"), Number.MAX_SAFE_INTEGER);
  expect(tally.facts(end).outOfBounds).toBe(0);
});

test("a page that shows nothing but what the page before showed is told from one that does", () => {
  const tally = new PageTally({ fromMs: 0, untilMs: null }, new Set(["a", "b"].map(nameOf)));
  expect(tally.facts(end).onPrevious).toBe(false);
  tally.add(idHash("a"), 1);
  tally.add(idHash("b"), 2);
  expect(tally.facts(end).onPrevious).toBe(true);
  tally.add(idHash("c"), 3);
  expect(tally).toMatchObject({ onPrevious: 2, activities: 3 });
  expect(tally.facts(end).onPrevious).toBe(false);
});

test("an id is new to its page once", () => {
  const tally = new PageTally({ fromMs: 0, untilMs: null }, new Set([nameOf("a")]));
  expect([tally.add(idHash("a"), 1), tally.add(idHash("a"), 1), tally.add(idHash("b"), 1)]).toEqual([
    true,
    false,
    true,
  ]);
});
