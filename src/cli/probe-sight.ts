import { createHash } from "node:crypto";
import { readActivity } from "../activity/read.ts";
import type { CursorField } from "../tenant/request.ts";

/** What one request asks for. Bounds are inclusive, epoch ms; `untilMs` null: none. */
export interface Question {
  readonly field: CursorField;
  readonly fromMs: number;
  readonly untilMs: number | null;
  readonly direction: "asc" | "desc";
  readonly limit: number;
}

/** An activity as far as a probe looks at it. Lives in memory only: no report holds any of it. */
export interface Seen {
  readonly id: string;
  readonly createdMs: number | null;
  readonly dateMs: number | null;
  /** Of its exact bytes. */
  readonly digest: string;
}

/** One page: what was asked and what came. */
export interface Sight {
  readonly asked: Question;
  readonly seen: readonly Seen[];
  readonly hasNext: boolean;
  /** The exact text; null: none came. */
  readonly nextFilters: string | null;
  readonly total: number | null;
  /** Whether other members came before the activities. */
  readonly leads: boolean;
  /** Null: no `Date` header. */
  readonly serverNowMs: number | null;
  readonly readAtMs: number;
  readonly durationMs: number;
}

/** Takes a page's activities; keeps some hundred bytes of each. */
export class SightTaker {
  readonly seen: Seen[] = [];

  take(bytes: Buffer): boolean {
    const { id, createdMs, dateMs } = readActivity(bytes, bytes.length);
    this.seen.push({ id, createdMs, dateMs, digest: createHash("sha256").update(bytes).digest("base64") });
    return true;
  }
}

/** The activity's value of a time. */
export const timeOf = ({ createdMs, dateMs }: Seen, field: CursorField): number | null =>
  field === "created" ? createdMs : dateMs;

/** The page's values of the field that was asked for, in its order. */
export const valuesOf = ({ asked, seen }: Sight): number[] =>
  seen.map((each) => timeOf(each, asked.field)).filter((value) => value !== null);

/** How the page is sorted by the field that was asked for; null: too few different values to tell. */
export function orderOf(sight: Sight): "asc" | "desc" | "none" | null {
  const values = valuesOf(sight);
  const steps = values.slice(1).map((value, at) => value - (values[at] ?? value));
  const [rises, falls] = [steps.some((step) => step > 0), steps.some((step) => step < 0)];
  if (rises && falls) return "none";
  return rises ? "asc" : falls ? "desc" : null;
}

/** The instant at the end where the page was cut: its highest value, or its lowest where it descends. */
export function lastInstant(sight: Sight): number | null {
  const values = valuesOf(sight);
  if (values.length === 0) return null;
  return (orderOf(sight) ?? sight.asked.direction) === "desc" ? lowest(values) : highest(values);
}

/** How many activities there are at each instant, of all pages together. */
export function crowdsOf(sights: readonly Sight[], field: CursorField): Map<number, Set<string>> {
  const crowds = new Map<number, Set<string>>();
  for (const each of sights.flatMap(({ seen }) => seen)) {
    const value = timeOf(each, field);
    if (value === null) continue;
    const crowd = crowds.get(value) ?? new Set();
    crowds.set(value, crowd.add(each.id));
  }
  return crowds;
}

/** Infinite where there are none. Pages hold thousands: too many for the arguments of one call in some engines. */
export const lowest = (values: readonly number[]): number =>
  values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
export const highest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
