import { expect, test } from "vitest";
import {
  type AvroType,
  activitySchema,
  CONNECTOR_FIELDS,
  type FieldSchema,
  type RecordSchema,
  schemaPrint,
  schemaText,
} from "../../../src/activity/schema.ts";
import { noSamples, sample } from "./samples.ts";

const records = new Map<string, RecordSchema>();
const types: AvroType[] = [];

function visit(type: AvroType): void {
  types.push(type);
  if (typeof type === "string") return;
  if (0 in type) visit(type[1]);
  else if ("items" in type) visit(type.items);
  else if ("values" in type) visit(type.values);
  else if ("fields" in type) {
    records.set(type.name, type);
    for (const field of type.fields) visit(field.type);
  }
}
visit(activitySchema);

const fields = [...records.values()].flatMap((record) =>
  record.fields.map((field) => ({ record: record.name, field })),
);

test("only types that Flink and ksqlDB read are used", () => {
  const plain = types.filter((type): type is string => typeof type === "string");
  expect(new Set(plain)).toEqual(new Set(["string", "long", "double", "boolean", "ResolvedActor"]));
  const logical = types.filter((type) => typeof type === "object" && "logicalType" in type);
  expect(new Set(logical.map((type) => JSON.stringify(type)))).toEqual(
    new Set(['{"type":"long","logicalType":"timestamp-millis"}']),
  );
  expect(schemaText).not.toMatch(/"(enum|fixed|bytes|int|float|timestamp-micros|decimal)"/);
});

test("every union is null and one type, and null is its default", () => {
  const unions = types.filter((type) => Array.isArray(type));
  expect(unions.length).toBeGreaterThan(90);
  for (const union of unions) expect([union.length, union[0], union[1] === "null"]).toEqual([2, "null", false]);
  for (const { field } of fields)
    expect([field.name, field.default]).toEqual([field.name, isUnion(field) ? null : undefined]);
});

function isUnion(field: FieldSchema): boolean {
  return Array.isArray(field.type);
}

test("only the id and what the connector itself adds can not be null", () => {
  const required = fields.filter(({ field }) => !isUnion(field)).map(({ record, field }) => `${record}.${field.name}`);
  expect(required).toEqual(["_id", "scan", "tenant", "reader", "readAt"].map((name) => `Activity.${name}`));
});

test("every field says what it is, in a sentence", () => {
  for (const { record, field } of fields) {
    expect([record, field.name, field.doc]).toEqual([record, field.name, expect.stringMatching(/^\S.{8,}\.$/)]);
  }
});

test("no two fields of a record differ only by case, and all names are legal in Avro", () => {
  for (const record of records.values()) {
    const names = record.fields.map((field) => field.name);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
  }
});

test("no field has a name that every object inherits", () => {
  for (const { field } of fields) expect(field.name in {}).toBe(false);
});

test("the printed schema is the registered one with its layout", () => {
  expect(JSON.stringify(JSON.parse(schemaPrint()))).toBe(schemaText);
  expect(schemaText).not.toContain("\n");
  expect([...CONNECTOR_FIELDS].filter((name) => !activitySchema.fields.some((field) => field.name === name))).toEqual(
    [],
  );
});

/** Paths of the schema as the field table writes them; `*` for a map's members. */
function paths(record: RecordSchema, prefix: string): string[] {
  return record.fields.flatMap((field) => pathsOf(field.type, prefix + field.name));
}

function pathsOf(type: AvroType, path: string): string[] {
  if (typeof type === "string") {
    const named = records.get(type);
    return named === undefined ? [path] : [path, ...paths(named, `${path}.`)];
  }
  if (0 in type) return pathsOf(type[1], path);
  if ("items" in type) return [path, ...pathsOf(type.items, `${path}[]`)];
  if ("values" in type) return [path, `${path}.*`];
  return "fields" in type ? [path, ...paths(type, `${path}.`)] : [path];
}

test.skipIf(noSamples !== false)("every field that real tenants have shown has its place", () => {
  const known = new Set(paths(activitySchema, ""));
  const shown = sample("activity-fields.tsv").trim().split("\n").slice(1);
  const missing = shown
    .map((line) => line.split("\t")[0] ?? "")
    .filter((path) => !/^(collected|rawDataJson)[.]/.test(path))
    .map((path) => path.replace(/^entityData[.]\d+/, "entityData[]"))
    .filter((path) => !known.has(path) && !known.has(path.replace(/[.][^.]+$/, ".*")));
  expect(shown.length).toBeGreaterThan(400);
  expect(missing).toEqual([]);
});
