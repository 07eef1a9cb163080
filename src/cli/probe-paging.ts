import type { Course } from "./probe-course.ts";
import type { Ceiling, Findings } from "./probe-findings.ts";
import { lastInstant, type Sight, timeOf, valuesOf } from "./probe-sight.ts";

/** The ids of the activities with which a page begins that was asked for by bounds: those at its first instant. */
function firstCrowd(sight: Sight | null, beyondMs: number | null): ReadonlySet<string> {
  if (sight === null || beyondMs === null) return new Set();
  const past = sight.seen.filter((each) => timeOf(each, sight.asked.field) !== beyondMs);
  const [first] = past;
  if (first === undefined) return new Set();
  const at = timeOf(first, sight.asked.field);
  return new Set(past.filter((each) => timeOf(each, sight.asked.field) === at).map(({ id }) => id));
}

/** Compares the page that next filters lead to with the one that bounds lead to. */
export function boundaryOf({ first, second, beyond }: Course): Findings["boundary"] {
  if (first === null || second === null || beyond === null || second.seen.length === 0) return null;
  const onFirst = new Set(first.seen.map(({ id }) => id));
  const onSecond = new Set(second.seen.map(({ id }) => id));
  const lastMs = lastInstant(first);
  const atLast = first.seen.filter((each) => timeOf(each, first.asked.field) === lastMs);
  // Next filters that lead back to where the page began are no boundary.
  if (first.seen.every(({ id }) => onSecond.has(id))) return null;
  if (atLast.some(({ id }) => onSecond.has(id))) return "repeated";
  const next = [...firstCrowd(beyond, lastMs)];
  const shown = next.filter((id) => onSecond.has(id));
  if (next.length === 0 || next.some((id) => onFirst.has(id))) return null;
  return shown.length === next.length ? "dropped" : shown.length === 0 ? "lost" : "split";
}

/**
 * A page that was cut lacks the activities of the instant at which it was: at least one of them, at most all, did not
 * fit. So each cut page leaves a stretch for the ceiling, and all together a shorter one.
 */
export function ceilingOf(course: Course): Ceiling | null {
  const isRepeated = boundaryOf(course) === "repeated";
  const newest = course.newest.at(-1) ?? null;
  const cuts = [
    { page: newest, beyond: course.older },
    { page: course.first, beyond: course.beyond },
  ].flatMap(({ page, beyond }) => {
    if (page === null || !page.hasNext || page.seen.length === 0 || isOneInstant(page)) return [];
    const left = firstCrowd(beyond, lastInstant(page)).size;
    const atLeast = page.seen.length + (isRepeated ? 0 : 1);
    const atMost = isRepeated ? atLeast : left === 0 ? page.asked.limit : page.seen.length + left;
    const { limit } = page.asked;
    const isAsAsked = atLeast <= limit && atMost >= limit;
    return [{ limit, atLeast, atMost: isAsAsked ? null : atMost }];
  });
  if (cuts.length === 0) return null;
  const short = cuts.filter(({ atMost }) => atMost !== null);
  if (short.length === 0) {
    // Whatever was asked for came, or all there is.
    const shown = [newest, course.older, course.first].map((page) => page?.seen.length ?? 0);
    return { atLeast: Math.max(...shown, ...cuts.map(({ limit }) => limit)), atMost: null };
  }
  const atMost = Math.min(...short.map((cut) => cut.atMost ?? cut.limit));
  return { atLeast: Math.min(atMost, Math.max(...short.map((cut) => cut.atLeast))), atMost };
}

const isOneInstant = (page: Sight): boolean => new Set(valuesOf(page)).size <= 1 && page.seen.length > 1;

/** By a page that shows nothing but one instant, or nothing where there is something, with activities seen elsewhere. */
export function overfullOf(course: Course, lastPage: Findings["lastPage"], hasSeen: boolean): Findings["overfull"] {
  const { newest, older, first } = course;
  const pages = [...newest, ...[older, first].filter((page) => page !== null)];
  if (!hasSeen) return null;
  if (pages.some((page) => page.hasNext && isOneInstant(page) && leadsNowhere(page))) return "repeat";
  if (pages.some(({ seen, hasNext }) => seen.length === 0 && hasNext)) return "empty";
  const ended = pages.some(({ seen, hasNext, total }) => seen.length === 0 && !hasNext && (total ?? 0) > 0);
  return ended && lastPage !== "hidden" ? "end" : null;
}

/** Its next filters stand where it does; where they cannot be read, it is as full as can be. */
function leadsNowhere(page: Sight): boolean {
  const [atMs] = valuesOf(page);
  return (page.nextFilters ?? "").includes(String(atMs)) || page.seen.length >= page.asked.limit;
}
