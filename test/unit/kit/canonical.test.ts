import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../../../src/kit/canonical.ts";

test("the order of members, at any depth, does not matter; that of a list does", () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
  expect(canonicalJson([2, 1])).toBe("[2,1]");
});

test("equal values have equal texts, and the text means the value", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.stringify(value);
      expect(JSON.stringify(sorted(JSON.parse(canonicalJson(value))))).toBe(JSON.stringify(sorted(JSON.parse(json))));
      expect(canonicalJson(reversed(JSON.parse(json)))).toBe(canonicalJson(JSON.parse(json)));
    }),
  );
});

const reordered = (order: (members: [string, unknown][]) => [string, unknown][]) =>
  function again(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(again);
    if (value === null || typeof value !== "object") return value;
    const members = Object.entries(value).map(([name, at]): [string, unknown] => [name, again(at)]);
    return Object.fromEntries(order(members));
  };
const reversed = reordered((members) => members.reverse());
const sorted = reordered((members) => members.sort(([a], [b]) => (a < b ? -1 : 1)));
