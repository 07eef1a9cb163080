import { isJsonObject } from "./read.ts";

/** A field that differs between two schemas. */
export interface FieldDifference {
  /** From the record down, e.g. `device.clientIP`. */
  readonly field: string;
  readonly change: "added" | "removed" | "type" | "default" | "doc";
  /** What `theirs` has, on one line; null where it has nothing. */
  readonly theirs: string | null;
  readonly ours: string | null;
}

/** What differs from `theirs` to `ours`, in our fields' order and then what only they have; other schemas are compared whole. */
export function schemaDiff(theirs: unknown, ours: unknown): FieldDifference[] {
  return compareTypes("", theirs, ours);
}

function compareTypes(path: string, theirs: unknown, ours: unknown): FieldDifference[] {
  const [left, right] = [fieldsOf(theirs), fieldsOf(ours)];
  if (left !== null && right !== null && typeText(theirs) === typeText(ours)) return compareFields(path, left, right);
  const [leftPart, rightPart] = [partOf(theirs), partOf(ours)];
  if (leftPart !== null && rightPart !== null && leftPart.kind === rightPart.kind) {
    return compareTypes(path, leftPart.of, rightPart.of);
  }
  const [a, b] = [typeText(theirs), typeText(ours)];
  return a === b ? [] : [{ field: path === "" ? "(schema)" : path, change: "type", theirs: a, ours: b }];
}

type Fields = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

function compareFields(path: string, theirs: Fields, ours: Fields): FieldDifference[] {
  const at = (name: string) => (path === "" ? name : `${path}.${name}`);
  const found = [...ours].flatMap(([name, our]) => {
    const their = theirs.get(name);
    if (their === undefined) {
      return [{ field: at(name), change: "added" as const, theirs: null, ours: typeText(our["type"]) }];
    }
    return [...compareTypes(at(name), their["type"], our["type"]), ...compareRest(at(name), their, our)];
  });
  const gone = [...theirs].filter(([name]) => !ours.has(name));
  return [
    ...found,
    ...gone.map(([name, { type }]) => ({
      field: at(name),
      change: "removed" as const,
      theirs: typeText(type),
      ours: null,
    })),
  ];
}

function compareRest(field: string, theirs: Readonly<Record<string, unknown>>, ours: typeof theirs): FieldDifference[] {
  return (["default", "doc"] as const).flatMap((change) => {
    const [a, b] = [theirs[change], ours[change]].map((value) => (value === undefined ? null : text(value)));
    return a === b ? [] : [{ field, change, theirs: a ?? null, ours: b ?? null }];
  });
}

/** By name; null for what is no record. */
function fieldsOf(type: unknown): Fields | null {
  if (!isJsonObject(type) || !Array.isArray(type["fields"])) return null;
  const fields = type["fields"].filter(isJsonObject);
  return new Map(fields.map((field) => [String(field["name"]), field]));
}

/** What a nullable, a list or a map is made of; null for all else. */
function partOf(type: unknown): { kind: string; of: unknown } | null {
  if (Array.isArray(type) && type.length === 2 && type[0] === "null") return { kind: "nullable", of: type[1] };
  if (!isJsonObject(type)) return null;
  if (type["type"] === "array") return { kind: "array", of: type["items"] };
  return type["type"] === "map" ? { kind: "map", of: type["values"] } : null;
}

/** Types in short: a record by its name. */
function typeText(type: unknown): string {
  const part = partOf(type);
  if (part !== null) return `${part.kind} ${typeText(part.of)}`;
  return fieldsOf(type) !== null && isJsonObject(type) ? `record ${String(type["name"])}` : text(type);
}

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
