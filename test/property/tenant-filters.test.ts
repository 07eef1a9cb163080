import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeNext } from "../../src/tenant/filters.ts";
import type { Filters } from "../../src/tenant/request.ts";

const bound = fc.integer({ min: 0, max: 20 });
const span = fc.dictionary(fc.constantFrom("gte", "lte", "gt", "lt"), bound, { maxKeys: 3 });
const services = fc.dictionary(fc.constantFrom("eq", "neq"), fc.uniqueArray(fc.integer({ min: 1, max: 3 })), {
  maxKeys: 2,
});
const filters: fc.Arbitrary<Filters> = fc.record(
  { created: span, date: span, service: services },
  { requiredKeys: [] },
);

/** An own reading of what conditions let through. */
function matches(conditions: Filters, activity: { created: number; date: number; service: number }): boolean {
  return Object.entries(conditions).every(([field, operators]) =>
    Object.entries(operators).every(([operator, wanted]) => {
      const is = activity[field as "created"];
      if (operator === "eq") return (wanted as number[]).includes(is);
      if (operator === "neq") return !(wanted as number[]).includes(is);
      const limit = wanted as number;
      return { gte: is >= limit, lte: is <= limit, gt: is > limit, lt: is < limit }[operator as "gte"];
    }),
  );
}

const activity = fc.record({ created: bound, date: bound, service: fc.integer({ min: 1, max: 3 }) });

test("merging never lets through what the next filters keep out, and says all that the first request said", () => {
  fc.assert(
    fc.property(filters, filters, activity, (first, next, candidate) => {
      const text = JSON.stringify(next);
      const merged = JSON.parse(mergeNext(first, text)) as Filters;
      if (matches(merged, candidate)) expect(matches(next, candidate)).toBe(true);
      for (const [field, operators] of Object.entries(first)) {
        for (const operator of Object.keys(operators)) {
          const there = Object.keys(merged[field] ?? {});
          expect(
            there.some(
              (other) => other === operator || (field !== "service" && other.slice(0, 2) === operator.slice(0, 2)),
            ),
          ).toBe(true);
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test("when nothing of the first request is missing the text is the same to the last byte", () => {
  fc.assert(
    fc.property(filters, fc.constantFrom(0, 1, 3), (first, indent) => {
      const text = JSON.stringify(first, null, indent);
      expect(mergeNext(first, text)).toBe(text);
    }),
    { numRuns: 500 },
  );
});

test("any text at all is merged or sent as it came", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => json.slice(0, -1)),
  );
  fc.assert(
    fc.property(filters, texts, (first, text) => {
      const merged = mergeNext(first, text);
      if (merged !== text) expect(() => JSON.parse(text) as unknown).not.toThrow();
    }),
    { numRuns: 1000 },
  );
});
