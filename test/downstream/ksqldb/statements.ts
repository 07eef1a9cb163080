import { readExpression } from "./expressions.ts";
import { list, Reader } from "./tokens.ts";
import { type Columns, readColumns, shown, type Type } from "./types.ts";

/** A stream or a table that a statement makes. */
export interface Source {
  readonly kind: "STREAM" | "TABLE";
  readonly columns: Columns;
  readonly properties: ReadonlyMap<string, string>;
}

/** Sources by name, in the order of their making. */
export type Sources = ReadonlyMap<string, Source>;

/**
 * Reads statements of the kinds used here, as ksqlDB's grammar has them (SqlBase.g4), each ended by `;`.
 *
 * @param known the sources that statements before these have made.
 * @returns those and the ones made here.
 * @throws Error where a statement does not parse, names what there is not, or uses it as another type.
 */
export function readStatements(sql: string, known: Sources = new Map()): Sources {
  const reader = new Reader(sql);
  const sources = new Map(known);
  while (!reader.done) {
    if (reader.passes("SET")) {
      reader.take("text");
      reader.need("=");
      reader.take("text");
    } else readCreate(reader, sources);
    reader.need(";");
  }
  return sources;
}

function readCreate(reader: Reader, sources: Map<string, Source>): void {
  reader.need("CREATE");
  const kind = reader.passes("TABLE") ? "TABLE" : "STREAM";
  if (kind === "STREAM") reader.need("STREAM");
  const name = reader.take("word").value;
  if (sources.has(name)) reader.fail(`${name} exists`);
  if (reader.passes("(")) {
    const columns = readColumns(reader);
    reader.need(")");
    sources.set(name, { kind, columns, properties: readProperties(reader) });
    return;
  }
  const properties = readProperties(reader);
  reader.need("AS");
  sources.set(name, { kind, columns: readQuery(reader, sources, kind), properties });
}

const PROPERTIES = ["KAFKA_TOPIC", "KEY_FORMAT", "VALUE_FORMAT", "TIMESTAMP"];

function readProperties(reader: Reader): Map<string, string> {
  const properties = new Map<string, string>();
  reader.need("WITH", "(");
  list(reader, () => {
    const { value } = reader.take("word");
    if (!PROPERTIES.includes(value)) reader.fail(`${value} is no property used here`);
    reader.need("=");
    properties.set(value, reader.take("text").value);
  });
  reader.need(")");
  return properties;
}

/** A SELECT's columns. What it selects comes before what it selects from, so that is looked for first. */
function readQuery(reader: Reader, sources: Sources, kind: Source["kind"]): Columns {
  reader.need("SELECT");
  const from = reader.ahead("FROM").value;
  const source = sources.get(from) ?? reader.fail(`nothing named ${from}`);
  const columns = new Map<string, Type>();
  list(reader, () => {
    const only = reader.nextQuoted();
    const type = readExpression(reader, source.columns);
    const name = reader.passes("AS") ? reader.take("quoted").value : only;
    if (name === null || columns.has(name)) reader.fail(`a column without a name of its own: ${shown(type)}`);
    columns.set(name as string, type);
  });
  reader.need("FROM", from);
  const windowed = reader.passes("WINDOW");
  if (windowed) readWindow(reader);
  if (reader.passes("WHERE")) needBoolean(reader, source.columns);
  const grouped = reader.passes("GROUP");
  if (grouped) {
    reader.need("BY");
    for (const key of list(reader, () => reader.take("quoted").value))
      if (!source.columns.has(key) || !columns.has(key)) reader.fail(`the key ${key} must be selected`);
  }
  if (reader.passes("HAVING")) needBoolean(reader, source.columns);
  reader.need("EMIT", "CHANGES");
  // Only what is grouped becomes a table of a stream, and only streams have windows.
  const fits = (grouped ? "TABLE" : source.kind) === kind && (!windowed || (grouped && source.kind === "STREAM"));
  return fits ? columns : reader.fail(`this does not make a ${kind}`);
}

function needBoolean(reader: Reader, columns: Columns): void {
  if (readExpression(reader, columns) !== "BOOLEAN") reader.fail("a condition is BOOLEAN");
}

const UNITS = ["MINUTE", "MINUTES", "HOUR", "HOURS", "DAY", "DAYS"];

function readWindow(reader: Reader): void {
  const hopping = reader.passes("HOPPING");
  if (!hopping) reader.need("TUMBLING");
  reader.need("(", "SIZE");
  readSpan(reader);
  if (hopping) {
    reader.need(",", "ADVANCE", "BY");
    readSpan(reader);
  }
  reader.need(",", "RETENTION");
  readSpan(reader);
  reader.need(",", "GRACE", "PERIOD");
  readSpan(reader);
  reader.need(")");
}

function readSpan(reader: Reader): void {
  reader.take("number");
  const { value } = reader.take("word");
  if (!UNITS.includes(value)) reader.fail(`${value} is no unit`);
}
