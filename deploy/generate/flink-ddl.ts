import { readFileSync } from "node:fs";
import { type AvroType, activitySchema, type FieldSchema, type RecordSchema } from "../../src/activity/schema.ts";

/** A table of alerts: a topic `${alerts}-<name>` with the schema `deploy/flink/schemas/<name>.avsc`. */
export interface AlertTable {
  readonly name: string;
  /** With a key a later record replaces an earlier one (an upsert table, a compacted topic); without, each is an alert. */
  readonly key: readonly string[] | null;
}

export const ALERT_TABLES: readonly AlertTable[] = [
  { name: "activity-counts", key: ["tenant", "minute", "app"] },
  { name: "first-seen-country", key: ["tenant", "actor", "country"] },
  { name: "impossible-travel", key: null },
  { name: "late-activities", key: null },
  { name: "login-after-failures", key: null },
  { name: "mass-download", key: null },
];

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: "STRING",
  long: "BIGINT",
  double: "DOUBLE",
  boolean: "BOOLEAN",
};

function alertSchema(name: string): RecordSchema & { readonly doc: string } {
  return JSON.parse(readFileSync(new URL(`../flink/schemas/${name}.avsc`, import.meta.url), "utf8"));
}

/** `deploy/flink/tables.sql`: the activities, and a table for each kind of alert. */
export function tablesSql(activity: RecordSchema = activitySchema): string {
  return [HEAD, activitiesTable(activity), ...ALERT_TABLES.map(alertTable)].join("\n");
}

const HEAD = `-- Made by deploy/generate/flink-tables.ts from schemas/activity.avsc and deploy/flink/schemas/*.avsc: do not edit.
-- Names are the schema's own, in its own case: a column that differs by case only would read as NULL, without an error.
`;

const EVENT_TIME = `-- \`event_time\` is when it happened. What says to have happened after it was read is taken for as
-- old as that, or one wrong clock would make all that comes after it late.
-- The watermark waits for \${lateness}, by default 15 minutes: activities are saved 170 to 340 s after they happened
-- (measured on the public samples), the first lookback finds what was shown up to 2 minutes late, in steps of 30 s, and
-- a scan that is 5 minutes behind is still within its objective. What comes later than that goes to late_activities;
-- counts and first countries do not wait, and take it in.
-- Only committed transactions are read: what a connector that died left behind is no activity.
`;

function activitiesTable(schema: RecordSchema): string {
  const columns = [
    ...columnsOf(schema),
    "  `event_time` AS CASE WHEN COALESCE(`timestamp`, `created`) <= `readAt` " +
      "THEN COALESCE(`timestamp`, `created`) ELSE `readAt` END",
    `  WATERMARK FOR \`event_time\` AS \`event_time\` - INTERVAL ${variable("lateness")}`,
  ];
  return `${EVENT_TIME}${create("activities", columns, {
    connector: "kafka",
    topic: variable("topic"),
    "properties.bootstrap.servers": variable("brokers"),
    "properties.group.id": variable("group"),
    "properties.isolation.level": "read_committed",
    "scan.startup.mode": variable("startup"),
    "scan.bounded.mode": variable("bounded"),
    "scan.watermark.idle-timeout": `${variable("idle")} s`,
    format: "avro-confluent",
    "avro-confluent.url": variable("registry"),
  })}`;
}

function alertTable({ name, key }: AlertTable): string {
  const schema = alertSchema(name);
  const topic = `${variable("alerts")}-${name}`;
  const columns = columnsOf(schema);
  const shared = { topic, "properties.bootstrap.servers": variable("brokers") };
  const value = {
    "value.format": "avro-confluent",
    "value.avro-confluent.url": variable("registry"),
    "value.avro-confluent.subject": `${topic}-value`,
    "value.avro-confluent.schema": JSON.stringify(schema),
  };
  const title = `-- ${schema.doc}\n`;
  if (key === null) {
    return `${title}${create(tableName(name), columns, {
      connector: "kafka",
      ...shared,
      "sink.delivery-guarantee": "exactly-once",
      "sink.transactional-id-prefix": `${variable("group")}-${name}`,
      // Brokers refuse more than transaction.max.timeout.ms, 15 minutes by default; Flink's own default is an hour.
      "properties.transaction.timeout.ms": "900000",
      ...value,
    })}`;
  }
  const primary = `  PRIMARY KEY (${key.map(quoted).join(", ")}) NOT ENFORCED`;
  return `${title}${create(tableName(name), [...columns, primary], {
    connector: "upsert-kafka",
    ...shared,
    "key.format": "avro-confluent",
    "key.avro-confluent.url": variable("registry"),
    "key.avro-confluent.subject": `${topic}-key`,
    ...value,
  })}`;
}

function tableName(name: string): string {
  return name.replaceAll("-", "_");
}

function create(table: string, columns: readonly string[], options: Readonly<Record<string, string>>): string {
  const lines = Object.entries(options).map(([name, value]) => `  ${text(name)} = ${text(value)}`);
  return `CREATE TABLE ${table} (\n${columns.join(",\n")}\n) WITH (\n${lines.join(",\n")}\n);\n`;
}

function columnsOf(schema: RecordSchema): string[] {
  const named = new Map<string, RecordSchema>();
  return schema.fields.map(
    ({ name, type, doc }) => `  ${quoted(name)} ${sqlType(type, name, named)} COMMENT ${text(doc)}`,
  );
}

/** @param named the records so far, which later fields may name as their type. @throws Error for what has no counterpart. */
function sqlType(type: AvroType, path: string, named: Map<string, RecordSchema>): string {
  const nullable = typeof type !== "string" && 0 in type;
  return `${baseType(nullable ? type[1] : type, path, named)}${nullable ? "" : " NOT NULL"}`;
}

function baseType(type: AvroType, path: string, named: Map<string, RecordSchema>): string {
  if (typeof type === "string") {
    const record = named.get(type);
    if (record !== undefined) return rowType(record.fields, path, named);
    const primitive = PRIMITIVES[type];
    if (primitive === undefined) throw new Error(`${path}: Flink has no type for ${type}`);
    return primitive;
  }
  if (0 in type) throw new Error(`${path}: a union in a union`);
  if ("items" in type) return `ARRAY<${sqlType(type.items, path, named)}>`;
  if ("values" in type) return `MAP<STRING NOT NULL, ${sqlType(type.values, path, named)}>`;
  if (!("fields" in type)) return "TIMESTAMP(3)";
  named.set(type.name, type);
  return rowType(type.fields, path, named);
}

function rowType(fields: readonly FieldSchema[], path: string, named: Map<string, RecordSchema>): string {
  const inside = fields.map(({ name, type }) => `${quoted(name)} ${sqlType(type, `${path}.${name}`, named)}`);
  return `ROW<${inside.join(", ")}>`;
}

/** What the runner fills in. */
const variable = (name: string): string => `\${${name}}`;
const quoted = (name: string): string => `\`${name}\``;
const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
