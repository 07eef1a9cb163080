import avsc, { type Schema } from "avsc";
import { assert } from "../kit/errors.ts";
import { openMembers } from "./members.ts";
import { type OnMismatch, openProjection, type Projected } from "./project.ts";
import type { JsonObject, ReadActivity } from "./reading.ts";
import { activitySchema, CONNECTOR_FIELDS, type RecordSchema } from "./schema.ts";
import { wellFormed } from "./unicode.ts";
import { HEADER_BYTES, MAGIC } from "./wire-format.ts";

export interface EncoderOptions {
  /** The registry's id of the schema; unsigned 32 bits. */
  readonly schemaId: number;
  /** Whether `raw` is filled. */
  readonly raw: "include" | "omit";
  readonly onMismatch: OnMismatch;
}

/** What the connector adds to each activity of a page. */
export interface ReadContext {
  readonly scan: string;
  readonly tenant: string;
  /** Kind of reader: `tail`, `lookback`, … */
  readonly reader: string;
  /** When the response headers were received; epoch ms. */
  readonly readAtMs: number;
}

/**
 * The record value of an activity that has no defect, in the registry's wire format: a zero byte, the schema's
 * id in 4 bytes, the Avro body. Never throws for what the API sent, whatever it is. The buffer may share its
 * memory with those encoded before and after; nobody writes to it again.
 */
export type Encode = (activity: ReadActivity, context: ReadContext) => Buffer;

const SLAB_BYTES = 256 * 1024;

/** Free-form parts of an activity: published as the exact text of their JSON. A string is taken for that text. */
const JSON_TEXTS: ReadonlySet<string> = new Set([
  "matchingRules",
  "matchingRuleDetails",
  "performedActions",
  "performedActionNamesSet",
  "collected",
  "rawDataJson",
]);

/** An encoder for one schema id; its compiled type and memory are used again for every activity. */
export function openEncoder(options: EncoderOptions): Encode {
  const type = avsc.Type.forSchema(typeToEncode(), { wrapUnions: "never" });
  const membersOf = openMembers(JSON_TEXTS);
  const project = openProjection(projectedSchema(), options.onMismatch);
  let slab = Buffer.allocUnsafeSlow(0);
  let start = 0;
  return (activity, context) => {
    const { json, bytes } = activity;
    assert(json !== null && activity.defect === null, "only activities without a defect are encoded");
    const record = project(json);
    addTexts(record, json, membersOf(bytes));
    record["_id"] = activity.id;
    record["scan"] = context.scan;
    record["tenant"] = context.tenant;
    record["reader"] = context.reader;
    record["readAt"] = context.readAtMs;
    record["raw"] = options.raw === "include" ? bytes : null;

    let end = type.encode(record, slab, start + HEADER_BYTES);
    if (end < 0) {
      // It did not fit: -end bytes are missing. A new slab takes it whole.
      slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, slab.length - end - start));
      start = 0;
      end = type.encode(record, slab, HEADER_BYTES);
    }
    slab.writeUInt8(MAGIC, start);
    slab.writeUInt32BE(options.schemaId, start + 1);
    const value = slab.subarray(start, end);
    start = end;
    return value;
  };
}

/**
 * The schema with exact texts as bytes: Avro writes a string and its UTF-8 bytes alike, and so the bytes that
 * came are copied as they are.
 */
function typeToEncode(): Schema {
  const fields = activitySchema.fields.map((field) =>
    field.name === "raw" || JSON_TEXTS.has(field.name) ? { ...field, type: ["null", "bytes"] } : field,
  );
  return { ...activitySchema, fields } as Schema;
}

/** What is taken from the activity's JSON value by value. */
function projectedSchema(): RecordSchema {
  const fields = activitySchema.fields.filter(({ name }) => !CONNECTOR_FIELDS.has(name) && !JSON_TEXTS.has(name));
  return { ...activitySchema, fields };
}

function addTexts(record: Projected, json: JsonObject, members: ReadonlyMap<string, Buffer>): void {
  for (const name of JSON_TEXTS) {
    const value = json[name] ?? null;
    if (value === null) record[name] = null;
    else record[name] = typeof value === "string" ? Buffer.from(wellFormed(value)) : members.get(name);
  }
}
