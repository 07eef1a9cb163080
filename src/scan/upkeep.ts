import { SPAN_FIRST_MS } from "./job.ts";
import { stepMs } from "./lookback.ts";
import { nextSpanMs, OVERLAP_MS } from "./tail.ts";

/** What a scan meets, and how it is read. */
export interface Load {
  /** Activities that are saved each second. */
  readonly perSecond: number;
  /** Activities that a page brings at most. */
  readonly pageSize: number;
  readonly pollIntervalMs: number;
  /** Of the lookbacks. */
  readonly agesMs: readonly number[];
}

/** Requests a minute that a scan's readers make while nothing is left to catch up with. */
export interface Upkeep {
  readonly tail: number;
  readonly lookbacks: readonly { readonly ageMs: number; readonly perMinute: number }[];
  readonly perMinute: number;
}

const MINUTE_MS = 60_000;
const ROUNDS = 20;

/**
 * What the readers need, with activities that come evenly. A poll an interval, and a request for each step of each
 * lookback; more where a page does not hold what has come meanwhile. Readers that have to wait for their turn read
 * longer stretches at once, so what is really asked may be less.
 *
 * @param pace requests a minute that the tenant allows.
 */
export function upkeepOf({ perSecond, pageSize, pollIntervalMs, agesMs }: Load, pace: number): Upkeep {
  const pages = (lengthMs: number) => pagesOf((perSecond * lengthMs) / 1_000, pageSize);
  // A poll of several pages takes longer than its interval, and finds more the next time.
  let cycleMs = pollIntervalMs;
  for (let round = 0; round < ROUNDS; round++) {
    cycleMs = Math.max(pollIntervalMs, (pages(cycleMs + OVERLAP_MS) * MINUTE_MS) / pace);
  }
  const tail = (pages(cycleMs + OVERLAP_MS) * MINUTE_MS) / cycleMs;
  const lookbacks = agesMs.map((ageMs) => {
    const step = stepMs(ageMs);
    return { ageMs, perMinute: (pages(step) * MINUTE_MS) / step };
  });
  return { tail, lookbacks, perMinute: lookbacks.reduce((sum, each) => sum + each.perMinute, tail) };
}

/** Requests that it takes to read so many activities: a page that is cut lacks those of the instant at its end. */
const pagesOf = (activities: number, pageSize: number): number =>
  Math.max(1, Math.ceil((activities - 1) / Math.max(1, pageSize - 1)));

/** Requests that a range job makes over a stretch in which activities come evenly, span by span. */
export function jobRequests({ perSecond, pageSize }: Pick<Load, "perSecond" | "pageSize">, lengthMs: number): number {
  let requests = 0;
  let spanMs = SPAN_FIRST_MS;
  for (let leftMs = lengthMs; leftMs > 0; ) {
    const shareMs = Math.min(spanMs, leftMs);
    const activities = (perSecond * shareMs) / 1_000;
    const pages = pagesOf(activities, pageSize);
    requests += pages;
    leftMs -= shareMs;
    spanMs = nextSpanMs(spanMs, { pages }, { activities, limit: pageSize });
  }
  return requests;
}

/** The most activities a second with which the readers keep up. */
export function ceilingPerSecond(load: Omit<Load, "perSecond">, pace: number): number {
  let [least, most] = [0, load.pageSize * pace];
  for (let round = 0; round < 40; round++) {
    const perSecond = (least + most) / 2;
    if (upkeepOf({ ...load, perSecond }, pace).perMinute <= pace) least = perSecond;
    else most = perSecond;
  }
  return least;
}
