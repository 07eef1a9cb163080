import { createHash } from "node:crypto";
import { canonicalJson } from "../kit/canonical.ts";
import { mergeNext } from "../tenant/filters.ts";
import type { CursorField, Filters, PageRequest } from "../tenant/request.ts";
import type { Cursor, Pass } from "./cursor.ts";

/** How far back of its position the tail reads again: what was saved out of order within this is found. */
export const OVERLAP_MS = 5_000;
/** Behind by more than this, the tail reads in bounded spans. */
const BEHIND_MS = 15 * 60_000;
/** A span that ended at least this long ago and showed nothing more is passed over. */
const SPAN_SETTLE_MS = 10 * 60_000;
const SPAN_MIN_MS = 60_000;
const SPAN_MAX_MS = 24 * 3_600_000;
/** Hashes of sent filters kept in the cursor: a loop of next filters longer than this is not recognised. */
const SENT_MAX = 64;

/** What a scan asks for, apart from where it stands. */
export interface ScanQuery {
  readonly filters: Filters;
  readonly limit: number;
}

/** The next request of the tail, and the pass that it belongs to. */
export interface Ask {
  readonly field: CursorField;
  readonly pass: Pass;
  /** The pass's own filters: the scan's, and the bounds on the cursor field. */
  readonly first: Filters;
  readonly request: PageRequest;
}

/**
 * Opens a pass at the cursor's position, the overlap included.
 *
 *        fromMs                positionMs                       untilMs (behind) or none (caught up)
 *   ───────[═══════ overlap ═══════╪═════════════════════════════════]──────────▶ cursor field
 */
export function openPass(cursor: Cursor, serverNowMs: number): Pass {
  const fromMs = cursor.positionMs - OVERLAP_MS;
  const behind = serverNowMs - cursor.caughtUpMs > BEHIND_MS;
  const spanEndMs = Math.max(fromMs, cursor.caughtUpMs) + cursor.spanMs;
  const untilMs = behind && spanEndMs <= serverNowMs - SPAN_SETTLE_MS ? spanEndMs : null;
  return {
    fromMs,
    untilMs,
    reachMs: untilMs,
    splitMs: null,
    nextFilters: null,
    pages: 0,
    highestMs: null,
    serverStartMs: serverNowMs,
    sent: [],
    repeats: 0,
    gaps: 0,
    nudged: false,
  };
}

/** The request that brings the cursor on: the next page of its pass, or the first of a new one. */
export function nextAsk(cursor: Cursor, field: CursorField, query: ScanQuery, serverNowMs: number): Ask {
  const pass = cursor.pass ?? openPass(cursor, serverNowMs);
  const first = firstFilters(query.filters, field, askedBounds(pass));
  const filters = pass.nextFilters === null ? JSON.stringify(first) : mergeNext(first, pass.nextFilters);
  return { field, pass, first, request: { filters, sortField: field, sortDirection: "asc", limit: query.limit } };
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

/** What a pass asks for at present: all that is left of it, or the first part of that. Inclusive. */
export function askedBounds(pass: Pass): { fromMs: number; untilMs: number | null } {
  return { fromMs: pass.fromMs, untilMs: pass.splitMs ?? pass.untilMs };
}

/** The cursor after its pass has been read to the end. */
export function endPass(cursor: Cursor, pass: Pass, lastPage: { activities: number; limit: number }): Cursor {
  const { reachMs, serverStartMs } = pass;
  const seenMs = pass.highestMs === null ? cursor.positionMs : Math.min(pass.highestMs, serverStartMs);
  // A last page that is empty against its own total, even after the nudge, proves nothing of what it covers.
  const doubtful = pass.nudged && lastPage.activities === 0;
  const settled = !doubtful && reachMs !== null && reachMs <= serverStartMs - SPAN_SETTLE_MS;
  const visibleMs = Math.min(reachMs ?? serverStartMs, serverStartMs);
  return {
    ...cursor,
    positionMs: Math.max(cursor.positionMs, seenMs, settled ? reachMs : cursor.positionMs),
    caughtUpMs: doubtful && pass.highestMs !== null ? cursor.caughtUpMs : Math.max(cursor.caughtUpMs, visibleMs),
    spanMs: reachMs === null ? cursor.spanMs : nextSpanMs(cursor.spanMs, pass, lastPage),
    pass: null,
    counts: { ...cursor.counts, passes: cursor.counts.passes + 1 },
  };
}

/** Longer spans where little was found, shorter ones where a pass took long. */
function nextSpanMs(spanMs: number, pass: Pass, lastPage: { activities: number; limit: number }): number {
  if (pass.pages <= 1 && lastPage.activities * 2 < lastPage.limit) return Math.min(SPAN_MAX_MS, spanMs * 2);
  if (pass.pages > 20) return Math.max(SPAN_MIN_MS, Math.floor(spanMs / 2));
  return spanMs;
}

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
