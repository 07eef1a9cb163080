import { ConnectorError } from "../kit/errors.ts";
import type { CursorField, Filters } from "../tenant/request.ts";
import { type Cursor, decodeCursor, filtersHash } from "./cursor.ts";
import { decodeJob, type Job } from "./job.ts";
import { cursorKey, parseReaderKey, parseSliceKey } from "./ledger.ts";
import { Slices } from "./slices.ts";

/** What is configured for a scan, as far as its state has to agree with it. */
export interface ScanIdentity {
  readonly scan: string;
  readonly tenant: string;
  readonly cursorField: "auto" | CursorField;
  readonly filters: Filters;
}

/** A scan's committed state. */
export interface ScanState {
  readonly cursor: Cursor;
  /** By name. */
  readonly jobs: ReadonlyMap<string, Job>;
  /** Along the cursor field; along `created` until that is decided. */
  readonly slices: Slices;
}

/**
 * Reads a scan's state back from its shard's records; null when it has none and begins anew.
 * Never a silent fresh start: whatever does not fit the configuration or itself is an error.
 *
 * @throws ConnectorError `cursor_corrupt` | `cursor_newer` | `cursor_foreign`
 */
export function restoreState(identity: ScanIdentity, records: ReadonlyMap<string, Buffer>): ScanState | null {
  const { scan } = identity;
  const record = records.get(cursorKey(scan));
  const slices = sliceRecords(scan, records);
  if (record === undefined) {
    if (slices.size === 0) return null;
    throw new ConnectorError(
      "cursor_corrupt",
      `scan ${scan}: its cursor record is gone but ${slices.size} of its slices are there: ` +
        "restore the record, or give the scan a new name to begin anew",
      { disposition: "fatal" },
    );
  }
  const cursor = decodeCursor(record, `scan ${scan}`);
  checkIdentity(identity, cursor);
  const jobs = jobsOf(scan, records);
  const restored = new Slices(scan, cursor.cursorField ?? "created");
  for (const slice of slices.values()) {
    if (slice.field !== restored.field) continue;
    const chunks = [...slice.chunks.entries()].sort(([a], [b]) => a - b).map(([, chunk]) => chunk);
    restored.restore(slice.sliceMs, slice.ledger, chunks);
  }
  return { cursor, jobs, slices: restored };
}

/**
 * A scan's jobs, by name.
 * @throws ConnectorError `cursor_corrupt` | `cursor_newer`
 */
export function jobsOf(scan: string, records: ReadonlyMap<string, Buffer>): Map<string, Job> {
  const jobs = new Map<string, Job>();
  for (const [key, value] of records) {
    const parsed = parseReaderKey(key);
    if (parsed === null || parsed.scan !== scan || parsed.reader === "tail") continue;
    const job = decodeJob(value, `scan ${scan}, ${parsed.reader}`);
    // What a verify job's pass has been shown is remembered in the process alone: the pass begins anew.
    jobs.set(parsed.reader, job.origin === "verify" ? { ...job, pass: null } : job);
  }
  return jobs;
}

function checkIdentity(identity: ScanIdentity, cursor: Cursor): void {
  const foreign = (message: string) =>
    new ConnectorError("cursor_foreign", `scan ${identity.scan}: ${message}`, { disposition: "fatal" });
  if (cursor.tenant !== identity.tenant) {
    throw foreign(
      `its cursor belongs to tenant ${cursor.tenant}, the configuration says ${identity.tenant}: ` +
        "set the tenant back, or give the scan a new name to begin anew",
    );
  }
  if (cursor.filtersHash !== filtersHash(identity.filters)) {
    throw foreign(
      `its filters are not those that its cursor was made with (${cursor.filtersHash}, ` +
        `now ${filtersHash(identity.filters)}): set them back, or give the scan a new name to begin anew`,
    );
  }
  const { cursorField } = identity;
  if (cursorField !== "auto" && cursor.cursorField !== null && cursorField !== cursor.cursorField) {
    throw foreign(
      `its cursor moves along ${cursor.cursorField}, the configuration says cursorField: ${cursorField}: ` +
        "set it back, or give the scan a new name to begin anew",
    );
  }
}

interface SliceRecords {
  readonly field: CursorField;
  readonly sliceMs: number;
  ledger: Buffer | undefined;
  readonly chunks: Map<number, Buffer>;
}

function sliceRecords(scan: string, records: ReadonlyMap<string, Buffer>): Map<string, SliceRecords> {
  const slices = new Map<string, SliceRecords>();
  for (const [key, value] of records) {
    const parsed = parseSliceKey(key);
    if (parsed === null || parsed.scan !== scan) continue;
    const name = `${parsed.cursorField} ${parsed.sliceMs}`;
    const slice = slices.get(name) ?? {
      field: parsed.cursorField,
      sliceMs: parsed.sliceMs,
      ledger: undefined,
      chunks: new Map(),
    };
    if (parsed.chunk === null) slice.ledger = value;
    else slice.chunks.set(parsed.chunk, value);
    slices.set(name, slice);
  }
  return slices;
}
