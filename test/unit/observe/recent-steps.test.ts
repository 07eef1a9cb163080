import { expect, test } from "vitest";
import { largestOf, RecentSteps, STEPS, sumOf } from "../../../src/observe/recent-steps.ts";

test("the steps before one come the oldest first, unknown where nothing was put", () => {
  const steps = new RecentSteps();
  for (const step of [1_000, 1_002, 1_003]) steps.put(step, step / 2);
  expect(steps.before(1_004, 5)).toEqual([null, 500, null, 501, 501.5]);
  expect(steps.before(1_004)).toHaveLength(STEPS);
});

test("a step takes the place of the one an hour before it, and can be unknown again", () => {
  const steps = new RecentSteps();
  steps.put(5, 1);
  steps.put(5 + STEPS, 2);
  expect(steps.before(6 + STEPS, 1)).toEqual([2]);
  steps.put(5 + 2 * STEPS, null);
  expect(steps.before(6 + 2 * STEPS, 1)).toEqual([null]);
});

test("series are put together step by step, without what is not known", () => {
  const series = [
    [1, null, 3, null],
    [5, 2, 1, null],
  ];
  expect(sumOf(series)).toEqual([6, 2, 4, null]);
  expect(largestOf(series)).toEqual([5, 2, 3, null]);
  expect(sumOf([])).toEqual([]);
});
