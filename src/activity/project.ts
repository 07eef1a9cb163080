import { isJsonObject } from "./read.ts";
import type { JsonObject } from "./reading.ts";
import type { AvroType, RecordSchema } from "./schema.ts";
import { wellFormed } from "./unicode.ts";

/** Told the path of a field, as the schema names it, whose value had to be left out. Bounded by the schema. */
export type OnMismatch = (field: string) => void;

/** A record's fields by name; every field of the schema is there. */
export type Projected = { [field: string]: unknown };

/** What a value becomes; null when it cannot be of the field's type, and then `onMismatch` has been told. */
type Projector = (value: unknown) => unknown;

/** What a value is in the field's type; undefined: it is of another. */
type Reader = (value: unknown) => unknown;

interface Build {
  readonly onMismatch: OnMismatch;
  /** Records that later fields may name as their type. */
  readonly named: Map<string, RecordSchema>;
}

/**
 * Compiles the schema into a function from any JSON object to a record that it can encode. Never throws,
 * whatever the object holds: what is absent or null becomes null, what is of the wrong type becomes null and
 * is reported, and a list or map only loses the members that are wrong. Only exact spellings of the same fact
 * are taken for each other (`"11161"` for 11161, `"true"` for true, an id that is a whole number).
 * Lone surrogates, which UTF-8 cannot hold, become U+FFFD.
 */
export function openProjection(schema: RecordSchema, onMismatch: OnMismatch): (json: JsonObject) => Projected {
  return recordProjection(schema, "", { onMismatch, named: new Map() });
}

function recordProjection(schema: RecordSchema, prefix: string, build: Build): (json: JsonObject) => Projected {
  build.named.set(schema.name, schema);
  const fields = schema.fields.map(({ name, type }) => ({ name, project: projector(type, prefix + name, build) }));
  return (json) => {
    const projected: Projected = {};
    for (const { name, project } of fields) projected[name] = project(json[name]);
    return projected;
  };
}

function projector(type: AvroType, path: string, build: Build): Projector {
  const read = reader(type, path, build);
  return (value) => {
    if (value === null || value === undefined) return null;
    const seen = read(value);
    if (seen !== undefined) return seen;
    build.onMismatch(path);
    return null;
  };
}

function reader(type: AvroType, path: string, build: Build): Reader {
  if (typeof type === "string") {
    const named = build.named.get(type);
    return named === undefined ? scalarReader(type, path) : objectReader(named, path, build);
  }
  if (0 in type) return reader(type[1], path, build);
  if ("items" in type) return listReader(type.items, path, build);
  if ("values" in type) return mapReader(type.values, path, build);
  if ("fields" in type) return objectReader(type, path, build);
  return readLong;
}

function objectReader(schema: RecordSchema, path: string, build: Build): Reader {
  const project = recordProjection(schema, `${path}.`, build);
  return (value) => (isJsonObject(value) ? project(value) : undefined);
}

function listReader(items: AvroType, path: string, build: Build): Reader {
  const project = projector(items, `${path}[]`, build);
  if (path === "entityData") return (value) => readEntities(value, project);
  return (value) => (Array.isArray(value) ? value.map(project).filter((item) => item !== null) : undefined);
}

function mapReader(values: AvroType, path: string, build: Build): Reader {
  const project = projector(values, `${path}.*`, build);
  return (value) => {
    if (!isJsonObject(value)) return undefined;
    // Without a prototype: a key like `__proto__` is a key like any other.
    const map: Projected = Object.create(null);
    for (const [key, member] of Object.entries(value)) {
      const seen = project(member);
      if (seen !== null) map[wellFormed(key)] = seen;
    }
    return map;
  };
}

/** An object keyed "0", "1", … with empty places, or a list: one list that keeps each entity's place. */
function readEntities(value: unknown, project: Projector): readonly unknown[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const entities: unknown[] = [];
  for (const [key, member] of Object.entries(value)) {
    const entity = project(member);
    if (isJsonObject(entity)) entities.push({ ...entity, index: readLong(key) ?? null });
  }
  return entities;
}

function scalarReader(type: string, path: string): Reader {
  if (type === "long") return readLong;
  if (type === "double") return readDouble;
  if (type === "boolean") return readBoolean;
  if (path === "user.userName") return readUserName;
  return isSpeltManyWays(path) ? readSpelling : readString;
}

// What avsc 5.7 writes and reads exactly: it refuses more than 2^53 - 2, and computes the zigzag form of a
// negative long, 2n - 1, in a double, which silently alters those below -2^52.
const LONG_MAX = 2 ** 53 - 2;
const LONG_MIN = -(2 ** 52);

function readLong(value: unknown): number | undefined {
  const long = typeof value === "string" && /^(0|-?[1-9]\d{0,15})$/.test(value) ? Number(value) : value;
  if (typeof long !== "number" || !Number.isInteger(long) || long < LONG_MIN || long > LONG_MAX) return undefined;
  return long + 0; // -0, which no long can be, becomes 0.
}

function readDouble(value: unknown): number | undefined {
  const double = typeof value === "string" && /^-?\d{1,15}(\.\d{1,20})?$/.test(value) ? Number(value) : value;
  return typeof double === "number" && Number.isFinite(double) ? double : undefined;
}

function readBoolean(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (value === "true") return true;
  return value === "false" ? false : undefined;
}

function readString(value: unknown): string | undefined {
  return typeof value === "string" ? wellFormed(value) : undefined;
}

/**
 * Fields (by the last name of their path) that the API, or an app behind it, spells as a string here and as a
 * number or boolean there: ids, tags (which are ids), values of parameters and what a description is filled with.
 */
const SPELT_MANY_WAYS: ReadonlySet<string> = new Set([
  ...["id", "uid", "aadTenantId", "machineId", "sessionId", "requestId"],
  ...["tags[]", "userTags[]", "ipTags[]"],
  ...["value", "*"],
]);

function isSpeltManyWays(path: string): boolean {
  return SPELT_MANY_WAYS.has(path.slice(path.lastIndexOf(".") + 1));
}

function readSpelling(value: unknown): string | undefined {
  return Number.isSafeInteger(value) || typeof value === "boolean" ? String(value) : readString(value);
}

/** A string, or of some failed logins an object that holds one: `{ failedUserData: { userName } }`. */
export function readUserName(value: unknown): string | undefined {
  if (!isJsonObject(value)) return readString(value);
  const inner = value["failedUserData"];
  return readString(isJsonObject(inner) ? inner["userName"] : value["userName"]);
}
