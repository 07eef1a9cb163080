import avsc, { type Schema } from "avsc";
import type { JsonObject } from "./reading.ts";
import { activitySchema } from "./schema.ts";
import { HEADER_BYTES, MAGIC } from "./wire-format.ts";

export interface DecodedActivity {
  readonly schemaId: number;
  /** As the schema says: absent fields null, times as epoch ms, maps as objects. */
  readonly activity: JsonObject;
}

const readType = avsc.Type.forSchema(activitySchema as Schema, { wrapUnions: "never", omitRecordMethods: true });

/**
 * What `openEncoder` encoded with this version of the schema.
 * @throws Error when `value` is not in the registry's wire format or not of this schema.
 */
export function decodeActivity(value: Buffer): DecodedActivity {
  if (value.length < HEADER_BYTES || value[0] !== MAGIC) throw new Error("not in the schema registry's wire format");
  return { schemaId: value.readUInt32BE(1), activity: readType.fromBuffer(value.subarray(HEADER_BYTES)) };
}
