import { expect, test } from "vitest";
import { activitySchema } from "../../../src/activity/schema.ts";
import { schemaDiff } from "../../../src/activity/schema-diff.ts";

const record = (fields: object[], name = "R") => ({ type: "record", name, fields });
const inner = (type: unknown) => record([{ name: "x", type }], "Inner");

test("a schema does not differ from itself", () => {
  expect(schemaDiff(activitySchema, structuredClone(activitySchema))).toEqual([]);
});

test("fields are compared by name, in our order and then what only they have", () => {
  const theirs = record([
    { name: "gone", type: "long" },
    { name: "same", type: "string" },
    { name: "other", type: "string", doc: "before" },
  ]);
  const ours = record([
    { name: "added", type: ["null", { type: "array", items: inner("string") }], default: null },
    { name: "other", type: "long", doc: "after", default: 0 },
    { name: "same", type: "string" },
  ]);
  expect(schemaDiff(theirs, ours)).toEqual([
    { field: "added", change: "added", theirs: null, ours: "nullable array record Inner" },
    { field: "other", change: "type", theirs: "string", ours: "long" },
    { field: "other", change: "default", theirs: null, ours: "0" },
    { field: "other", change: "doc", theirs: "before", ours: "after" },
    { field: "gone", change: "removed", theirs: "long", ours: null },
  ]);
});

test.each([
  ["a nullable", (of: unknown) => ["null", of]],
  ["a list", (of: unknown) => ({ type: "array", items: of })],
  ["a map", (of: unknown) => ({ type: "map", values: of })],
])("what %s is made of is compared by its path", (_, wrap) => {
  const of = (type: string) => record([{ name: "a", type: wrap(inner(type)) }]);
  expect(schemaDiff(of("string"), of("long"))).toEqual([
    { field: "a.x", change: "type", theirs: "string", ours: "long" },
  ]);
});

test("another kind of schema, another record and a nullable that was none differ as a whole", () => {
  expect(schemaDiff("string", record([]))).toMatchObject([{ field: "(schema)", change: "type", ours: "record R" }]);
  expect(schemaDiff(record([], "Q"), record([]))).toMatchObject([{ theirs: "record Q", ours: "record R" }]);
  const plain = record([{ name: "a", type: "string" }]);
  const nullable = record([{ name: "a", type: ["null", "string"] }]);
  expect(schemaDiff(plain, nullable)).toMatchObject([{ field: "a", theirs: "string", ours: "nullable string" }]);
});
