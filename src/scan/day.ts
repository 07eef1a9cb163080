import type { OpenGap, SliceProgress, SliceState } from "../observe/events.ts";
import { isPending, leftOf } from "./job.ts";
import { isSettled } from "./lookback.ts";
import { SLICE_MS, sliceOf } from "./slice.ts";
import type { Slices } from "./slices.ts";
import type { ScanState } from "./state.ts";
import { tailFromMs } from "./tail.ts";

/** Slices before the present one. */
const SLICES_BEFORE = 24;

/** The last day's slices, the oldest first, up to the one that holds `nowMs`. */
export function lastDay(state: ScanState, nowMs: number): SliceProgress[] {
  const stateOf = slicesJudgedBy(state);
  const lastMs = sliceOf(nowMs);
  return Array.from({ length: SLICES_BEFORE + 1 }, (_, at) => {
    const fromMs = lastMs - (SLICES_BEFORE - at) * SLICE_MS;
    const { published, duplicates, deadLettered, late } = state.slices.ledgerOf(fromMs);
    return { fromMs, state: stateOf(fromMs), published, duplicates, deadLettered, late };
  });
}

/** The newest open gaps, the newest first. */
export function newestGaps(slices: Slices, countMax: number): OpenGap[] {
  if (slices.openGaps === 0) return [];
  const gaps = slices.ledgers.flatMap(([, ledger]) => ledger.gaps);
  return gaps.sort((a, b) => b.fromMs - a.fromMs).slice(0, countMax);
}

function slicesJudgedBy({ cursor, jobs }: ScanState): (fromMs: number) => SliceState {
  const tail = { fromMs: tailFromMs(cursor), untilMs: Number.POSITIVE_INFINITY };
  const unread = [tail, ...[...jobs.values()].filter(isPending).map(leftOf)];
  return (fromMs) => {
    const untilMs = fromMs + SLICE_MS - 1;
    if (untilMs < cursor.beganMs) return "outside";
    const left = unread.filter((stretch) => stretch.fromMs <= untilMs && stretch.untilMs >= fromMs);
    if (left.length === 0) return isSettled(cursor, fromMs) ? "settled" : "read";
    return left.some((stretch) => stretch.fromMs <= fromMs && stretch.untilMs >= untilMs) ? "unread" : "reading";
  };
}
