import { list, type Reader } from "./tokens.ts";

/** A scalar by its name, or what is built of others. */
export type Type =
  | string
  | { readonly items: Type }
  | { readonly values: Type }
  | { readonly fields: ReadonlyMap<string, Type> };

export type Columns = ReadonlyMap<string, Type>;

const SCALARS = ["VARCHAR", "BIGINT", "INT", "DOUBLE", "BOOLEAN", "TIMESTAMP"];

export function readType(reader: Reader): Type {
  if (reader.passes("ARRAY")) {
    reader.need("<");
    const items = readType(reader);
    reader.need(">");
    return { items };
  }
  if (reader.passes("MAP")) {
    reader.need("<", "VARCHAR", ",");
    const values = readType(reader);
    reader.need(">");
    return { values };
  }
  if (reader.passes("STRUCT")) {
    reader.need("<");
    const fields = readColumns(reader);
    reader.need(">");
    return { fields };
  }
  const { value } = reader.take("word");
  return SCALARS.includes(value) ? value : reader.fail(`${value} is no type`);
}

/** Names, quoted, with their types. @throws Error where two differ by case only: ksqlDB takes one for the other. */
export function readColumns(reader: Reader): Map<string, Type> {
  const columns = new Map<string, Type>();
  const seen = new Set<string>();
  for (const [name, type] of list(reader, () => [reader.take("quoted").value, readType(reader)] as const)) {
    if (seen.has(name.toUpperCase())) reader.fail(`${name} twice, but for its case`);
    seen.add(name.toUpperCase());
    columns.set(name, type);
  }
  return columns;
}

export function shown(type: Type): string {
  if (typeof type === "string") return type;
  if ("items" in type) return `ARRAY<${shown(type.items)}>`;
  if ("values" in type) return `MAP<VARCHAR, ${shown(type.values)}>`;
  return `STRUCT<${[...type.fields].map(([name, field]) => `\`${name}\` ${shown(field)}`).join(", ")}>`;
}

/** From ksqlDB's reference of scalar and aggregate functions; T is any one type, `...` one or more of the last. */
const SIGNATURES: readonly (readonly [name: string, args: readonly string[], result: string])[] = [
  ["ABS", ["BIGINT"], "BIGINT"],
  ["ARRAY_LENGTH", ["ARRAY<T>"], "INT"],
  ["COALESCE", ["T", "..."], "T"],
  ["COUNT", ["*"], "BIGINT"],
  ["COUNT_DISTINCT", ["T"], "BIGINT"],
  ["EARLIEST_BY_OFFSET", ["T"], "T"],
  ["FROM_UNIXTIME", ["BIGINT"], "TIMESTAMP"],
  ["GEO_DISTANCE", ["DOUBLE", "DOUBLE", "DOUBLE", "DOUBLE", "VARCHAR"], "DOUBLE"],
  ["LATEST_BY_OFFSET", ["T"], "T"],
  ["LATEST_BY_OFFSET", ["T", "INT"], "ARRAY<T>"],
  ["LCASE", ["VARCHAR"], "VARCHAR"],
  ["MAX", ["BIGINT"], "BIGINT"],
  ["MIN", ["BIGINT"], "BIGINT"],
  ["SUM", ["INT"], "INT"],
  ["UNIX_TIMESTAMP", ["TIMESTAMP"], "BIGINT"],
];

/** What a call results in; null where there is no such function of such arguments. */
export function resultOf(name: string, args: readonly Type[]): Type | null {
  for (const [called, wanted, result] of SIGNATURES) {
    const any = called === name ? bindingOf(wanted, args) : null;
    if (any === null) continue;
    if (result === "ARRAY<T>") return { items: any };
    return result === "T" ? any : result;
  }
  return null;
}

/** What T stands for, "" where it does not occur; null where the arguments do not fit. */
function bindingOf(wanted: readonly string[], args: readonly Type[]): Type | null {
  const open = wanted.at(-1) === "...";
  if (open ? args.length === 0 : args.length !== wanted.length) return null;
  let bound: Type = "";
  for (const [position, arg] of args.entries()) {
    const want = open ? wanted[0] : wanted[position];
    const inner = want === "ARRAY<T>" && typeof arg !== "string" && "items" in arg ? arg.items : null;
    if (want === "T" || inner !== null) {
      const candidate = inner ?? arg;
      if (bound !== "" && shown(bound) !== shown(candidate)) return null;
      bound = candidate;
    } else if (want !== shown(arg)) return null;
  }
  return bound;
}
