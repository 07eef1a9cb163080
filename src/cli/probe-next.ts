import { isJsonObject } from "../activity/read.ts";
import type { NextFiltersShape } from "../mock-tenant/settings.ts";
import type { CursorField, Filters } from "../tenant/request.ts";
import type { Sight } from "./probe-sight.ts";

/**
 * The form of next filters: all that was asked with one bound moved (`echo`); the moved bound alone (`boundary`); a
 * bound on the time that was not asked along (`wrong-field`); text (`string`); or nothing that tells where it leads
 * (`opaque`). Null: the page had none.
 */
export function nextShapeOf({ asked, nextFilters }: Pick<Sight, "asked" | "nextFilters">): NextFiltersShape | null {
  if (nextFilters === null) return null;
  const next = parsed(nextFilters);
  if (typeof next === "string") return "string";
  if (!isJsonObject(next)) return "opaque";
  const other: CursorField = asked.field === "created" ? "date" : "created";
  if (Object.hasOwn(next, other)) return "wrong-field";
  const conditions = next[asked.field];
  if (!isJsonObject(conditions)) return "opaque";
  const kept = Object.entries(boundsOf(asked)).filter(([operator, value]) => conditions[operator] === value);
  return kept.length > 0 ? "echo" : "boundary";
}

/** The next filters with an upper bound that is a millisecond tighter; null where that cannot be put into them. */
export function editedNext({ asked, nextFilters }: Pick<Sight, "asked" | "nextFilters">): string | null {
  if (nextFilters === null || asked.untilMs === null) return null;
  const outer = parsed(nextFilters);
  const inner = typeof outer === "string" ? parsed(outer) : outer;
  if (!isJsonObject(inner)) return null;
  const conditions = inner[asked.field];
  const bounds = { ...(isJsonObject(conditions) ? conditions : {}), lte: asked.untilMs - 1 };
  const text = JSON.stringify({ ...inner, [asked.field]: bounds });
  return typeof outer === "string" ? JSON.stringify(text) : text;
}

function boundsOf({ fromMs, untilMs }: Sight["asked"]): Filters[string] {
  return untilMs === null ? { gte: fromMs } : { gte: fromMs, lte: untilMs };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
