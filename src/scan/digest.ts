import { createHash } from "node:crypto";
import { ID_BYTES } from "./id-table.ts";

/** An activity's 16-byte identity. */
export const idHash = (id: string): Buffer => createHash("sha256").update(id, "utf8").digest().subarray(0, ID_BYTES);

/** The digest of nothing. */
export const EMPTY_DIGEST = "0".repeat(2 * ID_BYTES);

/** An order-independent digest with more ids folded in: the exclusive-or of all, in hexadecimal. */
export function mixed(digest: string, ids: Iterable<Buffer>): string {
  const sum = Buffer.from(digest, "hex");
  for (const id of ids) for (let at = 0; at < ID_BYTES; at++) sum[at] = (sum[at] ?? 0) ^ (id[at] ?? 0);
  return sum.toString("hex");
}
