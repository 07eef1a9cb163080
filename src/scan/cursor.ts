import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "../kit/canonical.ts";
import { ConnectorError, describeError } from "../kit/errors.ts";
import type { Filters } from "../tenant/request.ts";

/** Goes up with every change that an older program could misread; part of what SemVer covers. */
const CURSOR_VERSION = 1;

const epochMs = z.int();
const count = z.int().min(0);

const passSchema = z.strictObject({
  /** Inclusive bounds on the cursor field; `untilMs` null: up to whatever is visible. */
  fromMs: epochMs,
  untilMs: epochMs.nullable(),
  /** How far the pass was meant to reach when it began; a stall may narrow `untilMs`, never this. */
  reachMs: epochMs.nullable(),
  /** The end of the part that is read at present, where the pass had to be split by time; null: it was not. */
  splitMs: epochMs.nullable(),
  /** The exact text of the last page's `nextQueryFilters`; null: the pass's first request is next. */
  nextFilters: z.string().nullable(),
  /** Pages published in this pass. */
  pages: count,
  /** The highest cursor-field value seen in this pass. */
  highestMs: epochMs.nullable(),
  /** The server's time when the pass began. */
  serverStartMs: epochMs,
  /** Short hashes of the filters sent in this pass, the newest last; bounded. */
  sent: z.array(z.string()),
  /** Pages in a row that brought the pass no further. */
  repeats: count,
  /** Gaps opened in a row without any activity between them. */
  gaps: count,
  /** Whether the empty last page has been asked for once more. */
  nudged: z.boolean(),
});

const cursorSchema = z.strictObject({
  version: z.literal(CURSOR_VERSION),
  tenant: z.string(),
  /** Null until it is decided, which is before the first publish. */
  cursorField: z.enum(["created", "date"]).nullable(),
  filtersHash: z.string(),
  positionMs: epochMs,
  /** Ids of activities with a cursor-field value from here on are all remembered. */
  rememberedFromMs: epochMs,
  /** How much of the cursor field a pass takes at once while behind. */
  spanMs: z.int().min(1),
  /** Everything that was visible at this moment has been published. */
  caughtUpMs: epochMs,
  pass: passSchema.nullable(),
  counts: z.strictObject({
    passes: count,
    pages: count,
    read: count,
    published: count,
    duplicates: count,
    deadLettered: count,
  }),
});

/** Inside a pass: what has been asked and seen since its first request. */
export type Pass = Readonly<z.infer<typeof passSchema>>;

/** Where the tail of a scan stands. Values are never changed in place. */
export type Cursor = Readonly<Omit<z.infer<typeof cursorSchema>, "version">>;

export const filtersHash = (filters: Filters): string =>
  createHash("sha256").update(canonicalJson(filters)).digest("hex").slice(0, 16);

export const encodeCursor = (cursor: Cursor): string => JSON.stringify({ version: CURSOR_VERSION, ...cursor });

/** A scan that has never run: nothing before `startMs` is asked for. */
export function newCursor(tenant: string, filters: Filters, startMs: number): Cursor {
  return {
    tenant,
    cursorField: null,
    filtersHash: filtersHash(filters),
    positionMs: startMs,
    rememberedFromMs: startMs,
    spanMs: 3_600_000,
    caughtUpMs: startMs,
    pass: null,
    counts: { passes: 0, pages: 0, read: 0, published: 0, duplicates: 0, deadLettered: 0 },
  };
}

/**
 * @param where names the scan and its record, for the message.
 * @throws ConnectorError `cursor_corrupt` for what is not a cursor, `cursor_newer` for one of a later version.
 */
export function decodeCursor(value: Buffer, where: string): Cursor {
  const fail = (code: "cursor_corrupt" | "cursor_newer", message: string, cause?: unknown) =>
    new ConnectorError(code, `${where}: ${message}`, { disposition: "fatal", cause });
  let json: unknown;
  try {
    json = JSON.parse(value.toString("utf8"));
  } catch (error) {
    throw fail("cursor_corrupt", `the cursor record is not JSON (${value.length} bytes): ${describeError(error)}`);
  }
  const version = z.object({ version: z.number() }).safeParse(json);
  if (version.success && version.data.version > CURSOR_VERSION) {
    throw fail(
      "cursor_newer",
      `the cursor record has version ${version.data.version}, this program knows ${CURSOR_VERSION}: ` +
        "run the newer version that wrote it",
    );
  }
  const parsed = cursorSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw fail("cursor_corrupt", `the cursor record is damaged at ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { version: _, ...cursor } = parsed.data;
  return cursor;
}
