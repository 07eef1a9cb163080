import type { Cursor } from "./cursor.ts";
import { newPass, type Pass } from "./pass.ts";

/** How far back of its position the tail reads again: what was saved out of order within this is found. */
export const OVERLAP_MS = 5_000;
/** Behind by more than this, the tail reads in bounded spans. */
const BEHIND_MS = 15 * 60_000;
/** A span that ended at least this long ago and showed nothing more is passed over. */
const SPAN_SETTLE_MS = 10 * 60_000;

/** The last page of a pass. */
export interface LastPage {
  readonly activities: number;
  readonly limit: number;
}

/**
 * Opens the tail's pass at the cursor's position, the overlap included.
 *
 *        fromMs                positionMs                       untilMs (behind) or none (caught up)
 *   ───────[═══════ overlap ═══════╪═════════════════════════════════]──────────▶ cursor field
 */
export function openPass(cursor: Cursor, serverNowMs: number): Pass {
  const fromMs = tailFromMs(cursor);
  const behind = serverNowMs - cursor.caughtUpMs > BEHIND_MS;
  const spanEndMs = Math.max(fromMs, cursor.caughtUpMs) + cursor.spanMs;
  const untilMs = behind && spanEndMs <= serverNowMs - SPAN_SETTLE_MS ? spanEndMs : null;
  return newPass({ fromMs, untilMs, direction: "asc" }, serverNowMs);
}

/** The lowest value that the tail asks for: of the pass that it is in, or of its next one. */
export const tailFromMs = (cursor: Cursor): number => cursor.pass?.baseMs ?? cursor.positionMs - OVERLAP_MS;

/** The cursor after its pass has been read to the end. */
export function endPass(cursor: Cursor, pass: Pass, lastPage: LastPage): Cursor {
  const { reachMs, serverStartMs } = pass;
  const seenMs = pass.highestMs === null ? cursor.positionMs : Math.min(pass.highestMs, serverStartMs);
  const { doubtful } = pass;
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

const SPAN_MIN_MS = 60_000;
const SPAN_MAX_MS = 24 * 3_600_000;

/** Longer spans where little was found, shorter ones where a pass took long. */
export function nextSpanMs(spanMs: number, pass: Pick<Pass, "pages">, lastPage: LastPage): number {
  if (pass.pages <= 1 && lastPage.activities * 2 < lastPage.limit) return Math.min(SPAN_MAX_MS, spanMs * 2);
  if (pass.pages > 20) return Math.max(SPAN_MIN_MS, Math.floor(spanMs / 2));
  return spanMs;
}
