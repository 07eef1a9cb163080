import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "../kit/canonical.ts";
import { mergeNext } from "../tenant/filters.ts";
import type { CursorField, Filters, PageRequest } from "../tenant/request.ts";

export const epochMs = z.int();
export const count = z.int().min(0);

/** What a reader has done so far. */
export const readerCounts = {
  passes: count,
  pages: count,
  read: count,
  published: count,
  duplicates: count,
  deadLettered: count,
};
export const NO_COUNTS = { passes: 0, pages: 0, read: 0, published: 0, duplicates: 0, deadLettered: 0 };

/** Hashes of sent filters kept in a pass: a loop of next filters longer than this is not recognised. */
const SENT_MAX = 64;
/** Instants kept that a pass could not read; with more of them it is no evidence that a gap can be closed. */
export const PASSED_BY_MAX = 64;

export const passSchema = z.strictObject({
  /** Inclusive bounds of what is left to ask for; `untilMs` null: up to whatever is visible. */
  fromMs: epochMs,
  untilMs: epochMs.nullable(),
  /** The bounds that the pass began with; what it proves when it ends. A stall or a nudge never moves these. */
  baseMs: epochMs,
  reachMs: epochMs.nullable(),
  direction: z.enum(["asc", "desc"]),
  /** The ends of the parts that the pass had to be split into by time, the next one's last; empty: it is not split. */
  splits: z.array(epochMs),
  /**
   * An instant that holds more than a page can show, while it is read service by service: the parts that are left,
   * and whether one could not be read; null: the pass is in none.
   */
  parts: z
    .strictObject({
      atMs: epochMs,
      ascending: z.boolean(),
      todo: z.array(z.union([z.strictObject({ eq: z.array(z.int()) }), z.strictObject({ neq: z.array(z.int()) })])),
      missed: z.boolean(),
    })
    .nullable(),
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
  /** The instants that this pass has opened as gaps; bounded. */
  passedBy: z.array(epochMs),
  /** Whether a page that showed nothing has been asked for once more, a millisecond beside its bounds. */
  nudged: z.boolean(),
  /** Where next filters stood that were nudged last; null: it was the pass's own first request, or nothing yet. */
  stoodAt: z.strictObject({ atMs: epochMs, ascending: z.boolean() }).nullable(),
  /** The highest instant nudged on the way up and the lowest on the way down: a nudge never goes back behind one. */
  nudges: z.strictObject({ highestMs: epochMs.nullable(), lowestMs: epochMs.nullable() }),
  /** Whether a part of it showed nothing against its own total, even after that: it proves nothing then. */
  doubtful: z.boolean(),
});

/** One chain of requests, from the first filters to `hasNext: false`: what has been asked and seen of it. */
export type Pass = Readonly<z.infer<typeof passSchema>>;

/** What a pass is opened over; inclusive. */
export interface PassBounds {
  readonly fromMs: number;
  readonly untilMs: number | null;
  readonly direction: Pass["direction"];
}

export function newPass({ fromMs, untilMs, direction }: PassBounds, serverNowMs: number): Pass {
  return {
    fromMs,
    untilMs,
    baseMs: fromMs,
    reachMs: untilMs,
    direction,
    splits: [],
    parts: null,
    nextFilters: null,
    pages: 0,
    highestMs: null,
    serverStartMs: serverNowMs,
    sent: [],
    repeats: 0,
    gaps: 0,
    passedBy: [],
    nudged: false,
    stoodAt: null,
    nudges: { highestMs: null, lowestMs: null },
    doubtful: false,
  };
}

/** What a scan asks for, apart from where it stands. */
export interface ScanQuery {
  readonly filters: Filters;
  readonly limit: number;
}

/** A reader's next request, and the pass that it belongs to. */
export interface Ask {
  readonly field: CursorField;
  readonly pass: Pass;
  /** The pass's own filters: the scan's, and the bounds on the cursor field. */
  readonly first: Filters;
  readonly request: PageRequest;
}

/** The request that brings a pass on: its next page, or its first. */
export function askOf(pass: Pass, field: CursorField, query: ScanQuery): Ask {
  const first = firstFilters(filtersOfPart(query.filters, pass.parts), field, askedBounds(pass));
  const filters = pass.nextFilters === null ? JSON.stringify(first) : mergeNext(first, pass.nextFilters);
  const request = { filters, sortField: field, sortDirection: pass.direction, limit: query.limit };
  return { field, pass, first, request };
}

/** The scan's filters and the pass's bounds on the cursor field. */
export function firstFilters(
  filters: Filters,
  field: CursorField,
  bounds: { fromMs: number; untilMs: number | null },
): Filters {
  const { fromMs, untilMs } = bounds;
  return { ...filters, [field]: untilMs === null ? { gte: fromMs } : { gte: fromMs, lte: untilMs } };
}

/** The scan's filters, narrowed to the part that a pass is in. */
function filtersOfPart(filters: Filters, parts: Pass["parts"]): Filters {
  const [part] = parts?.todo ?? [];
  if (part === undefined) return filters;
  const own = filters["service"] ?? {};
  if ("eq" in part) return { ...filters, service: { ...own, eq: part.eq } };
  const ownNeq = Array.isArray(own["neq"]) ? own["neq"] : own["neq"] === undefined ? [] : [own["neq"]];
  return { ...filters, service: { ...own, neq: [...ownNeq, ...part.neq] } };
}

/** What a pass asks for at present: all that is left of it, the first part of that, or one instant. Inclusive. */
export function askedBounds(pass: Pass): { fromMs: number; untilMs: number | null } {
  if (pass.parts !== null) return { fromMs: pass.parts.atMs, untilMs: pass.parts.atMs };
  return { fromMs: pass.fromMs, untilMs: pass.splits.at(-1) ?? pass.untilMs };
}

/** Whether a value lies in what the pass was opened over, and not merely beside it after a nudge. */
export const isOwn = (pass: Pass, valueMs: number): boolean =>
  valueMs >= pass.baseMs && (pass.reachMs === null || valueMs <= pass.reachMs);

/** A short name of filters that is equal for equal filters, legible or not. */
export function filtersName(text: string): string {
  let canonical = text;
  try {
    canonical = canonicalJson(JSON.parse(text));
  } catch {
    // An opaque text is its own canonical form.
  }
  return createHash("sha256").update(canonical).digest("base64url").slice(0, 11);
}

/** The pass after one more request, with that request's filters among the sent ones. */
export const remember = (pass: Pass, filters: string): Pass => ({
  ...pass,
  sent: [...pass.sent, filtersName(filters)].slice(-SENT_MAX),
});
