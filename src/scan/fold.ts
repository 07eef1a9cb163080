import { mergeNext } from "../tenant/filters.ts";
import type { CursorField } from "../tenant/request.ts";
import { type Boundary, boundaryOf, boundsOf } from "./bounds.ts";
import type { Cursor, Pass } from "./cursor.ts";
import type { Gap } from "./slices.ts";
import { type Ask, endPass, filtersName, remember } from "./tail.ts";

/** No-progress pages in a row that are asked again before the stall is passed by with a gap. */
const REPEATS_MAX = 2;

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

type PageAnomaly = "order_not_ascending" | "empty_page_with_next" | "empty_page_with_total" | "stall";

/** What a page does to the cursor, to be committed with its activities. */
export interface Fold {
  readonly cursor: Cursor;
  readonly passEnded: boolean;
  /** Opened when a stall had to be passed by. */
  readonly gap: Gap | null;
  /** The same page will be asked for again: nothing new came. */
  readonly again: boolean;
  readonly anomalies: readonly { readonly kind: PageAnomaly; readonly detail: string }[];
}

/**
 * Why the page shows that the API does not honour the cursor field, or null. Then nothing of the page may be
 * published and the cursor does not move.
 */
export function notHonoured(ask: Ask, facts: PageFacts): string | null {
  const { field, pass } = ask;
  const other: CursorField = field === "created" ? "date" : "created";
  if (facts.outOfBounds > 0) {
    const bounds = `${isoOf(pass.fromMs)} to ${pass.untilMs === null ? "now" : isoOf(pass.untilMs)}`;
    return `${facts.outOfBounds} of ${facts.activities} activities lie outside the asked ${field} ${bounds}`;
  }
  if (facts.nextFilters !== null && boundsOf(facts.nextFilters, other) !== null) {
    return `nextQueryFilters bound ${other} although ${field} was asked`;
  }
  return null;
}

/** The cursor after a page that honours the cursor field. */
export function foldPage(cursor: Cursor, ask: Ask, facts: PageFacts): Fold {
  const seen = highest(ask.pass.highestMs, facts.highestMs);
  const first = ask.pass.pages === 0;
  const pass: Pass = {
    ...remember(ask.pass, ask.request.filters),
    pages: ask.pass.pages + 1,
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
  if (facts.activities > 0 || total === 0) return ended(cursor, ask, pass, facts, []);
  const detail = `an empty last page although total says ${total}`;
  const anomalies = [{ kind: "empty_page_with_total" as const, detail }];
  if (pass.nudged) return ended(cursor, ask, pass, facts, anomalies);
  // Seen with a bound that was some activity's exact instant: one more try a millisecond lower, which asks for
  // no less. Where the boundary cannot be read, that is the whole pass again; ids remove the repeats.
  const at = ask.pass.nextFilters === null ? null : boundaryOf(ask.request.filters, ask.field, ask.pass);
  const nudge =
    at === null ? { fromMs: pass.fromMs - 1 } : at.ascending ? { fromMs: at.atMs - 1 } : { untilMs: at.atMs + 1 };
  const again: Pass = { ...pass, ...nudge, nextFilters: null, nudged: true };
  return { cursor: { ...cursor, pass: again }, passEnded: false, gap: null, again: true, anomalies };
}

function foldMiddle(cursor: Cursor, ask: Ask, pass: Pass, facts: PageFacts): Fold {
  const nextFilters = facts.nextFilters ?? "";
  const onward: Pass = { ...pass, nextFilters };
  const empty =
    facts.activities === 0 ? [{ kind: "empty_page_with_next" as const, detail: "an empty page with hasNext" }] : [];
  const stalled = facts.onPrevious || pass.sent.includes(filtersName(mergeNext(ask.first, nextFilters)));
  if (!stalled) {
    return { ...going(cursor, { ...onward, repeats: 0 }), anomalies: empty };
  }
  if (pass.repeats < REPEATS_MAX) {
    return { ...going(cursor, { ...onward, repeats: pass.repeats + 1 }), again: true, anomalies: empty };
  }
  return passBy(cursor, ask, pass, facts);
}

const going = (cursor: Cursor, pass: Pass): Fold => ({
  cursor: { ...cursor, pass },
  passEnded: false,
  gap: null,
  again: false,
  anomalies: [],
});

/** A stall that asking again did not end: the pass goes on beyond its instant, which becomes a gap. */
function passBy(cursor: Cursor, ask: Ask, pass: Pass, facts: PageFacts): Fold {
  const at = boundaryOf(facts.nextFilters ?? "", ask.field, ask.pass) ?? ownBoundary(facts, pass);
  if (at === null) {
    // Nothing tells where the pass stands: it starts again from the cursor's position. Nothing is skipped.
    const detail = "next filters repeat and nothing tells where they stand: the pass starts again";
    return {
      ...going({ ...cursor }, pass),
      cursor: { ...cursor, pass: null },
      again: true,
      anomalies: [{ kind: "stall", detail }],
    };
  }
  const gap: Gap = { fromMs: at.atMs, untilMs: at.atMs, reason: "stall" };
  const rest = at.ascending ? { fromMs: at.atMs + 1 } : { untilMs: at.atMs - 1 };
  const beyond: Pass = { ...pass, ...rest, nextFilters: null, repeats: 0, sent: [] };
  const detail = `the pass does not get past ${isoOf(at.atMs)}: that instant is opened as a gap`;
  const anomalies = [{ kind: "stall" as const, detail }];
  const nothingLeft = beyond.untilMs !== null && beyond.untilMs < beyond.fromMs;
  if (nothingLeft) return { ...ended(cursor, ask, pass, facts, anomalies), gap };
  return { cursor: { ...cursor, pass: beyond }, passEnded: false, gap, again: false, anomalies };
}

function ended(cursor: Cursor, ask: Ask, pass: Pass, facts: PageFacts, anomalies: Fold["anomalies"]): Fold {
  const lastPage = { activities: facts.activities, limit: ask.request.limit };
  return { cursor: endPass(cursor, pass, lastPage), passEnded: true, gap: null, again: false, anomalies };
}

/** Where the page itself stands, when its next filters cannot be read. */
function ownBoundary(facts: PageFacts, pass: Pass): Boundary | null {
  if (facts.descending) return facts.lowestMs === null ? null : { atMs: facts.lowestMs, ascending: false };
  const atMs = facts.highestMs ?? pass.highestMs;
  return atMs === null ? null : { atMs, ascending: true };
}

const highest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);

const isoOf = (ms: number): string => new Date(ms).toISOString();
