import { readFileSync } from "node:fs";

/** The part of Avro's schema language that `activity.avsc` keeps to; `null` only as the first of two branches. */
export type AvroType = string | PrimitiveSchema | RecordSchema | ArraySchema | MapSchema | readonly ["null", AvroType];

interface PrimitiveSchema {
  readonly type: "long";
  readonly logicalType: "timestamp-millis";
}

export interface RecordSchema {
  readonly type: "record";
  readonly name: string;
  readonly doc?: string;
  readonly fields: readonly FieldSchema[];
}

interface ArraySchema {
  readonly type: "array";
  readonly items: AvroType;
}

interface MapSchema {
  readonly type: "map";
  readonly values: AvroType;
}

export interface FieldSchema {
  readonly name: string;
  readonly type: AvroType;
  readonly doc: string;
  readonly default?: null;
}

// The package holds schemas/ beside both src/ and dist/, so the way there is the same from either.
const file = readFileSync(new URL("../../schemas/activity.avsc", import.meta.url), "utf8");

/** The schema of a published activity. */
export const activitySchema: RecordSchema = JSON.parse(file);

/**
 * The schema as it is registered: minified, because some registries take the same schema with other white
 * space for a new version.
 */
export const schemaText: string = JSON.stringify(activitySchema);

/** Set by the connector, never taken from what the API sent under these names. */
export const CONNECTOR_FIELDS: ReadonlySet<string> = new Set(["scan", "tenant", "reader", "readAt", "raw"]);

/** The schema for people, as `schemas/activity.avsc` holds it: one line a field, with its documentation. */
export function schemaPrint(): string {
  return file;
}
