import { type AvroType, activitySchema, type RecordSchema } from "../../src/activity/schema.ts";

const HEAD = `-- Made by deploy/generate/ksqldb.ts from schemas/activity.avsc: do not edit.
-- NOT RUN: see README.md beside it.
--
-- Names are the schema's own, quoted: unquoted ones would become upper case, and \`timestamp\`, \`source\`, \`type\`
-- and others are words of the language. Columns are declared rather than inferred from the registry, which would give
-- them the names and types of one version of ksqlDB. ROWTIME, the time that windows go by, is when it happened.
`;

/** `deploy/ksqldb/activities.sql`: the stream over the activities topic. @throws Error for a type without counterpart. */
export function ksqldbActivities(schema: RecordSchema = activitySchema): string {
  const named = new Map<string, RecordSchema>();
  const columns = schema.fields.map(({ name, type }) => `  \`${name}\` ${ksqlType(type, named)}`);
  return `${HEAD}
CREATE STREAM activities (
${columns.join(",\n")}
) WITH (
  KAFKA_TOPIC = 'mdca-activities',
  KEY_FORMAT = 'NONE',
  VALUE_FORMAT = 'AVRO',
  TIMESTAMP = '\`timestamp\`'
);
`;
}

/** The type that ksqlDB reads an Avro type as; all are nullable there. `named`: records met so far. */
export function ksqlType(type: AvroType, named: Map<string, RecordSchema> = new Map()): string {
  if (typeof type === "string") return scalarType(type, named);
  if (0 in type) return ksqlType(type[1], named);
  if ("items" in type) return `ARRAY<${ksqlType(type.items, named)}>`;
  if ("values" in type) return `MAP<VARCHAR, ${ksqlType(type.values, named)}>`;
  if (!("fields" in type)) return "TIMESTAMP";
  named.set(type.name, type);
  return `STRUCT<${type.fields.map((field) => `\`${field.name}\` ${ksqlType(field.type, named)}`).join(", ")}>`;
}

const SCALARS: Readonly<Record<string, string>> = {
  string: "VARCHAR",
  long: "BIGINT",
  double: "DOUBLE",
  boolean: "BOOLEAN",
};

function scalarType(type: string, named: Map<string, RecordSchema>): string {
  const found = SCALARS[type];
  const record = named.get(type);
  if (found === undefined && record === undefined) throw new Error(`ksqlDB has no type for ${type}`);
  return found ?? ksqlType(record as RecordSchema, named);
}
