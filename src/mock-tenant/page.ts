import { type Archive, at } from "./archive.ts";
import { type Conditions, shows } from "./filters.ts";
import type { TieOverflow } from "./settings.ts";
import { hull, type TimeField } from "./time-filters.ts";

export type Direction = "asc" | "desc";

/** One query as the server runs it, settings applied. */
export interface Query {
  readonly conditions: Conditions;
  readonly field: TimeField;
  readonly direction: Direction;
  readonly limit: number;
  /** List mode only. */
  readonly skip: number;
  readonly mode: "scan" | "list";
  /** The boundary records stay on the page although the next one lists them again. */
  readonly keepBoundary: boolean;
  readonly tieOverflow: TieOverflow;
}

/** What a query finds. */
export interface Found {
  /** The page's activities, by index, in order. */
  readonly indexes: readonly number[];
  readonly hasNext: boolean;
  /** All that match now, this page's and later ones'. */
  readonly matches: number;
  /** The record where the next page starts; null when there is none. */
  readonly boundary: number | null;
  /** The first record that matches; null when none does. */
  readonly first: number | null;
}

/** The value of the time that a query sorts by. */
function timeOf(archive: Archive, index: number, field: TimeField): number {
  return at(field === "created" ? archive.created : archive.timestamp, index);
}

/**
 * Runs a query over what is visible at `nowMs`. In scan mode a page that is not the last ends before a
 * timestamp boundary: its last records, all of one time, are dropped and open the next page.
 */
export function findPage(archive: Archive, query: Query, nowMs: number): Found {
  const { indexes, matches } = collect(archive, query, nowMs);
  const first = indexes[0] ?? null;
  const page = indexes.slice(query.skip, query.skip + query.limit);
  const hasNext = matches > query.skip + query.limit;
  const last = page.at(-1);
  if (!hasNext || query.mode === "list" || last === undefined) {
    return { indexes: page, hasNext, matches, boundary: null, first };
  }
  const boundaryMs = timeOf(archive, last, query.field);
  const kept = page.filter((index) => timeOf(archive, index, query.field) !== boundaryMs);
  if (kept.length === 0) return overflow(page, query.tieOverflow, matches);
  return { indexes: query.keepBoundary ? page : kept, hasNext, matches, boundary: last, first };
}

/** One time holds more than a page: a boundary at that time leads nowhere. */
function overflow(page: readonly number[], tieOverflow: TieOverflow, matches: number): Found {
  const first = page[0] ?? null;
  if (tieOverflow === "end") return { indexes: [], hasNext: false, matches, boundary: null, first };
  return { indexes: tieOverflow === "empty" ? [] : page, hasNext: true, matches, boundary: first, first };
}

/** The first `skip + limit` matches in order, and how many there are in all. */
function collect(archive: Archive, query: Query, nowMs: number): { indexes: number[]; matches: number } {
  const order = query.field === "date" ? archive.byDate() : null;
  const edges = hull(query.conditions[query.field]);
  const position = (fromMs: number): number => lowerBound(archive, order, query.field, fromMs);
  const low = edges.fromMs === Number.NEGATIVE_INFINITY ? 0 : position(edges.fromMs);
  const high = edges.toMs === Number.POSITIVE_INFINITY ? archive.count : position(edges.toMs + 1);
  const ascending = query.direction === "asc";
  const indexes: number[] = [];
  let matches = 0;
  for (let step = 0; step < high - low; step++) {
    const rank = ascending ? low + step : high - 1 - step;
    const index = order === null ? rank : at(order, rank);
    if (!shows(archive, index, query.conditions, nowMs)) continue;
    matches++;
    if (indexes.length < query.skip + query.limit) indexes.push(index);
  }
  return { indexes, matches };
}

/** The first rank in the order whose time is at least `fromMs`. */
function lowerBound(archive: Archive, order: Uint32Array | null, field: TimeField, fromMs: number): number {
  let low = 0;
  let high = archive.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const index = order === null ? middle : at(order, middle);
    if (timeOf(archive, index, field) < fromMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
