import fc from "fast-check";
import { expect, test } from "vitest";
import { type Coverage, cover, firstUncovered, type Stretch } from "../../../src/scan/coverage.ts";

const MAX = 40;
const stretch: fc.Arbitrary<Stretch> = fc.record({
  fromMs: fc.integer({ min: 0, max: MAX }),
  untilMs: fc.integer({ min: 0, max: MAX }),
});
const coverAll = (stretches: readonly Stretch[]) => stretches.reduce<Coverage>(cover, []);

/** The same as a set of integers. */
const naive = (stretches: readonly Stretch[]): Set<number> =>
  new Set(
    stretches.flatMap(({ fromMs, untilMs }) =>
      Array.from({ length: Math.max(0, untilMs - fromMs) }, (_, at) => fromMs + at),
    ),
  );

test("a coverage is the set of the integers in its stretches, disjoint, apart, ascending and none empty", () => {
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 20 }), (stretches) => {
      const coverage = coverAll(stretches);
      expect(naive(coverage)).toEqual(new Set([...naive(stretches)].sort((a, b) => a - b)));
      for (const [at, each] of coverage.entries()) {
        expect(each.fromMs).toBeLessThan(each.untilMs);
        expect(coverage[at - 1]?.untilMs ?? -1).toBeLessThan(each.fromMs);
      }
    }),
  );
});

test("what is covered, and the first stretch that is not, are those of the set of integers", () => {
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 20 }), stretch, (stretches, asked) => {
      const coverage = coverAll(stretches);
      const set = naive(stretches);
      const { fromMs, untilMs } = firstUncovered(coverage, asked.fromMs);
      let first = asked.fromMs;
      while (set.has(first)) first += 1;
      let end = first;
      while (!set.has(end) && end <= MAX) end += 1;
      expect([fromMs, untilMs]).toEqual([first, end > MAX ? Number.POSITIVE_INFINITY : end]);
    }),
  );
});

test("stretches that touch become one, and an empty one changes nothing", () => {
  const one = cover([], { fromMs: 1, untilMs: 5 });
  expect(cover(one, { fromMs: 5, untilMs: 9 })).toEqual([{ fromMs: 1, untilMs: 9 }]);
  expect(cover(one, { fromMs: 6, untilMs: 9 })).toHaveLength(2);
  expect(cover(one, { fromMs: 7, untilMs: 7 })).toEqual(one);
  expect(cover(one, { fromMs: 9, untilMs: 6 })).toEqual(one);
});

test("of more than 64 stretches the shortest is forgotten: never is more covered than was", () => {
  const apart = Array.from({ length: 64 }, (_, at) => ({ fromMs: at * 100, untilMs: at * 100 + 10 + at }));
  const full = coverAll(apart);
  expect(full).toHaveLength(64);
  const over = cover(full, { fromMs: 7_000, untilMs: 7_050 });
  expect(over).toHaveLength(64);
  expect(firstUncovered(over, 0)).toEqual({ fromMs: 0, untilMs: 100 });
  expect(firstUncovered(over, 7_000).fromMs).toBe(7_050);
});
