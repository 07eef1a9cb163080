import { expect, test } from "vitest";
import { boundaryOf, conditionsOn } from "../../../src/scan/bounds.ts";

const pass = { untilMs: 900 };

test.each([
  ["a moved lower bound", { created: { gte: 500, lte: 900 } }, { atMs: 500, ascending: true }],
  ["a lower bound alone", { created: { gte: 500 } }, { atMs: 500, ascending: true }],
  ["a strict lower bound", { created: { gt: 500 } }, { atMs: 500, ascending: true }],
  ["a moved upper bound", { created: { gte: 100, lte: 700 } }, { atMs: 700, ascending: false }],
  ["an upper bound alone", { created: { lt: 700 } }, { atMs: 700, ascending: false }],
])("%s tells where a pass stands", (_, filters, boundary) => {
  expect(boundaryOf(JSON.stringify(filters), "created", pass)).toEqual(boundary);
});

test.each([
  ["the pass's own upper bound alone", '{"created":{"lte":900}}'],
  ["another field", '{"date":{"gte":500}}'],
  ["an opaque key", '{"cursor":"eyJhIjoxfQ"}'],
  ["text", '"created.gte=500"'],
  ["what is not JSON", "{created"],
  ["numbers as text", '{"created":{"gte":"500"}}'],
  ["numbers that are no exact milliseconds", '{"created":{"gte":1.5}}'],
  ["a list", '[{"created":{"gte":500}}]'],
  ["no conditions", '{"created":null}'],
])("%s does not tell where a pass stands", (_, filters) => {
  expect(boundaryOf(filters, "created", pass)).toBeNull();
});

test("conditions on a time are told apart whatever their shape, and not by the order of their members", () => {
  expect(conditionsOn('{"date":{"lte":2,"gte":1}}', "date")).toBe(conditionsOn('{"date":{"gte":1,"lte":2}}', "date"));
  expect(conditionsOn('{"date":{"range":{"start":1,"end":2}}}', "date")).not.toBeNull();
  expect(conditionsOn('{"date":{}}', "date")).toBeNull();
  expect(conditionsOn('{"created":{"gte":1}}', "date")).toBeNull();
  expect(conditionsOn("opaque", "date")).toBeNull();
});
