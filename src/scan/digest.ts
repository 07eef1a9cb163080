import { createHash } from "node:crypto";
import { z } from "zod";
import { ID_BYTES } from "./id-table.ts";

/** An activity's 16-byte identity. */
export const idHash = (id: string): Buffer => createHash("sha256").update(id, "utf8").digest().subarray(0, ID_BYTES);

/** The digest of nothing. */
export const EMPTY_DIGEST = "0".repeat(2 * ID_BYTES);

/** A digest in a record. */
export const digestText = z.string().regex(/^[0-9a-f]{32}$/);

/**
 * An order-independent digest with more ids folded in, those that follow each other in each of `chunks`: the
 * exclusive-or of all, in hexadecimal. Whole words at a time, since there may be millions.
 */
export function mixed(digest: string, chunks: Iterable<Buffer>): string {
  const sum = Buffer.from(digest, "hex");
  let [a, b, c, d] = [0, 0, 0, 0];
  for (const chunk of chunks) {
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at + ID_BYTES <= chunk.length; at += ID_BYTES) {
      a ^= view.getInt32(at);
      b ^= view.getInt32(at + 4);
      c ^= view.getInt32(at + 8);
      d ^= view.getInt32(at + 12);
    }
  }
  for (const [word, value] of [a, b, c, d].entries()) sum.writeInt32BE(sum.readInt32BE(word * 4) ^ value, word * 4);
  return sum.toString("hex");
}
