import { type Cursor, newCursor } from "../../../src/scan/cursor.ts";
import { foldPage, type PageFacts } from "../../../src/scan/fold.ts";
import { type Ask, askOf, type Pass } from "../../../src/scan/pass.ts";
import { openPass } from "../../../src/scan/tail.ts";

/** 2026-11-23 09:00, an edge of slices. */
export const NOW_MS = Date.UTC(2026, 10, 23, 9);
export const HOUR_MS = 3_600_000;
export const QUERY = { filters: { service: { eq: [20893] } }, limit: 500 };

/** A scan that is caught up at `NOW_MS`, but for `more`. */
export const cursorAt = (more: Partial<Cursor> = {}): Cursor => ({
  ...newCursor("contoso", QUERY.filters, NOW_MS),
  cursorField: "created",
  ...more,
});

export const passAt = (more: Partial<Pass> = {}): Pass => ({ ...openPass(cursorAt(), NOW_MS), ...more });

export const ask = (cursor: Cursor, serverNowMs = NOW_MS): Ask =>
  askOf(cursor.pass ?? openPass(cursor, serverNowMs), "created", QUERY);

/** A last page of one activity at `NOW_MS`, but for `more`. */
export const facts = (more: Partial<PageFacts> = {}): PageFacts => ({
  activities: 1,
  hasNext: false,
  nextFilters: null,
  total: null,
  lowestMs: NOW_MS,
  highestMs: NOW_MS,
  outOfBounds: 0,
  services: [],
  disordered: false,
  onPrevious: false,
  serverNowMs: NOW_MS,
  ...more,
});

/** A page with more to come, whose next filters are `next`. */
export const middle = (next: object, more: Partial<PageFacts> = {}): PageFacts =>
  facts({ hasNext: true, nextFilters: JSON.stringify(next), ...more });

/** What becomes of `cursor` by one page after the other. */
export const after = (cursor: Cursor, ...pages: readonly PageFacts[]): Cursor =>
  pages.reduce((at, page) => foldPage(at, ask(at), page).reader, cursor);
