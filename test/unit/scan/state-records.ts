import { type Cursor, encodeCursor } from "../../../src/scan/cursor.ts";
import { cursorKey } from "../../../src/scan/ledger.ts";
import type { ScanIdentity } from "../../../src/scan/state.ts";
import { cursorAt, QUERY } from "./cursors.ts";

export const identity: ScanIdentity = {
  scan: "all",
  tenant: "contoso",
  cursorField: "auto",
  filters: QUERY.filters,
};

/** A shard's records: what was `written` and not taken away, and the scan's cursor. */
export function recordsOf(
  written: ReadonlyMap<string, string | Buffer | null>,
  cursor: Cursor | null = cursorAt(),
): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (const [key, value] of written) if (value !== null) records.set(key, Buffer.from(value));
  if (cursor !== null) records.set(cursorKey("all"), Buffer.from(encodeCursor(cursor)));
  return records;
}
