import type { Archive } from "./archive.ts";
import { at } from "./archive.ts";
import { compileFilters, type FilterError, type Filters, filterError } from "./filters.ts";
import { type IssuedFilters, nextFilters } from "./next-filters.ts";
import { type Found, findPage, type Query } from "./page.ts";
import type { ScanRequest } from "./scan-request.ts";
import type { FaultName, MockTenantSettings } from "./settings.ts";

/** A page to be sent: its activities by index and the envelope around `data`. */
export interface PageAnswer {
  readonly indexes: readonly number[];
  readonly envelope: Readonly<Record<string, unknown>>;
}

export interface PageContext {
  readonly archive: Archive;
  readonly settings: MockTenantSettings;
  readonly issued: IssuedFilters;
  /** Of the tenant's clock, epoch ms. */
  readonly nowMs: number;
  readonly fault: FaultName | null;
}

/** `total` counts a little more than there is, as the documentation of the activity log warns. */
function overcounted(matches: number): number {
  return matches + Math.ceil(matches / 200);
}

/** Runs the request; a list of errors stands for a 400. */
export function answerPage(asked: ScanRequest, context: PageContext): PageAnswer | FilterError[] {
  const { settings, issued, nowMs } = context;
  const request = settings.ignoreCreated ? withoutCreated(asked) : asked;
  if (settings.refuseEditedFilters && issued.edited(asked.rawFilters, request.sortField, request.sortDirection)) {
    return [filterError(asked.rawFilters)];
  }
  const conditions = compileFilters(request.filters, nowMs);
  if (Array.isArray(conditions)) return conditions;
  const query: Query = {
    conditions,
    field: request.sortField,
    direction: context.fault === "descending" ? "desc" : request.sortDirection,
    limit: Math.min(request.limit, settings.pageCeiling ?? request.limit),
    skip: request.skip,
    mode: request.isScan ? "scan" : "list",
    keepBoundary: context.fault === "duplicate",
    tieOverflow: settings.tieOverflow,
  };
  const found = distorted(findPage(context.archive, query, nowMs), request, context);
  return request.isScan ? scanAnswer(found, request, query, context) : listAnswer(found, query);
}

function scanAnswer(found: Found, request: ScanRequest, query: Query, context: PageContext): PageAnswer {
  const { archive, settings, issued } = context;
  const counts = { max: query.limit, total: overcounted(found.matches), moreThanTotal: false };
  const { boundary } = found;
  if (boundary === null || !found.hasNext) return { indexes: found.indexes, envelope: { hasNext: false, ...counts } };
  const place = {
    field: query.field,
    direction: query.direction,
    createdMs: at(archive.created, boundary),
    dateMs: at(archive.timestamp, boundary),
  };
  const next = nextFilters(settings.nextFilters, request.filters, place);
  if (settings.refuseEditedFilters) issued.remember(next, place);
  return { indexes: found.indexes, envelope: { hasNext: true, ...counts, nextQueryFilters: next } };
}

/** List mode knows no next filters, and counts no further than it reaches. */
function listAnswer(found: Found, query: Query): PageAnswer {
  const moreThanTotal = found.matches > 5_000;
  const total = moreThanTotal ? 5_000 : found.matches;
  return { indexes: found.indexes, envelope: { hasNext: found.hasNext, max: query.limit, total, moreThanTotal } };
}

/** The faults that show in what a page holds. */
function distorted(found: Found, request: ScanRequest, { fault, settings }: PageContext): Found {
  if (settings.showsNothing) return { ...found, indexes: [], hasNext: false, boundary: null, matches: 0 };
  if (fault === "empty-page" && found.first !== null) {
    return { ...found, indexes: [], hasNext: true, boundary: found.first };
  }
  const last = { ...found, indexes: [], hasNext: false, boundary: null };
  if (fault === "empty-last" && !found.hasNext) return last;
  const from = request.filters[request.sortField]?.["gte"];
  const onWholeSecond = typeof from === "number" && from % 1_000 === 0;
  return settings.emptyOnWholeSecond && onWholeSecond ? last : found;
}

function withoutCreated(request: ScanRequest): ScanRequest {
  const { created: _, ...filters }: Filters = request.filters;
  return { ...request, filters, sortField: "date" };
}
