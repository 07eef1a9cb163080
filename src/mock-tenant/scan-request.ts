import type { FilterError, Filters } from "./filters.ts";
import { filterError } from "./filters.ts";
import { readFilters } from "./next-filters.ts";
import type { Direction } from "./page.ts";
import type { TimeField } from "./time-filters.ts";

/** What a request to the activities asks for, checked, its limit within what the API allows. */
export interface ScanRequest {
  readonly isScan: boolean;
  /** As they came, for telling edited next filters. */
  readonly rawFilters: unknown;
  readonly filters: Filters;
  readonly sortField: TimeField;
  readonly sortDirection: Direction;
  readonly limit: number;
  readonly skip: number;
}

/** In list mode no query reaches further. */
const LIST_REACH = 5_000;
const LIST_MAX = 100;
const SCAN_MIN = 500;
const SCAN_MAX = 5_000;

/** What the query string of a GET asks for; its `limit` is ignored, as clients report: 100, scans 500. */
export function requestOfQuery(query: URLSearchParams): ScanRequest | FilterError[] {
  const given = Object.fromEntries(query);
  return checkRequest({ ...given, limit: undefined });
}

/** What a body asks for: JSON, or a form when the content type says so. */
export function requestOfBody(body: string, contentType: string): ScanRequest | FilterError[] | "unreadable" {
  if (contentType.includes("x-www-form-urlencoded")) return checkRequest(Object.fromEntries(new URLSearchParams(body)));
  try {
    const parsed: unknown = body === "" ? {} : JSON.parse(body);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return [filterError(parsed)];
    return checkRequest(parsed as Record<string, unknown>);
  } catch {
    return "unreadable";
  }
}

function checkRequest(given: Readonly<Record<string, unknown>>): ScanRequest | FilterError[] {
  const isScan = booleanOf(given["isScan"]);
  const filters = readFilters(given["filters"]);
  const limit = integerOf(given["limit"], isScan === true ? SCAN_MIN : LIST_MAX, 1);
  const skip = integerOf(given["skip"], 0, 0);
  const sortField = oneOf(given["sortField"], ["date", "created"]);
  const sortDirection = oneOf(given["sortDirection"], ["desc", "asc"]);
  const checked = { isScan, filters, limit, skip, sortField, sortDirection };
  if (isScan === null || filters === null || limit === null || skip === null || !sortField || !sortDirection) {
    const wrong = Object.entries(checked).filter(([, value]) => value === null);
    return wrong.map(([name]) => filterError(given[name]));
  }
  const paging = { limit: clamped(limit, isScan), skip: isScan ? 0 : skip };
  if (paging.skip + paging.limit > LIST_REACH) return [filterError(paging.skip)];
  return { isScan, rawFilters: given["filters"], filters, sortField, sortDirection, ...paging };
}

/** The first choice stands in for nothing. */
function oneOf<Choice extends string>(value: unknown, choices: readonly [Choice, Choice]): Choice | null {
  return value === undefined || value === null ? choices[0] : (choices.find((choice) => choice === value) ?? null);
}

function clamped(limit: number, isScan: boolean): number {
  return isScan ? Math.min(SCAN_MAX, Math.max(SCAN_MIN, limit)) : Math.min(LIST_MAX, limit);
}

function booleanOf(value: unknown): boolean | null {
  if (value === undefined || value === null || value === false || value === "false") return false;
  return value === true || value === "true" ? true : null;
}

function integerOf(value: unknown, otherwise: number, least: number): number | null {
  if (value === undefined || value === null) return otherwise;
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return Number.isInteger(number) && (number as number) >= least ? (number as number) : null;
}
