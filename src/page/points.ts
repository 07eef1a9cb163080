import type { History } from "../observe/status.ts";

type Value = number | null;

/** What the charts show: one value for each step, beside the instant at which the step ended. */
export interface Points {
  /** Epoch seconds. */
  readonly at: readonly number[];
  /** Where the charts begin: an hour ago, of a young process where it began; epoch seconds. */
  readonly fromSeconds: number;
  readonly isYoung: boolean;
  /** In the minute before each instant. */
  readonly publishedPerMinute: readonly Value[];
  readonly lagSeconds: readonly Value[];
  readonly requestsPerMinute: readonly Value[];
  readonly limitPerMinute: readonly Value[];
  readonly throttledPerMinute: readonly Value[];
}

/** What a chart shows at least. */
const SHORTEST_SECONDS = 300;

/** What is so at this moment, after the last step. */
export interface Present {
  /** Epoch seconds, by the connector's clock. */
  readonly at: number;
  readonly lagSeconds: Value;
  readonly requestsPerMinute: Value;
}

/** The lag grows and requests are made while no step ends: the charts' last point is what is so now. */
export function pointsOf(history: History, present: Present): Points {
  const past = pastOf(history);
  const last = past.at.at(-1);
  if (last === undefined || present.at <= last) return past;
  const still = (values: readonly Value[]) => [...values, values.at(-1) ?? null];
  return {
    ...past,
    at: [...past.at, present.at],
    publishedPerMinute: still(past.publishedPerMinute),
    lagSeconds: [...past.lagSeconds, present.lagSeconds],
    requestsPerMinute: [...past.requestsPerMinute, present.requestsPerMinute],
    limitPerMinute: still(past.limitPerMinute),
    throttledPerMinute: still(past.throttledPerMinute),
  };
}

function pastOf(history: History): Points {
  const { stepSeconds, published, lagSeconds, requests, throttled, limitPerMinute } = history;
  const untilSeconds = Date.parse(history.until) / 1_000;
  const minute = Math.round(60 / stepSeconds);
  const at = published.map((_, step) => untilSeconds - (published.length - 1 - step) * stepSeconds);
  const first = published.findIndex((value) => value !== null);
  const began = first === -1 ? untilSeconds : (at[first] ?? untilSeconds);
  return {
    at,
    fromSeconds: Math.min(began, untilSeconds - SHORTEST_SECONDS),
    isYoung: first !== 0,
    publishedPerMinute: sumsOf(published, minute),
    lagSeconds,
    requestsPerMinute: sumsOf(requests, minute),
    limitPerMinute,
    throttledPerMinute: sumsOf(throttled, minute),
  };
}

/** At each step the sum of the last `count`; null where the step itself is. */
function sumsOf(values: readonly Value[], count: number): Value[] {
  return values.map((value, at) => {
    if (value === null) return null;
    return values.slice(Math.max(0, at - count + 1), at + 1).reduce<number>((sum, each) => sum + (each ?? 0), 0);
  });
}

export interface Summary {
  readonly now: number;
  readonly least: number;
  readonly mean: number;
  readonly most: number;
}

/** Null while nothing is known. */
export function summaryOf(values: readonly Value[]): Summary | null {
  const known = values.filter((value) => value !== null);
  const now = known.at(-1);
  if (now === undefined) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return { now, least: Math.min(...known), mean, most: Math.max(...known) };
}

/** Some minutes of the hour: sums, and the largest lag. Null where nothing is known. */
export interface Stretch {
  /** Epoch ms. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly published: Value;
  readonly lagSeconds: Value;
  readonly requests: Value;
  readonly throttled: Value;
}

const STRETCHES = 12;

/** The hour in equal parts, the newest first; those before the process began are left out. */
export function stretchesOf(history: History): Stretch[] {
  const { published, lagSeconds, requests, throttled, stepSeconds } = history;
  const untilMs = Date.parse(history.until);
  const steps = Math.ceil(published.length / STRETCHES);
  const all = Array.from({ length: STRETCHES }, (_, back) => {
    const end = published.length - back * steps;
    const part = (values: readonly Value[]) => values.slice(Math.max(0, end - steps), end);
    return {
      fromMs: untilMs - (back + 1) * steps * stepSeconds * 1_000,
      untilMs: untilMs - back * steps * stepSeconds * 1_000,
      published: reduced(part(published), (a, b) => a + b),
      lagSeconds: reduced(part(lagSeconds), Math.max),
      requests: reduced(part(requests), (a, b) => a + b),
      throttled: reduced(part(throttled), (a, b) => a + b),
    };
  });
  return all.filter(({ requests, published }) => requests !== null || published !== null);
}

function reduced(values: readonly Value[], both: (a: number, b: number) => number): Value {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((all, value) => both(all, value));
}
