import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "../kit/canonical.ts";
import { ConnectorError, describeError } from "../kit/errors.ts";
import { isoOf } from "../kit/iso.ts";
import { type Cursor, decodeCursor } from "./cursor.ts";
import type { Job } from "./job.ts";
import { chunkKey, cursorKey, ledgerKey, parseReaderKey, parseSliceKey, readerKey } from "./ledger.ts";
import { decodeRecord } from "./record.ts";
import { jobsOf } from "./state.ts";

const EXPORT_VERSION = 1;
const FORMAT = "mdca-kafka-source/cursor-export";

const record = z.record(z.string(), z.unknown());

const sliceSchema = z.strictObject({
  cursorField: z.enum(["created", "date"]),
  slice: z.iso.datetime(),
  ledger: record,
  /** Chunks of ids, 16 bytes each, as the state has them, in base64; null: they were not asked for. */
  ids: z.array(z.string()).nullable(),
});

const scanSchema = z.strictObject({
  scan: z.string().min(1),
  shard: z.int().min(0),
  /** All of the shard below it is in the export, and nothing from above. */
  offset: z.string(),
  /** For people: what the cursor says, too. */
  position: z.string(),
  cursor: record,
  /** By reader: lookbacks and range jobs. */
  jobs: z.record(z.string(), record),
  slices: z.array(sliceSchema),
});

const exportSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(EXPORT_VERSION),
  exportedAt: z.iso.datetime(),
  cursorsTopic: z.string(),
  scans: z.array(scanSchema),
  /** SHA-256 of the canonical JSON of all else. */
  digest: z.string(),
});

/** A scan's whole state, as it was committed below an offset of its shard: the records themselves. */
export type ExportedScan = Readonly<z.infer<typeof scanSchema>>;

/** The file that `cursor export` writes. */
export type Exported = Readonly<z.infer<typeof exportSchema>>;

export interface Snapshot {
  readonly scan: string;
  readonly shard: number;
  readonly endOffset: bigint;
  readonly state: ReadonlyMap<string, Buffer>;
}

/**
 * What of a shard's state is a scan's; null where it has no cursor.
 * @throws ConnectorError `cursor_corrupt` | `cursor_newer`
 */
export function exportScan({ scan, shard, endOffset, state }: Snapshot, withIds: boolean): ExportedScan | null {
  const cursor = state.get(cursorKey(scan));
  if (cursor === undefined) return null;
  const jobs: ExportedScan["jobs"] = {};
  const slices = new Map<string, ExportedScan["slices"][number]>();
  const chunks = new Map<string, Map<number, string>>();
  for (const [key, value] of state) {
    const reader = parseReaderKey(key);
    if (reader?.scan === scan && reader.reader !== "tail") jobs[reader.reader] = contentOf(value, reader.reader);
    const slice = parseSliceKey(key);
    if (slice?.scan !== scan) continue;
    const { cursorField, sliceMs, chunk } = slice;
    const name = `${cursorField} ${sliceMs}`;
    const ids = chunks.get(name) ?? new Map<number, string>();
    chunks.set(name, ids);
    if (chunk !== null) ids.set(chunk, value.toString("base64"));
    else slices.set(name, { cursorField, slice: isoOf(sliceMs), ledger: contentOf(value, name), ids: null });
  }
  const idsOf = (name: string) => [...(chunks.get(name) ?? [])].sort(([a], [b]) => a - b).map(([, ids]) => ids);
  return {
    scan,
    shard,
    offset: String(endOffset),
    position: isoOf(decodeCursor(cursor, `scan ${scan}`).positionMs),
    cursor: contentOf(cursor, "tail"),
    jobs,
    slices: [...slices].sort().map(([name, slice]) => ({ ...slice, ids: withIds ? idsOf(name) : null })),
  };
}

const contentOf = (value: Buffer, what: string): Record<string, unknown> =>
  decodeRecord(record, value, { where: what, what: "state", version: Number.POSITIVE_INFINITY });

export function encodeExport(
  scans: readonly ExportedScan[],
  about: { exportedAt: string; cursorsTopic: string },
): string {
  const content = { format: FORMAT, version: EXPORT_VERSION, ...about, scans };
  return `${JSON.stringify({ ...content, digest: digestOf(content) }, null, 1)}\n`;
}

const digestOf = (content: object): string =>
  `sha256:${createHash("sha256").update(canonicalJson(content)).digest("hex")}`;

/**
 * Reads an export back.
 * @throws ConnectorError `cursor_corrupt` for what is none, or was changed since; `cursor_newer` for a later version.
 */
export function decodeExport(text: string): Exported {
  const fail = (code: "cursor_corrupt" | "cursor_newer", message: string) =>
    new ConnectorError(code, message, { disposition: "fatal" });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw fail("cursor_corrupt", `the file is not JSON (${text.length} characters): ${describeError(error)}`);
  }
  const head = z.looseObject({ format: z.literal(FORMAT), version: z.number(), digest: z.string() }).safeParse(json);
  if (!head.success) throw fail("cursor_corrupt", "the file is no export of cursors: `cursor export` makes them");
  const { digest, ...content } = head.data;
  if (content.version > EXPORT_VERSION) {
    const known = `this program knows ${EXPORT_VERSION}: run the newer version that wrote it`;
    throw fail("cursor_newer", `the export has version ${content.version}, ${known}`);
  }
  const own = digestOf(content);
  if (own !== digest) {
    throw fail("cursor_corrupt", `the export was damaged or changed: its digest is ${digest}, its content has ${own}`);
  }
  const parsed = exportSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw fail("cursor_corrupt", `the export is damaged at ${issue?.path.join(".")}: ${issue?.message}`);
}

/** The records that a scan's export stands for. */
export function recordsOf({ scan, cursor, jobs, slices }: ExportedScan): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  const put = (key: string, value: unknown): void => void records.set(key, Buffer.from(JSON.stringify(value)));
  for (const { cursorField, slice, ledger, ids } of slices) {
    const sliceMs = Date.parse(slice);
    for (const [chunk, text] of (ids ?? []).entries()) {
      records.set(chunkKey(scan, cursorField, sliceMs, chunk), Buffer.from(text, "base64"));
    }
    put(ledgerKey(scan, cursorField, sliceMs), ledger);
  }
  for (const [reader, job] of Object.entries(jobs)) put(readerKey(scan, reader), job);
  put(cursorKey(scan), cursor);
  return records;
}

/**
 * Where a scan's readers stand by these records; null where it has no cursor.
 * @throws ConnectorError `cursor_corrupt` | `cursor_newer`
 */
export function readersOf(
  scan: string,
  records: ReadonlyMap<string, Buffer>,
): { readonly cursor: Cursor; readonly jobs: ReadonlyMap<string, Job> } | null {
  const cursor = records.get(cursorKey(scan));
  if (cursor === undefined) return null;
  return { cursor: decodeCursor(cursor, `scan ${scan}`), jobs: jobsOf(scan, records) };
}
