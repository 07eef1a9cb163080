import { z } from "zod";
import { ConnectorError, describeError } from "../kit/errors.ts";
import type { CursorField } from "../tenant/request.ts";
import { digestText } from "./digest.ts";

/** One record of the shard's state: a key and its new value; null takes it away. */
export interface StateEntry {
  readonly key: string;
  readonly value: string | Buffer | null;
}

const LEDGER_VERSION = 1;

/**
 * Why a stretch is open as a gap. `stall`: the API did not get past it. `doubtful`: it showed nothing though it
 * counted something. Both close when a later pass reads them. `outside_memory`: something turned up where ids are
 * forgotten; `memory`: ids were forgotten before the last age, for want of memory; `skipped`: an operator moved the
 * cursor over it. These close only by an operator's word.
 */
export const GAP_REASONS = ["stall", "doubtful", "outside_memory", "memory", "skipped"] as const;

/** A stretch of the cursor field that could not be judged; inclusive, epoch ms. */
export interface Gap {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly reason: (typeof GAP_REASONS)[number];
}

/** Whether a later pass that reads all of it is evidence enough to close a gap. */
export const closesByReading = (gap: Gap): boolean => gap.reason === "stall" || gap.reason === "doubtful";

const ledgerSchema = z.strictObject({
  version: z.literal(LEDGER_VERSION),
  /** Whether the slice's ids are still in state. */
  remembered: z.boolean(),
  /** Activities read, repeats included. */
  read: z.int().min(0),
  published: z.int().min(0),
  duplicates: z.int().min(0),
  deadLettered: z.int().min(0),
  /** Ids published or dead-lettered, and the exclusive-or of them all: order-independent. */
  ids: z.int().min(0),
  digest: digestText,
  /** Of `published`, those that another reader than the tail found below the tail's position. */
  late: z.int().min(0),
  /** When completed passes at the last age covered all of it, by the server's time; null: not yet. */
  settledMs: z.int().nullable(),
  /** What a verify job was shown of it, and whether that is what was published; null: not compared yet. */
  verified: z
    .strictObject({
      atMs: z.int(),
      ids: z.int().min(0),
      digest: digestText,
      equal: z.boolean(),
    })
    .nullable()
    .default(null),
  /** Of `ids`, those that were added while ids were forgotten: some of them are others' repeats. */
  repeated: z.int().min(0).default(0),
  /** Stretches that could not be judged; inclusive. */
  gaps: z.array(z.strictObject({ fromMs: z.int(), untilMs: z.int(), reason: z.enum(GAP_REASONS) })),
});

/** What a slice's ids and counts are, for operators and for the check on load. */
export type Ledger = Omit<z.infer<typeof ledgerSchema>, "version">;

export const newLedger = (): Ledger => ({
  remembered: true,
  read: 0,
  published: 0,
  duplicates: 0,
  deadLettered: 0,
  ids: 0,
  digest: "0".repeat(32),
  late: 0,
  settledMs: null,
  verified: null,
  repeated: 0,
  gaps: [],
});

/** Whether what the API shows of a slice was found to differ from what was published, and nothing has mended it yet. */
export const isMismatch = ({ verified }: Ledger): boolean => verified?.equal === false;

export const encodeLedger = (ledger: Ledger): string => JSON.stringify({ version: LEDGER_VERSION, ...ledger });

/** @throws ConnectorError `cursor_corrupt` */
export function decodeLedger(value: Buffer, where: string): Ledger {
  try {
    const { version: _, ...ledger } = ledgerSchema.parse(JSON.parse(value.toString("utf8")));
    return ledger;
  } catch (error) {
    throw new ConnectorError("cursor_corrupt", `${where}: its ledger record is not one: ${describeError(error)}`, {
      disposition: "fatal",
      cause: error,
    });
  }
}

/** `2026-11-23T09:00Z` */
const sliceName = (sliceMs: number): string => `${new Date(sliceMs).toISOString().slice(0, 16)}Z`;

export const cursorKey = (scan: string): string => readerKey(scan, "tail");

/** @param reader `tail`, or a job's name. */
export const readerKey = (scan: string, reader: string): string => JSON.stringify({ scan, reader });

export const ledgerKey = (scan: string, cursorField: CursorField, sliceMs: number): string =>
  JSON.stringify({ scan, cursorField, slice: sliceName(sliceMs) });

export const chunkKey = (scan: string, cursorField: CursorField, sliceMs: number, chunk: number): string =>
  JSON.stringify({ scan, cursorField, slice: sliceName(sliceMs), chunk });

const keySchema = z.object({
  scan: z.string(),
  reader: z.string().optional(),
  cursorField: z.enum(["created", "date"]).optional(),
  slice: z.string().optional(),
  chunk: z.int().min(0).optional(),
});

export interface SliceKey {
  readonly scan: string;
  readonly cursorField: CursorField;
  readonly sliceMs: number;
  /** Null: the ledger. */
  readonly chunk: number | null;
}

/** The scan and the reader that a state key belongs to; null when it is another kind of key. */
export function parseReaderKey(key: string): { readonly scan: string; readonly reader: string } | null {
  const parsed = parseKey(key);
  return parsed?.reader === undefined ? null : { scan: parsed.scan, reader: parsed.reader };
}

/** The slice that a state key belongs to; null when it is another kind of key. */
export function parseSliceKey(key: string): SliceKey | null {
  const parsed = parseKey(key);
  if (parsed?.slice === undefined || parsed.cursorField === undefined) return null;
  const sliceMs = Date.parse(parsed.slice);
  if (Number.isNaN(sliceMs)) return null;
  const { scan, cursorField, chunk } = parsed;
  return { scan, cursorField, sliceMs, chunk: chunk ?? null };
}

function parseKey(key: string): z.infer<typeof keySchema> | null {
  try {
    const parsed = keySchema.safeParse(JSON.parse(key));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
