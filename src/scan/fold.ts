import { isoOf } from "../kit/iso.ts";
import { mergeNext } from "../tenant/filters.ts";
import type { CursorField } from "../tenant/request.ts";
import { type Boundary, boundaryOf, conditionsOn } from "./bounds.ts";
import { isFirst, nudge, standsAt } from "./nudge.ts";
import { ended, type Fold, going, passBy, type Reader, type Shown } from "./outcome.ts";
import { type Ask, askedBounds, filtersName, type Pass, remember } from "./pass.ts";
import { nextPart, partStalled, splitByService } from "./services.ts";

export type { EndedPass, Fold, Reader } from "./outcome.ts";

/** No-progress pages in a row that are asked again; fewer where the pass had to be split because of such before. */
const REPEATS_MAX = 2;
const REPEATS_MAX_SPLIT = 1;

/** What one page showed, as far as the cursor is concerned. */
export interface PageFacts {
  readonly activities: number;
  readonly hasNext: boolean;
  readonly nextFilters: string | null;
  readonly total: number | null;
  /** The lowest and highest cursor-field values; null when no activity had one. */
  readonly lowestMs: number | null;
  readonly highestMs: number | null;
  /** Activities with a value outside the pass's bounds. */
  readonly outOfBounds: number;
  /** The services seen on the page. */
  readonly services: readonly number[];
  /** Against the direction that was asked. */
  readonly disordered: boolean;
  /** Not empty, and every id was on the page before, too. */
  readonly onPrevious: boolean;
  readonly serverNowMs: number;
}

/**
 * Why the page shows that the API does not honour the bounds on the cursor field, or null. Then nothing of the
 * page may be published and the cursor does not move.
 */
export function notHonoured(ask: Ask, facts: PageFacts): string | null {
  if (facts.outOfBounds === 0) return null;
  const { fromMs, untilMs } = askedBounds(ask.pass);
  const bounds = `${isoOf(fromMs)} to ${untilMs === null ? "now" : isoOf(untilMs)}`;
  return `${facts.outOfBounds} of ${facts.activities} activities lie outside the asked ${ask.field} ${bounds}`;
}

/**
 * Why the page shows that the API pages along another field than the cursor field, or null. Its next filters
 * cannot be followed then: nothing tells what they pass over.
 */
export function pagedOtherwise(ask: Ask, facts: PageFacts): string | null {
  const other: CursorField = ask.field === "created" ? "date" : "created";
  const conditions = facts.nextFilters === null ? null : conditionsOn(facts.nextFilters, other);
  // The scan's own filters may bound the other time: their echo says nothing.
  if (conditions === null || conditions === conditionsOn(JSON.stringify(ask.first), other)) return null;
  return `nextQueryFilters bound ${other} although ${ask.field} was asked`;
}

/** The reader after a page that honours the cursor field. */
export function foldPage<R extends Reader>(reader: R, ask: Ask, facts: PageFacts): Fold<R> {
  const seen = highest(ask.pass.highestMs, facts.highestMs);
  const first = ask.pass.pages === 0;
  const pass: Pass = {
    ...remember(ask.pass, ask.request.filters),
    pages: ask.pass.pages + 1,
    gaps: facts.activities > 0 ? 0 : ask.pass.gaps,
    nudged: ask.pass.nudged && facts.activities === 0,
    highestMs: seen,
    // Never later than what the first page can have shown: it was made between its asking and its answer.
    serverStartMs: first ? Math.min(ask.pass.serverStartMs, facts.serverNowMs) : ask.pass.serverStartMs,
  };
  const counted: R = { ...reader, counts: { ...reader.counts, pages: reader.counts.pages + 1 } };
  const asked = pass.direction === "asc" ? "ascending" : "descending";
  const order = facts.disordered
    ? [{ kind: "order_not_honoured" as const, detail: `the page's order is not ${asked} although it was asked` }]
    : [];
  const fold = facts.hasNext ? foldMiddle(counted, ask, pass, facts) : foldLast(counted, ask, pass, facts);
  return { ...fold, anomalies: [...order, ...fold.anomalies] };
}

function foldLast<R extends Reader>(reader: R, ask: Ask, pass: Pass, facts: PageFacts): Fold<R> {
  const total = facts.total ?? 0;
  if (pass.parts !== null) return nextPart(reader, ask, pass, facts, facts.activities > 0 || total === 0);
  if (facts.activities > 0 || total === 0) return partRead(reader, ask, pass, facts, []);
  const detail = `an empty last page although total says ${total}`;
  const anomalies = [{ kind: "empty_page_with_total" as const, detail }];
  const doubted = () => partRead(reader, ask, { ...pass, doubtful: true }, facts, anomalies);
  if (pass.nudged) {
    const at = pass.stoodAt;
    return at === null ? doubted() : led(foldDenied(reader, ask, { pass, at }, facts), anomalies);
  }
  // Seen with a bound that was some activity's exact instant: one more try a millisecond beyond its bounds, which
  // asks for no less. Where next filters do not tell their bound, what they would have shown is asked for by time.
  const at = standsAt(ask);
  if (at === null) return led(split(reader, ask, pass, facts), anomalies);
  const nudged = nudge(ask, pass, at);
  if (nudged !== null) return { ...going(reader, nudged), anomalies };
  return isFirst(ask) ? doubted() : led(foldDenied(reader, ask, { pass, at }, facts), anomalies);
}

const led = <R extends Reader>(fold: Fold<R>, before: Fold["anomalies"]): Fold<R> => ({
  ...fold,
  anomalies: [...before, ...fold.anomalies],
});

/**
 * The page before said that more comes, at an instant; and there, and beside it, is nothing although it counts. So
 * do some instants show themselves that hold more than a page. What lies beyond is read.
 */
function foldDenied<R extends Reader>(
  reader: R,
  ask: Ask,
  where: { readonly pass: Pass; readonly at: Boundary },
  facts: PageFacts,
): Fold<R> {
  if (where.pass.splits.length > 0) return split(reader, ask, where.pass, facts);
  return passBy(reader, ask, where, facts);
}

function foldMiddle<R extends Reader>(reader: R, ask: Ask, pass: Pass, facts: PageFacts): Fold<R> {
  const nextFilters = facts.nextFilters ?? "";
  const onward: Pass = { ...pass, nextFilters };
  const empty =
    facts.activities === 0 ? [{ kind: "empty_page_with_next" as const, detail: "an empty page with hasNext" }] : [];
  if (pagedOtherwise(ask, facts) !== null) return split(reader, ask, pass, facts);
  const stalled = facts.onPrevious || pass.sent.includes(filtersName(mergeNext(ask.first, nextFilters)));
  if (!stalled) return { ...going(reader, { ...onward, repeats: 0 }), anomalies: empty };
  if (pass.repeats < (pass.splits.length > 0 ? REPEATS_MAX_SPLIT : REPEATS_MAX)) {
    return { ...going(reader, { ...onward, repeats: pass.repeats + 1 }), anomalies: empty };
  }
  if (pass.parts !== null) return partStalled(reader, ask, pass, facts);
  const at = overfullInstant(ask, pass, facts);
  if (at !== null && pass.splits.length === 0) return splitByService(reader, ask, { pass, at }, facts);
  if (facts.activities === 0) return led(emptyStall(reader, ask, pass, facts), empty);
  return split(reader, ask, pass, facts);
}

/**
 * A page that says again and again that more comes, and shows nothing: an exact instant as a bound may be what it
 * stumbles over, so it is asked for beside that; where next filters led there, what lies beyond is read afterwards.
 */
function emptyStall<R extends Reader>(reader: R, ask: Ask, pass: Pass, facts: PageFacts): Fold<R> {
  if (pass.nudged && pass.stoodAt !== null) return foldDenied(reader, ask, { pass, at: pass.stoodAt }, facts);
  const at = standsAt(ask);
  if (pass.nudged || at === null) return split(reader, ask, pass, facts);
  const nudged = nudge(ask, pass, at);
  if (nudged !== null) return going(reader, nudged);
  return ask.pass.nextFilters === null ? split(reader, ask, pass, facts) : foldDenied(reader, ask, { pass, at }, facts);
}

/** The one instant that a page full of nothing else does not get past; null when that is not what it shows. */
function overfullInstant(ask: Ask, pass: Pass, facts: PageFacts): Boundary | null {
  const { lowestMs, highestMs } = facts;
  if (lowestMs === null || lowestMs !== highestMs) return null;
  const asked = askedBounds(pass);
  const at = boundaryOf(facts.nextFilters ?? "", ask.field, asked);
  if (at?.atMs === lowestMs) return at;
  // Where the order is descending and the instant is the upper bound itself, no bound shows where the page stands.
  return at !== null && lowestMs === asked.untilMs ? { atMs: lowestMs, ascending: false } : null;
}

/**
 * The reader after the API has refused next filters that it gave itself, or gave none although there is more: what
 * they would have shown is asked for by time.
 *
 * @param services seen on a page of which nothing else counts.
 */
export function foldRefused<R extends Reader>(
  reader: R,
  ask: Ask,
  serverNowMs: number,
  services: readonly number[] = [],
): Fold<R> {
  return split(reader, ask, ask.pass, { activities: 0, highestMs: ask.pass.highestMs, serverNowMs, services });
}

/** The part of the pass that was asked for is read to its end: so is the pass, or the rest of it comes next. */
function partRead<R extends Reader>(
  reader: R,
  ask: Ask,
  pass: Pass,
  facts: PageFacts,
  anomalies: Fold["anomalies"],
): Fold<R> {
  const endMs = pass.splits.at(-1);
  if (endMs === undefined) return ended(reader, ask, pass, facts, anomalies);
  const splits = pass.splits.filter((otherMs) => otherMs > endMs);
  const rest: Pass = { ...pass, fromMs: endMs + 1, splits, nextFilters: null, sent: [], nudged: false };
  if (rest.untilMs !== null && rest.fromMs > rest.untilMs) return ended(reader, ask, pass, facts, anomalies);
  return { ...going(reader, rest), anomalies };
}

/**
 * A page with more to come whose next filters lead nowhere: half of the time that was asked for is asked for
 * instead, until a part fits one page. That needs nothing of the API but its bounds on the cursor field.
 */
function split<R extends Reader>(reader: R, ask: Ask, pass: Pass, facts: Shown & Partial<PageFacts>): Fold<R> {
  if (pass.parts !== null) return nextPart(reader, ask, pass, facts, false);
  const { fromMs, untilMs } = askedBounds(pass);
  if (untilMs === fromMs) {
    return splitByService(reader, ask, { pass, at: { atMs: fromMs, ascending: true } }, facts);
  }
  const upperMs = Math.max(fromMs, untilMs ?? Math.max(facts.serverNowMs, facts.highestMs ?? fromMs));
  const splitMs = Math.floor((fromMs + upperMs) / 2);
  const splits = [...pass.splits, splitMs];
  return going(reader, { ...pass, splits, nextFilters: null, sent: [], repeats: 0, nudged: false });
}

const highest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);
