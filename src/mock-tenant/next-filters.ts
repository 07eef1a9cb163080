import { createHash } from "node:crypto";
import type { Filters } from "./filters.ts";
import type { Direction } from "./page.ts";
import type { NextFiltersShape } from "./settings.ts";
import type { TimeField } from "./time-filters.ts";

/** Where the next page starts. */
export interface Boundary {
  readonly field: TimeField;
  readonly direction: Direction;
  /** The boundary record's times. */
  readonly createdMs: number;
  readonly dateMs: number;
}

function bounded(filters: Filters, field: TimeField, { direction, createdMs, dateMs }: Boundary): Filters {
  const valueMs = field === "created" ? createdMs : dateMs;
  return { ...filters, [field]: { ...filters[field], [direction === "asc" ? "gte" : "lte"]: valueMs } };
}

/** The `nextQueryFilters` of a page that was asked with `filters`, in the given shape. */
export function nextFilters(shape: NextFiltersShape, filters: Filters, boundary: Boundary): unknown {
  const { field } = boundary;
  const echo = bounded(filters, field, boundary);
  switch (shape) {
    case "echo":
      return echo;
    case "boundary":
      return bounded({}, field, boundary);
    case "wrong-field":
      return bounded(filters, field === "created" ? "date" : "created", boundary);
    case "opaque":
      return { cursor: seal(echo) };
    case "string":
      return JSON.stringify(echo);
  }
}

function seal(filters: Filters): string {
  const text = Buffer.from(JSON.stringify(filters)).toString("base64url");
  return `${text}.${signature(text)}`;
}

function signature(text: string): string {
  return createHash("sha256").update(`mock-tenant ${text}`).digest("base64url").slice(0, 12);
}

/** The filters inside a cursor that this server made; null for any other text. */
function unseal(cursor: string): Filters | null {
  const [text = "", signed] = cursor.split(".");
  return signed === signature(text) ? (JSON.parse(Buffer.from(text, "base64url").toString()) as Filters) : null;
}

/**
 * The filters that a request means: an object, its JSON text, or one with a cursor that this server made, to
 * which further filters may be added. Nothing and null mean no filters.
 *
 * @returns null when the value is none of these.
 */
export function readFilters(value: unknown): Filters | null {
  if (value === undefined || value === null) return {};
  const parsed = typeof value === "string" ? parsedText(value) : value;
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return null;
  if (!("cursor" in parsed)) return parsed as Filters;
  const { cursor, ...added } = parsed as Filters & { cursor: unknown };
  const sealed = typeof cursor === "string" ? unseal(cursor) : null;
  return sealed === null ? null : merged(sealed, added);
}

function parsedText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function merged(base: Filters, added: Filters): Filters {
  const fields = Object.entries(added).map(([field, operators]) => [field, { ...base[field], ...operators }]);
  return { ...base, ...Object.fromEntries(fields) };
}

const ISSUED_MAX = 10_000;

/** Remembers the next filters that were given out, to tell those that come back changed. */
export class IssuedFilters {
  /** By boundary; each with all texts given out for it. */
  readonly #texts = new Map<string, Set<string>>();

  remember(next: unknown, boundary: Boundary): void {
    const key = boundaryKey(boundary.field, boundary.direction, timeAt(boundary));
    const texts = this.#texts.get(key) ?? new Set();
    this.#texts.set(key, texts.add(canonical(next)));
    const oldest = this.#texts.keys().next();
    if (this.#texts.size > ISSUED_MAX && !oldest.done) this.#texts.delete(oldest.value);
  }

  /**
   * Whether `value` continues a page of this server and is not what that page said: a foreign text or cursor,
   * or a boundary given out for other filters. First filters are never taken for edited ones, unless they hit
   * a boundary by chance.
   */
  edited(value: unknown, field: TimeField, direction: Direction): boolean {
    const text = canonical(value);
    if ([...this.#texts.values()].some((texts) => texts.has(text))) return false;
    if (typeof value === "string") return true;
    if (typeof value !== "object" || value === null) return false;
    if ("cursor" in value) return true;
    const operators = (value as Filters)[field];
    const boundMs = operators?.[direction === "asc" ? "gte" : "lte"];
    return typeof boundMs === "number" && this.#texts.has(boundaryKey(field, direction, boundMs));
  }
}

function timeAt(boundary: Boundary): number {
  return boundary.field === "created" ? boundary.createdMs : boundary.dateMs;
}

function boundaryKey(field: TimeField, direction: Direction, valueMs: number): string {
  return `${field} ${direction} ${valueMs}`;
}

/** The same text for the same JSON value, whatever the order of keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
