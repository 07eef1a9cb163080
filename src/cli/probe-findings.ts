import type { NextFiltersShape, ThrottleShape, TieOverflow } from "../mock-tenant/settings.ts";
import type { CursorField } from "../tenant/request.ts";
import { type Course, REACH_DAYS } from "./probe-course.ts";
import type { HeadersSeen } from "./probe-headers.ts";
import { nextShapeOf } from "./probe-next.ts";
import { boundaryOf, ceilingOf, overfullOf } from "./probe-paging.ts";
import { crowdsOf, highest, lowest, orderOf, type Seen, type Sight, valuesOf } from "./probe-sight.ts";

/**
 * What an API was seen to do. Numbers and words of this list only, so that it can be shared: nothing that identifies
 * a tenant, a person or an activity. Null: not seen.
 */
export interface Findings {
  /** Activities that were looked at, each once, and how many an hour there are where they are newest. */
  readonly activities: { readonly seen: number; readonly reachDays: number; readonly perHour: number | null };
  /** Whether bounds on `created`, and on `date`, are honoured. */
  readonly honoured: Readonly<Record<CursorField, boolean | null>>;
  /** Of pages that were asked for in this order, how they came. */
  readonly order: Readonly<Record<"asc" | "desc", "asc" | "desc" | "none" | null>>;
  readonly pageCeiling: Ceiling | null;
  readonly nextFilters: NextFiltersShape | null;
  readonly editedNextFilters: "taken" | "refused" | null;
  /** Where the activities of the instant are at which a page was cut: on the next page, on both, or not all on either. */
  readonly boundary: "dropped" | "repeated" | "split" | "lost" | null;
  /** Of bounds that are exactly the instant of an activity. */
  readonly exactBounds: "inclusive" | "exclusive" | null;
  readonly wholeSecond: "shown" | "empty" | null;
  /** Whether a last page holds what it counts. */
  readonly lastPage: "shown" | "hidden" | null;
  /** Every page is empty, though it says that there is more. */
  readonly emptyPages: boolean | null;
  /** Activities at one instant: the most seen, and the share of all that are not alone at theirs. */
  readonly instants: { readonly most: number; readonly tiedShare: number } | null;
  /** What an instant with more activities than a page does. */
  readonly overfull: TieOverflow | null;
  readonly delays: Delays | null;
  /** Activities that were shown only after others of the same time had been. */
  readonly late: { readonly of: number; readonly found: number; readonly atLeastMs: number } | null;
  /** Activities of which the record was another the second time. */
  readonly changed: { readonly of: number; readonly found: number } | null;
  /** Of last pages: how `total` compares with what they hold. */
  readonly total: "exact" | "over" | "under" | "absent" | null;
  /** Where a page's other members are: before its activities, or after them. */
  readonly envelope: "before" | "after" | null;
  readonly clockSkewSeconds: number | null;
  readonly answerMs: { readonly least: number; readonly most: number };
  readonly compression: string | null;
  readonly rateHeaders: readonly string[];
  readonly throttled: ThrottleShape | null;
  /** Answers that were no page. */
  readonly troubles: Readonly<Record<string, number>>;
  readonly requests: number;
  /** Whether all was asked that made sense; false: what is null may be for want of an answer. */
  readonly complete: boolean;
}

/** The most that a page holds, as far as it can be told; `atMost` null: whatever was asked for came. */
export interface Ceiling {
  readonly atLeast: number;
  readonly atMost: number | null;
}

/** `created` minus `timestamp`, ms. `slowShare`: of those that took far longer than most, at least 15 min. */
export interface Delays {
  readonly leastMs: number;
  readonly medianMs: number;
  /** The longest that is not slow. */
  readonly usualMostMs: number;
  readonly slowShare: number;
  readonly mostMs: number;
}

export function judgeCourse(course: Course, headers: HeadersSeen): Findings {
  const sights = sightsOf(course);
  const asked = course.ahead === null ? sights : [course.ahead, ...sights];
  const activities = uniqueOf(sights);
  const hidden = lastPageOf(course);
  return {
    activities: { seen: activities.length, reachDays: REACH_DAYS, perHour: perHourOf(course) },
    honoured: { created: createdHonoured(course, activities), date: boundsHonoured(sights, "date") },
    order: { asc: orderSeen(sights, "asc"), desc: orderSeen(sights, "desc") },
    pageCeiling: ceilingOf(course),
    nextFilters: [course.first, ...course.newest].map((each) => each && nextShapeOf(each)).find(isKnown) ?? null,
    editedNextFilters: course.edited,
    boundary: boundaryOf(course),
    exactBounds: exactBoundsOf(course, hidden),
    wholeSecond: hidden === "hidden" ? null : wholeSecondOf(course),
    lastPage: hidden,
    emptyPages: activities.length > 0 ? false : sights.some(({ hasNext }) => hasNext) ? true : null,
    instants: instantsOf(sights, course.field),
    overfull: overfullOf(course, hidden, activities.length > 0),
    delays: delaysOf(activities),
    late: lateOf(course),
    changed: changedOf(course),
    total: totalOf(sights),
    envelope: activities.length === 0 ? null : sights.some(({ leads }) => leads) ? "before" : "after",
    clockSkewSeconds: skewOf(asked),
    answerMs: { least: Math.round(lowest(asked.map(durationOf))), most: Math.round(highest(asked.map(durationOf))) },
    compression: headers.compression,
    rateHeaders: headers.rateHeaders,
    throttled: headers.throttled,
    troubles: Object.fromEntries(course.troubles),
    requests: course.requests,
    complete: course.complete,
  };
}

const durationOf = ({ durationMs }: Sight): number => durationMs;
const isKnown = <T>(value: T | null): value is T => value !== null;

/** All but the question for what cannot be there. */
function sightsOf(course: Course): Sight[] {
  const { newest, older, first, second, beyond, instant, wholeSecond, date, again } = course;
  return [...newest, older, first, second, beyond, instant?.sight ?? null, wholeSecond, date, again].filter(isKnown);
}

function uniqueOf(sights: readonly Sight[]): Seen[] {
  return [...new Map(sights.flatMap(({ seen }) => seen.map((each) => [each.id, each] as const))).values()];
}

/** Where nothing was seen at all, that nothing lies ahead says nothing. */
function createdHonoured({ ahead, field }: Course, activities: readonly Seen[]): boolean | null {
  if (field === "date") return false;
  return ahead === null || activities.length === 0 ? null : true;
}

function boundsHonoured(sights: readonly Sight[], field: CursorField): boolean | null {
  const pages = sights.filter(({ asked, seen }) => asked.field === field && seen.length > 0);
  if (pages.length === 0) return null;
  return pages.every((page) => {
    const { fromMs, untilMs } = page.asked;
    return valuesOf(page).every((value) => value >= fromMs && value <= (untilMs ?? value));
  });
}

/** What differs from the order that was asked for counts before what agrees. */
function orderSeen(sights: readonly Sight[], direction: "asc" | "desc"): "asc" | "desc" | "none" | null {
  const orders = sights.filter(({ asked }) => asked.direction === direction).map(orderOf);
  return orders.find((order) => order !== null && order !== direction) ?? orders.find(isKnown) ?? null;
}

function perHourOf({ newest }: Course): number | null {
  const page = newest.at(-1);
  if (page === undefined || page.seen.length < 2) return null;
  const values = valuesOf(page);
  const spanMs = (page.serverNowMs ?? highest(values)) - lowest(values);
  return spanMs <= 0 ? null : Math.round((values.length * 3_600_000) / spanMs);
}

function exactBoundsOf({ instant }: Course, hidden: Findings["lastPage"]): Findings["exactBounds"] {
  if (instant === null || hidden === "hidden") return null;
  if (instant.sight.seen.length >= instant.known) return "inclusive";
  return instant.sight.hasNext ? null : "exclusive";
}

/** The instant itself was shown, and what begins a little before it and holds it is not. */
function wholeSecondOf({ instant, wholeSecond }: Course): Findings["wholeSecond"] {
  if (wholeSecond === null || instant === null) return null;
  if (wholeSecond.seen.length > 0) return "shown";
  return wholeSecond.asked.fromMs < instant.sight.asked.fromMs && instant.sight.seen.length > 0 ? "empty" : null;
}

/** By a stretch that holds, as was seen before, fewer activities than a page does. */
function lastPageOf({ again, newest }: Course): Findings["lastPage"] {
  if (again === null || newest.every(({ seen }) => seen.length === 0) || again.hasNext) return null;
  return again.seen.length > 0 ? "shown" : "hidden";
}

function instantsOf(sights: readonly Sight[], field: CursorField): Findings["instants"] {
  const sizes = [...crowdsOf(sights, field).values()].map(({ size }) => size);
  if (sizes.length === 0) return null;
  const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
  return { most: highest(sizes), tiedShare: rounded(sum(sizes.filter((size) => size > 1)) / sum(sizes)) };
}

const SLOW_MIN_MS = 15 * 60_000;
const SLOW_TIMES = 4;

function delaysOf(activities: readonly Seen[]): Delays | null {
  const delays = activities
    .map(({ createdMs, dateMs }) => (createdMs === null || dateMs === null ? null : createdMs - dateMs))
    .filter(isKnown)
    .sort((a, b) => a - b);
  const [leastMs] = delays;
  const mostMs = delays.at(-1);
  const medianMs = delays[Math.floor(delays.length / 2)];
  if (leastMs === undefined || mostMs === undefined || medianMs === undefined) return null;
  const usual = delays.filter((delay) => delay <= Math.max(SLOW_MIN_MS, medianMs * SLOW_TIMES));
  const slowShare = rounded(1 - usual.length / delays.length);
  return { leastMs, medianMs, usualMostMs: usual.at(-1) ?? mostMs, slowShare, mostMs };
}

/** Activities younger than this are watched for being shown late. */
const LATE_REACH_MS = 5 * 60_000;
/** The `Date` header tells whole seconds. */
const DATE_STEP_MS = 1_000;

function lateOf({ newest, again }: Course): Findings["late"] {
  const before = newest.at(-1);
  if (before === undefined || again === null || before.serverNowMs === null) return null;
  const untilMs = before.serverNowMs - DATE_STEP_MS;
  const known = new Set(before.seen.map(({ id }) => id));
  const recent = again.seen.filter(({ createdMs }) => {
    return createdMs !== null && createdMs < untilMs && createdMs >= untilMs - LATE_REACH_MS;
  });
  if (recent.length === 0) return null;
  const late = recent.filter(({ id }) => !known.has(id));
  const atLeastMs = late.length === 0 ? 0 : highest(late.map(({ createdMs }) => untilMs - (createdMs ?? untilMs)));
  return { of: recent.length, found: late.length, atLeastMs };
}

function changedOf({ newest, again }: Course): Findings["changed"] {
  const before = new Map(newest.at(-1)?.seen.map(({ id, digest }) => [id, digest]));
  const both = again?.seen.filter(({ id }) => before.has(id)) ?? [];
  if (both.length === 0) return null;
  return { of: both.length, found: both.filter(({ id, digest }) => before.get(id) !== digest).length };
}

function totalOf(sights: readonly Sight[]): Findings["total"] {
  const last = sights.filter(({ hasNext, seen }) => !hasNext && seen.length > 0);
  if (last.length === 0) return null;
  if (last.every(({ total }) => total === null)) return "absent";
  const over = last.map(({ total, seen }) => (total ?? seen.length) - seen.length);
  if (over.some((by) => by < 0)) return "under";
  return over.some((by) => by > 0) ? "over" : "exact";
}

/** Each answer bounds it: its `Date` was written, to the second, between its request and its headers. */
function skewOf(sights: readonly Sight[]): number | null {
  const bounds = sights.flatMap(({ serverNowMs, readAtMs, durationMs }) => {
    if (serverNowMs === null) return [];
    return [{ leastMs: serverNowMs - readAtMs, mostMs: serverNowMs + DATE_STEP_MS - (readAtMs - durationMs) }];
  });
  if (bounds.length === 0) return null;
  const leastMs = highest(bounds.map((bound) => bound.leastMs));
  const mostMs = lowest(bounds.map((bound) => bound.mostMs));
  // Adding 0 makes nothing of a negative zero.
  return Math.round((leastMs + mostMs) / 2 / DATE_STEP_MS) + 0;
}

const rounded = (share: number): number => Math.round(share * 1_000) / 1_000;
