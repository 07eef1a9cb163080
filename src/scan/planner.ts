import type { Cursor } from "./cursor.ts";
import { isDone, type Job, jobName } from "./job.ts";
import { nextStep } from "./lookback.ts";

export const READER_CLASSES = ["tail", "recovery", "first_lookback", "backfill", "later_lookback", "verify"] as const;
export type ReaderClass = (typeof READER_CLASSES)[number];

/**
 * How much a reader's waiting counts. What waits is served in the end, whatever its class: of two that always want
 * to ask, each has its part of the requests.
 */
const WEIGHTS: Readonly<Record<ReaderClass, number>> = {
  tail: 8,
  recovery: 4,
  first_lookback: 4,
  backfill: 2,
  later_lookback: 2,
  verify: 1,
};

/** A reader that wants to ask something, and from when on. Times are ms of one clock. */
export interface Want {
  /** `tail`, or a job's name. */
  readonly reader: string;
  readonly class: ReaderClass;
  readonly dueMs: number;
}

/** A want, and when its reader was served last; `-Infinity`: never. */
export interface Due extends Want {
  readonly servedMs: number;
}

/**
 * What the readers of a scan want beside its tail, by the server's time. A lookback waits until its next step is
 * old enough; a range job wants to ask at once, until it is done or paused.
 */
export function wantsOf(cursor: Cursor, jobs: ReadonlyMap<string, Job>, serverNowMs: number): Want[] {
  const wants: Want[] = [];
  for (const [reader, job] of jobs) {
    const wantsIt = job.origin !== "lookback" && !job.paused && (!isDone(job) || job.pass !== null);
    if (wantsIt) wants.push({ reader, class: job.origin as ReaderClass, dueMs: Number.NEGATIVE_INFINITY });
  }
  cursor.lookbacks.forEach(({ ageMs }, at) => {
    const reader = lookbackName(ageMs);
    const inPass = jobs.get(reader)?.pass != null;
    const dueMs = inPass ? Number.NEGATIVE_INFINITY : nextStep(cursor, ageMs, jobs.values(), serverNowMs)?.dueMs;
    if (dueMs !== undefined) wants.push({ reader, class: at === 0 ? "first_lookback" : "later_lookback", dueMs });
  });
  return wants;
}

export const lookbackName = (ageMs: number): string =>
  jobName({ origin: "lookback", ageMs, whole: { fromMs: 0, untilMs: 0 } });

/**
 * Which of a tenant's readers asks next: of those that are due the one whose waiting counts most; else the one
 * that is due first, for the caller to wait for. Null when there are none.
 */
export function nextDue<T extends Due>(readers: readonly T[], nowMs: number): T | null {
  const waited = (reader: T) => nowMs - Math.max(reader.dueMs, reader.servedMs);
  let best: T | null = null;
  for (const reader of readers) {
    if (best === null) best = reader;
    else if (reader.dueMs > nowMs || best.dueMs > nowMs) best = reader.dueMs < best.dueMs ? reader : best;
    else if (urgency(reader, waited(reader)) > urgency(best, waited(best))) best = reader;
  }
  return best;
}

/** A moment's waiting counts for all: so weights decide between those that have only just been served. */
const urgency = (reader: Due, waitedMs: number): number => (waitedMs + 1) * WEIGHTS[reader.class];
