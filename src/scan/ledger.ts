import { z } from "zod";
import { ConnectorError, describeError } from "../kit/errors.ts";
import type { CursorField } from "../tenant/request.ts";

/** One record of the shard's state: a key and its new value; null takes it away. */
export interface StateEntry {
  readonly key: string;
  readonly value: string | Buffer | null;
}

const LEDGER_VERSION = 1;

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
  digest: z.string().regex(/^[0-9a-f]{32}$/),
  /** Stretches that could not be read to the end. */
  gaps: z.array(z.strictObject({ fromMs: z.int(), untilMs: z.int(), reason: z.string() })),
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
  gaps: [],
});

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

export const cursorKey = (scan: string): string => JSON.stringify({ scan, reader: "tail" });

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

/** The slice that a state key belongs to; null when it is another kind of key. */
export function parseSliceKey(key: string): SliceKey | null {
  let json: unknown;
  try {
    json = JSON.parse(key);
  } catch {
    return null;
  }
  const parsed = keySchema.safeParse(json);
  if (!parsed.success || parsed.data.slice === undefined || parsed.data.cursorField === undefined) return null;
  const sliceMs = Date.parse(parsed.data.slice);
  if (Number.isNaN(sliceMs)) return null;
  const { scan, cursorField, chunk } = parsed.data;
  return { scan, cursorField, sliceMs, chunk: chunk ?? null };
}
