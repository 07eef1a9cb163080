import avsc, { type Schema } from "avsc";
import { activitySchema } from "./schema.ts";
import { unframed } from "./wire-format.ts";

/** What tells a published activity from others. */
export interface Identity {
  readonly id: string;
  /** Epoch ms; null where the record has none. */
  readonly createdMs: number | null;
  readonly dateMs: number | null;
  /** The exact bytes of its JSON, sharing memory with the record; null: published without. */
  readonly raw: Buffer | null;
}

const FIELDS: ReadonlySet<string> = new Set(["_id", "created", "timestamp", "raw"]);

/** The exact text as bytes: Avro writes a string and its UTF-8 bytes alike. */
const fields = activitySchema.fields.map((field) =>
  field.name === "raw" ? { ...field, type: ["null", "bytes"] } : field,
);
const typeOf = (some: readonly object[]) =>
  avsc.Type.forSchema({ ...activitySchema, fields: some } as Schema, { wrapUnions: "never", omitRecordMethods: true });
const written = typeOf(fields);
const wanted = typeOf(fields.filter(({ name }) => FIELDS.has(name)));
const resolver = wanted.createResolver(written);

/**
 * Of what `openEncoder` encoded with this version of the schema, skipping all else.
 * @throws Error when `value` is not in the registry's wire format or not of this schema.
 */
export function readIdentity(value: Buffer): Identity {
  const record = wanted.fromBuffer(unframed(value).body, resolver);
  return { id: record["_id"], createdMs: record["created"], dateMs: record["timestamp"], raw: record["raw"] };
}
