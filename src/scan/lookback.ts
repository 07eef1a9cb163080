import { type Coverage, cover, firstUncovered, type Stretch } from "./coverage.ts";
import type { Cursor } from "./cursor.ts";
import { isPending, type Job, leftOf } from "./job.ts";
import type { Pass } from "./pass.ts";
import { SLICE_MS, sliceOf } from "./slice.ts";
import { tailFromMs } from "./tail.ts";

const STEP_MIN_MS = 5_000;

/** How much a lookback reads at once while it keeps pace: a quarter of its age, at least 5 s, at most a slice. */
export const stepMs = (ageMs: number): number => Math.min(SLICE_MS, Math.max(STEP_MIN_MS, Math.floor(ageMs / 4)));

/** A step of a lookback, and since when (the server's time) there is one. */
export interface Step extends Stretch {
  readonly dueMs: number;
}

/**
 * What a lookback reads next: a step or, where more of the slice is old enough already, all of that. Null while there
 * is only what another reader has still to read: the tail from `tailFromMs` on, jobs what they have left. Their passes
 * cover what is old enough by then.
 *
 *        covered          pending job      step            tail
 *   ══════════════════╪┄┄┄┄┄┄┄┄┄┄┄┄┄┄╪──[────────)──────╪┄┄┄┄┄┄▶ cursor field
 */
export function nextStep(cursor: Cursor, ageMs: number, jobs: Iterable<Job>, serverNowMs: number): Step | null {
  const endMs = tailFromMs(cursor);
  const pending = [...jobs]
    .filter(isPending)
    .reduce<Coverage>(
      (all, job) => cover(all, { fromMs: job.fromMs, untilMs: job.untilMs + 1 }),
      coveredAt(cursor, ageMs),
    );
  const { fromMs, untilMs } = firstUncovered(pending, cursor.beganMs);
  // A step ends where its slice does, so that from then on steps and slices fall together.
  const reachMs = Math.max(fromMs + stepMs(ageMs), serverNowMs - ageMs);
  const until = Math.min(untilMs, endMs, reachMs, sliceOf(fromMs) + SLICE_MS);
  return until <= fromMs ? null : { fromMs, untilMs: until, dueMs: Math.min(until, fromMs + stepMs(ageMs)) + ageMs };
}

/** What has been read again at an age. */
export const coveredAt = (cursor: Cursor, ageMs: number): Coverage =>
  cursor.lookbacks.find((each) => each.ageMs === ageMs)?.covered ?? [];

/**
 * The cursor after a completed pass of any reader: at each age, what of the pass's stretch was that old when the
 * pass began is covered. A doubtful end proves nothing.
 */
export function coverByPass(cursor: Cursor, pass: Pass): Cursor {
  if (pass.doubtful) return cursor;
  const reachMs = pass.reachMs ?? Number.POSITIVE_INFINITY;
  const lookbacks = cursor.lookbacks.map(({ ageMs, covered }) => {
    const untilMs = Math.min(reachMs + 1, pass.serverStartMs - ageMs);
    return { ageMs, covered: [...cover(covered, { fromMs: pass.baseMs, untilMs })] };
  });
  return { ...cursor, lookbacks };
}

/** The cursor with a stretch that is not owed any more: at one age, or at all of them. */
export function excuse(cursor: Cursor, stretch: Stretch, atAgeMs: number | "all"): Cursor {
  const lookbacks = cursor.lookbacks.map(({ ageMs, covered }) => {
    const isExcused = atAgeMs === "all" || ageMs === atAgeMs;
    return { ageMs, covered: isExcused ? [...cover(covered, stretch)] : covered };
  });
  return { ...cursor, lookbacks };
}

/**
 * The cursor with these ages to look back at. What is settled stays settled, since its ids may be forgotten: a new
 * age is owed only beside that.
 *
 * @param readUntilMs below it all was read before, where no lookbacks tell.
 */
export function withAges(cursor: Cursor, agesMs: readonly number[], readUntilMs: number): Cursor {
  const read = cover([], { fromMs: cursor.beganMs, untilMs: sliceOf(readUntilMs) });
  const settled = cursor.lookbacks.at(-1)?.covered ?? read;
  const lookbacks = [...agesMs]
    .sort((a, b) => a - b)
    .map((ageMs) => cursor.lookbacks.find((each) => each.ageMs === ageMs) ?? { ageMs, covered: [...settled] });
  return { ...cursor, lookbacks };
}

/** The lowest value that the tail or a job has still to read for the first time. */
export function unreadFromMs({ cursor, jobs }: { cursor: Cursor; jobs: ReadonlyMap<string, Job> }): number {
  const pending = [...jobs.values()].filter(isPending);
  return Math.min(tailFromMs(cursor), ...pending.map((job) => leftOf(job).fromMs));
}

/**
 * Up to here every slice is settled: completed passes begun at least the last age after its end cover it. Without
 * lookbacks, what has been read is. Aligned to slices.
 */
export function settledUntilMs({ cursor, jobs }: { cursor: Cursor; jobs: ReadonlyMap<string, Job> }): number {
  const last = cursor.lookbacks.at(-1);
  if (last === undefined) return sliceOf(unreadFromMs({ cursor, jobs }));
  return sliceOf(firstUncovered(last.covered, cursor.beganMs).fromMs);
}

/** Whether all of a slice above `beganMs` is covered at the last age. */
export function isSettled(cursor: Cursor, sliceMs: number): boolean {
  const last = cursor.lookbacks.at(-1);
  const endMs = sliceMs + SLICE_MS;
  if (last === undefined) return endMs <= tailFromMs(cursor);
  return firstUncovered(last.covered, Math.max(cursor.beganMs, sliceMs)).fromMs >= endMs;
}
