import { mergeNext } from "../tenant/filters.ts";
import type { CursorField } from "../tenant/request.ts";
import { type Boundary, boundaryOf, conditionsOn } from "./bounds.ts";
import type { Cursor, Pass } from "./cursor.ts";
import type { Gap } from "./slices.ts";
import { type Ask, askedBounds, endPass, filtersName, remember } from "./tail.ts";

/** No-progress pages in a row that are asked again before the stall is passed by with a gap. */
const REPEATS_MAX = 2;
/** Gaps in a row, nothing between them, after which the API is taken to be broken rather than overfull. */
const GAPS_MAX = 3;

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
  readonly descending: boolean;
  /** Not empty, and every id was on the page before, too. */
  readonly onPrevious: boolean;
  readonly serverNowMs: number;
}

type Shown = Pick<PageFacts, "activities" | "highestMs" | "serverNowMs">;

type PageAnomaly = "order_not_ascending" | "empty_page_with_next" | "empty_page_with_total" | "stall";

/** What a page does to the cursor, to be committed with its activities. */
export interface Fold {
  readonly cursor: Cursor;
  readonly passEnded: boolean;
  /** Opened when a stall had to be passed by. */
  readonly gap: Gap | null;
  /** The API brings the pass no further whatever is asked: it is left, to be tried again later. */
  readonly stuck: boolean;
  readonly anomalies: readonly { readonly kind: PageAnomaly; readonly detail: string }[];
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

/** The cursor after a page that honours the cursor field. */
export function foldPage(cursor: Cursor, ask: Ask, facts: PageFacts): Fold {
  const seen = highest(ask.pass.highestMs, facts.highestMs);
  const first = ask.pass.pages === 0;
  const pass: Pass = {
    ...remember(ask.pass, ask.request.filters),
    pages: ask.pass.pages + 1,
    gaps: facts.activities > 0 ? 0 : ask.pass.gaps,
    nudged: ask.pass.nudged && facts.activities === 0,
    highestMs: seen,
    serverStartMs: first ? facts.serverNowMs : ask.pass.serverStartMs,
  };
  const counted: Cursor = { ...cursor, counts: { ...cursor.counts, pages: cursor.counts.pages + 1 } };
  const order = facts.descending
    ? [{ kind: "order_not_ascending" as const, detail: "the page's order is not ascending although it was asked" }]
    : [];
  const fold = facts.hasNext ? foldMiddle(counted, ask, pass, facts) : foldLast(counted, ask, pass, facts);
  return { ...fold, anomalies: [...order, ...fold.anomalies] };
}

function foldLast(cursor: Cursor, ask: Ask, pass: Pass, facts: PageFacts): Fold {
  const total = facts.total ?? 0;
  if (facts.activities > 0 || total === 0) return partRead(cursor, ask, pass, facts, []);
  const detail = `an empty last page although total says ${total}`;
  const anomalies = [{ kind: "empty_page_with_total" as const, detail }];
  if (pass.nudged) return partRead(cursor, ask, pass, facts, anomalies);
  // Seen with a bound that was some activity's exact instant: one more try a millisecond beyond its bounds, which
  // asks for no less. Where next filters do not tell their bound, what they would have shown is asked for by time.
  const isFirst = ask.pass.nextFilters === null;
  const at = isFirst ? null : boundaryOf(ask.request.filters, ask.field, askedBounds(pass));
  if (!isFirst && at === null) return { ...split(cursor, ask, pass, facts), anomalies };
  const again: Pass = { ...pass, ...nudgedBounds(pass, at), nextFilters: null, nudged: true };
  return { ...going(cursor, again), anomalies };
}

function nudgedBounds(pass: Pass, at: Boundary | null): Partial<Pass> {
  if (at === null) {
    const fromMs = pass.fromMs - 1;
    if (pass.splitMs !== null) return { fromMs, splitMs: pass.splitMs + 1 };
    return pass.untilMs === null ? { fromMs } : { fromMs, untilMs: pass.untilMs + 1 };
  }
  if (at.ascending) return { fromMs: at.atMs - 1 };
  // Of a pass that is split, it is the part that ends here; what is left of the pass begins above it.
  return pass.splitMs === null ? { untilMs: at.atMs + 1 } : { splitMs: at.atMs + 1 };
}

function foldMiddle(cursor: Cursor, ask: Ask, pass: Pass, facts: PageFacts): Fold {
  const nextFilters = facts.nextFilters ?? "";
  const onward: Pass = { ...pass, nextFilters };
  const empty =
    facts.activities === 0 ? [{ kind: "empty_page_with_next" as const, detail: "an empty page with hasNext" }] : [];
  if (pagedOtherwise(ask, facts) !== null) return split(cursor, ask, pass, facts);
  const stalled = facts.onPrevious || pass.sent.includes(filtersName(mergeNext(ask.first, nextFilters)));
  if (!stalled) return { ...going(cursor, { ...onward, repeats: 0 }), anomalies: empty };
  if (pass.repeats < REPEATS_MAX) {
    return { ...going(cursor, { ...onward, repeats: pass.repeats + 1 }), anomalies: empty };
  }
  const at = overfullInstant(ask, pass, facts);
  if (at === null || pass.splitMs !== null) return split(cursor, ask, pass, facts);
  return passBy(cursor, ask, { pass, at }, facts);
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
 * The cursor after the API has refused next filters that it gave itself: what they would have shown is asked for
 * by time.
 */
export function foldRefused(cursor: Cursor, ask: Ask, serverNowMs: number): Fold {
  return split(cursor, ask, ask.pass, { activities: 0, highestMs: ask.pass.highestMs, serverNowMs });
}

/** The part of the pass that was asked for is read to its end: so is the pass, or the rest of it comes next. */
function partRead(cursor: Cursor, ask: Ask, pass: Pass, facts: PageFacts, anomalies: Fold["anomalies"]): Fold {
  if (pass.splitMs === null) return ended(cursor, ask, pass, facts, anomalies);
  const rest: Pass = { ...pass, fromMs: pass.splitMs + 1, splitMs: null, nextFilters: null, sent: [], nudged: false };
  if (rest.untilMs !== null && rest.fromMs > rest.untilMs) return ended(cursor, ask, pass, facts, anomalies);
  return { ...going(cursor, rest), anomalies };
}

/**
 * A page with more to come whose next filters lead nowhere: half of the time that was asked for is asked for
 * instead, until a part fits one page. That needs nothing of the API but its bounds on the cursor field.
 */
function split(cursor: Cursor, ask: Ask, pass: Pass, facts: Shown): Fold {
  const { fromMs, untilMs } = askedBounds(pass);
  if (untilMs === fromMs) {
    return passBy(cursor, ask, { pass: { ...pass, splitMs: null }, at: { atMs: fromMs, ascending: true } }, facts);
  }
  const upperMs = Math.max(fromMs, untilMs ?? Math.max(facts.serverNowMs, facts.highestMs ?? fromMs));
  const splitMs = Math.floor((fromMs + upperMs) / 2);
  return going(cursor, { ...pass, splitMs, nextFilters: null, sent: [], repeats: 0 });
}

const going = (cursor: Cursor, pass: Pass): Fold => ({
  cursor: { ...cursor, pass },
  passEnded: false,
  gap: null,
  stuck: false,
  anomalies: [],
});

/** An instant that the API does not get past: the pass goes on beyond it, and the instant becomes a gap. */
function passBy(cursor: Cursor, ask: Ask, where: { pass: Pass; at: Boundary }, facts: Shown): Fold {
  const { pass, at } = where;
  const detail = `the pass does not get past ${isoOf(at.atMs)}: that instant is opened as a gap`;
  const anomalies = [{ kind: "stall" as const, detail }];
  if (pass.gaps >= GAPS_MAX) {
    const broken = `${GAPS_MAX} instants in a row could not be read: the pass is left, and begins again later`;
    return {
      ...going(cursor, pass),
      cursor: { ...cursor, pass: null },
      stuck: true,
      anomalies: [{ kind: "stall", detail: broken }],
    };
  }
  const gap: Gap = { fromMs: at.atMs, untilMs: at.atMs, reason: "stall" };
  const rest = at.ascending ? { fromMs: at.atMs + 1 } : { untilMs: at.atMs - 1 };
  const beyond: Pass = { ...pass, ...rest, nextFilters: null, repeats: 0, sent: [], gaps: pass.gaps + 1 };
  const nothingLeft = beyond.untilMs !== null && beyond.untilMs < beyond.fromMs;
  if (nothingLeft) return { ...ended(cursor, ask, pass, facts, anomalies), gap };
  return { ...going(cursor, beyond), gap, anomalies };
}

function ended(cursor: Cursor, ask: Ask, pass: Pass, facts: Shown, anomalies: Fold["anomalies"]): Fold {
  const lastPage = { activities: facts.activities, limit: ask.request.limit };
  return { cursor: endPass(cursor, pass, lastPage), passEnded: true, gap: null, stuck: false, anomalies };
}

const highest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);

const isoOf = (ms: number): string => new Date(ms).toISOString();
