import { canonicalJson } from "../kit/canonical.ts";
import type { CursorField } from "../tenant/request.ts";

/** The bounds that filters set on a time field; null: none on that side. Epoch ms. */
interface Bounds {
  readonly lowerMs: number | null;
  readonly upperMs: number | null;
}

/** An instant that a pass stands at, and whether it goes on above it or below. */
export interface Boundary {
  readonly atMs: number;
  readonly ascending: boolean;
}

/** The bounds of `filters` (JSON text) on `field`; null when they set none, or cannot be read at all. */
function boundsOf(filters: string, field: CursorField): Bounds | null {
  const condition = member(parse(filters), field);
  if (condition === null) return null;
  const lowerMs = number(condition, "gte") ?? number(condition, "gt");
  const upperMs = number(condition, "lte") ?? number(condition, "lt");
  return lowerMs === null && upperMs === null ? null : { lowerMs, upperMs };
}

/** An equal text for equal conditions of `filters` (JSON text) on a time field, whatever they are; null: none. */
export function conditionsOn(filters: string, field: CursorField): string | null {
  const condition = member(parse(filters), field);
  return condition === null || Object.keys(condition).length === 0 ? null : canonicalJson(condition);
}

/**
 * Where filters inside a pass stand: the bound that is not the pass's own. Null when they do not tell.
 * @param filters JSON text.
 */
export function boundaryOf(
  filters: string,
  field: CursorField,
  pass: { readonly untilMs: number | null },
): Boundary | null {
  const bounds = boundsOf(filters, field);
  if (bounds === null) return null;
  if (bounds.upperMs !== null && bounds.upperMs !== pass.untilMs) return { atMs: bounds.upperMs, ascending: false };
  return bounds.lowerMs === null ? null : { atMs: bounds.lowerMs, ascending: true };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function member(value: unknown, name: string): Record<string, unknown> | null {
  if (value === null || typeof value !== "object" || Array.isArray(value) || !Object.hasOwn(value, name)) return null;
  const at: unknown = (value as Record<string, unknown>)[name];
  return at !== null && typeof at === "object" ? (at as Record<string, unknown>) : null;
}

const number = (condition: Record<string, unknown>, operator: string): number | null => {
  const value = condition[operator];
  return typeof value === "number" && Number.isSafeInteger(value) ? value : null;
};
