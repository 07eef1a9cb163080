import { deflateRawSync } from "node:zlib";
import avsc, { type Schema } from "avsc";
import { schemaText } from "./schema.ts";
import { HEADER_BYTES } from "./wire-format.ts";

/** Stands behind each block of one container file, and in its head; any 16 bytes. */
export const SYNC_BYTES = 16;

/** The head of an object container file, as Avro's specification has it. */
const headType = avsc.Type.forSchema({
  type: "record",
  name: "org.apache.avro.file.Header",
  fields: [
    { name: "magic", type: { type: "fixed", name: "Magic", size: 4 } },
    { name: "meta", type: { type: "map", values: "bytes" } },
    { name: "sync", type: { type: "fixed", name: "Sync", size: SYNC_BYTES } },
  ],
} as Schema);
const longType = avsc.Type.forSchema("long");

const MAGIC = Buffer.from("Obj\u0001", "latin1");
/** Every Avro library has it; a third to a tenth of the size. */
const CODEC = "deflate";

/** What an Avro container file of our schema begins with; a file of nothing else is valid and holds no activity. */
export function containerHead(sync: Buffer): Buffer {
  const meta = { "avro.schema": Buffer.from(schemaText), "avro.codec": Buffer.from(CODEC) };
  return headType.toBuffer({ magic: MAGIC, meta, sync });
}

/**
 * One block: the file may end behind it. avsc's own file encoder takes values and cuts blocks by their size; here the
 * bodies that `Encode` made are taken as they are, and a block ends where the caller says.
 *
 * @param values what `Encode` returned: in the registry's wire format, whose five bytes have no place in a file.
 */
export function containerBlock(values: readonly Buffer[], sync: Buffer): Buffer {
  const bodies = deflateRawSync(Buffer.concat(values.map((value) => value.subarray(HEADER_BYTES))));
  return Buffer.concat([longType.toBuffer(values.length), longType.toBuffer(bodies.length), bodies, sync]);
}
