import { expect, test } from "vitest";
import { mergeNext } from "../../../src/tenant/filters.ts";

const FIRST = { service: { eq: [20893] }, created: { gte: 100, lte: 900 } };

test.each([
  ["an echo of everything", '{"service": {"eq":[20893]}, "created":{"gte":500, "lte":900}}'],
  ["an opaque key", '{"cursor":"A"}'],
  ["an opaque key beside a known one", '{"created":{"gte":500},"cursor":"A"}'],
  ["a string", '"eyJhIjoxfQ"'],
  ["a list", "[1,2]"],
  ["a number", "7"],
  ["conditions that are no object", '{"created":500}'],
  ["a field said twice", '{"created":{"gte":1},"created":{"gte":2}}'],
  ["an operator said twice", '{"created":{"gte":1,"gte":2}}'],
  ["a list named data", '{"data":[1]}'],
  ["broken JSON", '{"created":{"gte":5'],
  ["a range beside the echo", '{"service":{"eq":[20893]},"created":{"range":[{"start":500,"end":900}]}}'],
  ["strict bounds beside the echo", '{"service":{"eq":[20893]},"created":{"gt":499,"lt":901}}'],
])("%s is sent as it came", (_what, next) => {
  expect(mergeNext(FIRST, next)).toBe(next);
});

test.each([
  ["an ascending boundary", '{"created":{"gte":500}}', '{"created":{"gte":500,"lte":900},"service":{"eq":[20893]}}'],
  ["a descending boundary", '{"created":{"lte":500}}', '{"created":{"lte":500,"gte":100},"service":{"eq":[20893]}}'],
  ["a strict boundary", '{"created":{"gt":500}}', '{"created":{"gt":500,"lte":900},"service":{"eq":[20893]}}'],
  ["a range only", '{"created":{"range":{"start":1}}}', '{"created":{"range":{"start":1}},"service":{"eq":[20893]}}'],
  [
    "a boundary on the other time",
    '{"date":{"gte":500}}',
    '{"date":{"gte":500},"service":{"eq":[20893]},"created":{"gte":100,"lte":900}}',
  ],
  ["nothing", " { } ", '{"service":{"eq":[20893]},"created":{"gte":100,"lte":900}}'],
  [
    "the filters without the boundary",
    '{"service":{"eq":[20893]}}',
    '{"service":{"eq":[20893]},"created":{"gte":100,"lte":900}}',
  ],
  [
    "another operator of the same field",
    '{"service":{"neq":[1]},"created":{"gte":5,"lte":9}}',
    '{"service":{"neq":[1],"eq":[20893]},"created":{"gte":5,"lte":9}}',
  ],
])("%s is completed from the first request", (_what, next, merged) => {
  expect(mergeNext(FIRST, next)).toBe(merged);
});

test("what next filters say is kept to the letter, values and numbers included", () => {
  const next = '{ "created" : { "gte" : 9007199254740993.0 } , "service":{"eq":[1e3]}}';
  expect(mergeNext(FIRST, next)).toBe('{"created":{ "gte" : 9007199254740993.0,"lte":900},"service":{"eq":[1e3]}}');
});

test("merging twice is merging once", () => {
  const once = mergeNext(FIRST, '{"created":{"gte":500}}');
  expect(mergeNext(FIRST, once)).toBe(once);
});
