import avsc, { type Schema } from "avsc";
import { recordsOf } from "../../../deploy/generate/schema-records.ts";
import type { AvroType, FieldSchema, RecordSchema } from "../../../src/activity/schema.ts";

/**
 * Why those who know `before` may not be given `after`, a sentence each. Our rule is narrower than FULL compatibility:
 * fields are added, each nullable with null as its default, and never renamed, retyped or removed. Where registries
 * would let a field go, who reads it by name would not know.
 */
export function breaches(before: RecordSchema, after: RecordSchema): string[] {
  const [known, now] = [fieldsOf(before), fieldsOf(after)];
  const lost = [...known]
    .filter(([path, shape]) => now.get(path) !== shape)
    .map(([path, shape]) => (now.has(path) ? `${path} was ${shape} and is ${now.get(path)}` : `${path} is gone`));
  const added = [...now].filter(([path, shape]) => !known.has(path) && !shape.endsWith(OPTIONAL));
  return [...lost, ...added.map(([path]) => `${path} is new and not optional`)];
}

const OPTIONAL = " or null, by default null";

/** Fields as `Record.field`, each with what Avro says of it. */
function fieldsOf(schema: RecordSchema): ReadonlyMap<string, string> {
  return new Map(recordsOf(schema).flatMap(({ name, fields }) => fields.map((f) => [`${name}.${f.name}`, shapeOf(f)])));
}

function shapeOf({ type, default: byDefault }: FieldSchema): string {
  if (typeof type === "string" || !(0 in type)) return textOf(type);
  return `${textOf(type[1])}${byDefault === null ? OPTIONAL : " or null"}`;
}

function textOf(type: AvroType): string {
  return JSON.stringify(type, (key, value) => (key === "fields" || key === "doc" ? undefined : value));
}

/** Whether each schema's readers can read what the other's writers wrote, by avsc's resolution. */
export function readEachOther(one: RecordSchema, other: RecordSchema): boolean {
  return canRead(one, other) && canRead(other, one);
}

function canRead(reader: RecordSchema, writer: RecordSchema): boolean {
  const [from, to] = [writer, reader].map((schema) => avsc.Type.forSchema(schema as Schema, { wrapUnions: "never" }));
  try {
    to?.createResolver(from as avsc.Type);
    return true;
  } catch {
    return false;
  }
}

export interface Change {
  readonly says: string;
  readonly of: (schema: RecordSchema) => RecordSchema;
  /** What our rule says to it. */
  readonly breaches: readonly string[];
  /** Whether it is compatible both ways for those who resolve: avsc, a registry that is set to FULL. */
  readonly isFull: boolean;
}

const optional = { type: ["null", "string"], default: null, doc: "Not known before." } as const;

function edited(name: string, edit: (field: FieldSchema) => FieldSchema[]): Change["of"] {
  return (schema) => ({ ...schema, fields: schema.fields.flatMap((f) => (f.name === name ? edit(f) : f)) });
}

const appended =
  (field: FieldSchema): Change["of"] =>
  (schema) => ({ ...schema, fields: [...schema.fields, field] });

/** What a person may do to the schema, and what has to come of it. */
export const changes: readonly Change[] = [
  { says: "nothing", of: (schema) => schema, breaches: [], isFull: true },
  { says: "one more optional field", of: appended({ name: "later", ...optional }), breaches: [], isFull: true },
  {
    says: "one more optional record",
    of: appended({
      ...optional,
      name: "later",
      type: ["null", { type: "record", name: "Later", fields: [{ name: "x", ...optional }] }],
    }),
    breaches: [],
    isFull: true,
  },
  { says: "another doc", of: edited("uid", (f) => [{ ...f, doc: "Better said." }]), breaches: [], isFull: true },
  {
    says: "one more field that is not optional",
    of: appended({ name: "later", type: "string", doc: "Not known before." }),
    breaches: ["Activity.later is new and not optional"],
    isFull: false,
  },
  {
    says: "one more nullable field without a default",
    of: appended({ name: "later", type: ["null", "string"], doc: "Not known before." }),
    breaches: ["Activity.later is new and not optional"],
    isFull: false,
  },
  { says: "a field less", of: edited("uid", () => []), breaches: ["Activity.uid is gone"], isFull: true },
  {
    says: "a required field less",
    of: edited("scan", () => []),
    breaches: ["Activity.scan is gone"],
    isFull: false,
  },
  {
    says: "another name for a field",
    of: edited("uid", (f) => [{ ...f, name: "uniqueId" }]),
    breaches: ["Activity.uid is gone"],
    isFull: true,
  },
  {
    says: "a wider number",
    of: edited("appId", (f) => [{ ...f, type: ["null", "double"] }]),
    breaches: ['Activity.appId was "long" or null, by default null and is "double" or null, by default null'],
    isFull: false,
  },
  {
    says: "a field that is not null any more",
    of: edited("appName", ({ name, doc }) => [{ name, doc, type: "string" }]),
    breaches: ['Activity.appName was "string" or null, by default null and is "string"'],
    isFull: false,
  },
  {
    says: "a field that may be null now",
    of: edited("scan", ({ name, doc }) => [{ name, doc, type: ["null", "string"], default: null }]),
    breaches: ['Activity.scan was "string" and is "string" or null, by default null'],
    isFull: false,
  },
  {
    says: "a field of a record less",
    of: edited("session", (f) => [
      { ...f, type: ["null", { type: "record", name: "Session", fields: [{ name: "id", ...optional }] }] },
    ]),
    breaches: ["Session.sessionId is gone"],
    isFull: true,
  },
];
