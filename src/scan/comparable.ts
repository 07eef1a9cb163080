import type { Cursor } from "./cursor.ts";
import { isLeftIn, isPending, type Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { SLICE_MS, sliceOf } from "./slice.ts";
import { tailFromMs } from "./tail.ts";

/** What a scan's ledgers and readers say of a slice, for a verify job. */
export interface Known {
  readonly cursor: Cursor;
  readonly jobs: readonly Job[];
  ledgerOf(sliceMs: number): Ledger;
}

/**
 * Whether a verify job publishes what it finds at a value and nobody has published. Where ids are forgotten, and before
 * the scan began, it compares alone.
 */
export function publishesAt({ cursor, ledgerOf }: Omit<Known, "jobs">, valueMs: number): boolean {
  return valueMs >= cursor.beganMs && !isFolded(cursor, valueMs) && ledgerOf(sliceOf(valueMs)).remembered;
}

function isFolded({ folded }: Cursor, valueMs: number): boolean {
  return folded !== null && valueMs >= folded.fromMs && valueMs < folded.untilMs;
}

/** Why a slice's ledger does not say what ought to be there; null: it does. */
export function excuseOf({ cursor, jobs, ledgerOf }: Known, sliceMs: number): string | null {
  const untilMs = sliceMs + SLICE_MS;
  const { read, ids, repeated } = ledgerOf(sliceMs);
  if (sliceMs < cursor.beganMs) return "the scan began within it";
  if (isFolded(cursor, sliceMs) && read + ids === 0) return "its ledger is folded away after 30 days";
  if (repeated > 0) return "activities were published there again, as --may-repeat allowed";
  const isLeft = jobs.filter(isPending).some((job) => isLeftIn(job, { fromMs: sliceMs, untilMs }));
  return isLeft || untilMs > tailFromMs(cursor) ? "another reader has still to read it" : null;
}
