import { expect, test } from "vitest";
import { largestOf, RecentSteps, STEPS, sumOf } from "../../../src/observe/recent-steps.ts";

/** Series of one value after the other, the last at step 999; null: none. */
const seriesOf = (...values: readonly (number | null)[]): RecentSteps => {
  const steps = new RecentSteps();
  for (const [at, value] of values.entries()) steps.put(1_000 - values.length + at, value);
  return steps;
};

test("the hour before a step comes the oldest first, unknown where nothing was put", () => {
  const hour = sumOf([seriesOf(500, null, 501, 501.5)], 1_000);
  expect(hour).toHaveLength(STEPS);
  expect(hour.slice(-5)).toEqual([null, 500, null, 501, 501.5]);
});

test("a step takes the place of the one an hour before it, and can be unknown again", () => {
  const steps = new RecentSteps();
  steps.put(5, 1);
  steps.put(5 + STEPS, 2);
  expect(sumOf([steps], 6 + STEPS).at(-1)).toBe(2);
  steps.put(5 + 2 * STEPS, null);
  expect(sumOf([steps], 6 + 2 * STEPS).at(-1)).toBeNull();
});

test("series are put together step by step, without what is not known", () => {
  const series = [seriesOf(1, null, 3, null), seriesOf(5, 2, 1, null)];
  expect(sumOf(series, 1_000).slice(-4)).toEqual([6, 2, 4, null]);
  expect(largestOf(series, 1_000).slice(-4)).toEqual([5, 2, 3, null]);
  expect(sumOf([], 1_000)).toEqual(new Array(STEPS).fill(null));
});

test("a sum over some steps passes over what is not known", () => {
  expect(seriesOf(9, 1, null, 2).sumBefore(1_000, 3)).toBe(3);
  expect(new RecentSteps().sumBefore(1_000, 6)).toBe(0);
});
