import type { Job } from "./job.ts";
import { excuse } from "./lookback.ts";
import type { ScanDraft } from "./scan-draft.ts";
import { SLICE_MS } from "./slice.ts";
import { OVERLAP_MS } from "./tail.ts";

/** What a command comes to, for people; `change` is what it does to the state, null where it was refused. */
export interface Applied {
  readonly message: string;
  readonly change: ((draft: ScanDraft) => void) | null;
}

/** Jobs of a scan that are not done; more are refused, so that state and plan stay small. */
const JOBS_MAX = 50;

export const refused = (message: string): Applied => ({ message, change: null });

/** Why there cannot be so many jobs; null: there can. */
export const tooManyJobs = (jobs: number): string | null =>
  jobs > JOBS_MAX ? `${JOBS_MAX} jobs are open already: let some be done first` : null;

/** A stretch that nobody will read, inclusive: open as a gap, and no longer owed by the lookbacks. */
export function skip(draft: ScanDraft, stretch: { readonly fromMs: number; readonly untilMs: number }): void {
  const open = (fromMs: number, untilMs: number): void => {
    if (fromMs <= untilMs) draft.openGap({ fromMs, untilMs, reason: "skipped" });
  };
  // A slice keeps its ids as long as there is a gap of its own: whoever reads it later knows what was published.
  let fromMs = stretch.fromMs;
  for (const sliceMs of draft.remembered) {
    const lastMs = sliceMs + SLICE_MS - 1;
    if (lastMs < fromMs || sliceMs > stretch.untilMs) continue;
    open(fromMs, sliceMs - 1);
    open(Math.max(fromMs, sliceMs), Math.min(lastMs, stretch.untilMs));
    fromMs = lastMs + 1;
  }
  open(fromMs, stretch.untilMs);
  draft.cursor = excuse(draft.cursor, { fromMs: stretch.fromMs, untilMs: stretch.untilMs + 1 }, "all");
}

/** The tail goes on at `toMs`, which is not after the server's now. */
export function placeTail(draft: ScanDraft, toMs: number, serverNowMs: number): void {
  const caughtUpMs = Math.min(draft.cursor.caughtUpMs, serverNowMs);
  draft.cursor = { ...draft.cursor, positionMs: toMs + OVERLAP_MS, pass: null, caughtUpMs };
}

/** Sets a job; what joins on to what the scan has read before is owed its lookbacks as well. */
export function setRead(draft: ScanDraft, name: string, job: Job): void {
  draft.setJob(name, job);
  const { beganMs } = draft.cursor;
  const { fromMs, untilMs } = job.whole;
  if (fromMs < beganMs && untilMs + 1 >= beganMs) draft.cursor = { ...draft.cursor, beganMs: fromMs };
}
