import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "../kit/canonical.ts";
import type { Filters } from "../tenant/request.ts";
import { digestText } from "./digest.ts";
import { ID_BYTES } from "./id-table.ts";
import { count, epochMs, NO_COUNTS, passSchema, readerCounts } from "./pass.ts";
import { decodeRecord } from "./record.ts";

/** Goes up with every change that an older program could misread; part of what SemVer covers. */
const CURSOR_VERSION = 2;
/** What holds nothing that came later is written so that older programs can go on with it. */
const CURSOR_VERSION_FIRST = 1;

const stretches = z.array(z.strictObject({ fromMs: epochMs, untilMs: epochMs }));

const cursorSchema = z.strictObject({
  version: z.union([z.literal(CURSOR_VERSION_FIRST), z.literal(CURSOR_VERSION)]),
  tenant: z.string(),
  /** Null until it is decided, which is before the first publish. */
  cursorField: z.enum(["created", "date"]).nullable(),
  filtersHash: z.string(),
  /** Goes up with every transaction of the scan. */
  revision: count,
  /** The exclusive-or of all ids ever published: two equal cursors have published the same. */
  digest: digestText,
  positionMs: epochMs,
  /** Nothing below this was ever asked for: here the obligations of the lookbacks begin. */
  beganMs: epochMs,
  /** How much of the cursor field a pass takes at once while behind. */
  spanMs: z.int().min(1),
  /** Everything that was visible at this moment and is above what jobs have left to read has been published. */
  caughtUpMs: epochMs,
  pass: passSchema.nullable(),
  /** What has been read again at each age by completed passes, whosever they were. */
  lookbacks: z.array(z.strictObject({ ageMs: z.int().min(1), covered: stretches })),
  /** Slices whose ledgers are folded into this; null: none yet. Their ids are forgotten. */
  folded: z.strictObject({ fromMs: epochMs, untilMs: epochMs, published: count, deadLettered: count }).nullable(),
  /** Of all readers, but for `passes` and `pages`: those are the tail's. */
  counts: z.strictObject({
    ...readerCounts,
    /** Activities that turned up where ids are forgotten, and were therefore not published. */
    outsideMemory: count,
  }),
  /** Since when, and by whose word, nothing is asked for the scan; null: it goes on. Came with version 2. */
  paused: z.strictObject({ atMs: epochMs, by: z.string() }).nullable().default(null),
});

/** Where a scan stands: its tail, and what its readers have done together. Values are never changed in place. */
export type Cursor = Readonly<Omit<z.infer<typeof cursorSchema>, "version">>;

export const filtersHash = (filters: Filters): string =>
  createHash("sha256").update(canonicalJson(filters)).digest("hex").slice(0, 16);

export function encodeCursor({ paused, ...cursor }: Cursor): string {
  return paused === null
    ? JSON.stringify({ version: CURSOR_VERSION_FIRST, ...cursor })
    : JSON.stringify({ version: CURSOR_VERSION, ...cursor, paused });
}

/** A scan that has never run: nothing before `startMs` is asked for. */
export function newCursor(tenant: string, filters: Filters, startMs: number): Cursor {
  return {
    tenant,
    cursorField: null,
    filtersHash: filtersHash(filters),
    revision: 0,
    digest: "0".repeat(2 * ID_BYTES),
    positionMs: startMs,
    beganMs: startMs,
    spanMs: 3_600_000,
    caughtUpMs: startMs,
    pass: null,
    lookbacks: [],
    folded: null,
    counts: { ...NO_COUNTS, outsideMemory: 0 },
    paused: null,
  };
}

/**
 * @param where names the scan and its record, for the message.
 * @throws ConnectorError `cursor_corrupt` for what is not a cursor, `cursor_newer` for one of a later version.
 */
export function decodeCursor(value: Buffer, where: string): Cursor {
  const what = { where, what: "cursor", version: CURSOR_VERSION };
  const { version: _, ...cursor } = decodeRecord(cursorSchema, value, what);
  return cursor;
}
