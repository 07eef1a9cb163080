import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffMs } from "../../../src/kit/backoff.ts";

const options = { firstMs: 1_000, capMs: 60_000 };

test("the range doubles with each failure up to its cap", () => {
  const longest = [1, 2, 3, 6, 7, 100].map((attempt) => backoffMs(attempt, options, () => 1));
  expect(longest).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
});

test("a wait lies anywhere in its range, but is never shorter than a quarter of it", () => {
  const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), draw, (attempt, random) => {
      const rangeMs = backoffMs(attempt, options, () => 1);
      const waitMs = backoffMs(attempt, options, () => random);
      expect(waitMs).toBeGreaterThanOrEqual(rangeMs / 4);
      expect(waitMs).toBeLessThanOrEqual(rangeMs);
    }),
  );
  expect(backoffMs(3, options, () => 0)).toBe(1_000);
});
