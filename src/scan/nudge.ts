import { type Boundary, boundaryOf } from "./bounds.ts";
import { type Ask, askedBounds, filtersName, type Pass } from "./pass.ts";

/** Whether the request is the pass's own first one, or next filters that say the same. */
export const isFirst = ({ pass, first, request }: Ask): boolean =>
  pass.nextFilters === null || filtersName(request.filters) === filtersName(JSON.stringify(first));

/** Where the request stands: at the bound of its next filters, or where its pass begins. Null: they do not tell. */
export function standsAt(ask: Ask): Boundary | null {
  const asked = askedBounds(ask.pass);
  if (isFirst(ask)) return { atMs: asked.fromMs, ascending: true };
  const at = boundaryOf(ask.request.filters, ask.field, asked);
  // Filters that lead out of the pass are none to go on from.
  const isInside = at !== null && at.atMs >= asked.fromMs && at.atMs <= (asked.untilMs ?? at.atMs);
  return isInside ? at : null;
}

/**
 * The pass asked for once more, a millisecond beside where it stands or, by its first filters, beside its bounds. Null
 * where that has been done: nudges go one way, so they end.
 */
export function nudge(ask: Ask, pass: Pass, at: Boundary): Pass | null {
  const { highestMs, lowestMs } = pass.nudges;
  const { atMs, ascending } = at;
  const isBehind = ascending ? highestMs !== null && atMs <= highestMs : lowestMs !== null && atMs >= lowestMs;
  if (isBehind) return null;
  const stoodAt = isFirst(ask) ? null : at;
  const nudges = ascending ? { highestMs: atMs, lowestMs } : { highestMs, lowestMs: atMs };
  return { ...pass, ...nudgedBounds(pass, stoodAt), nextFilters: null, sent: [], nudged: true, stoodAt, nudges };
}

function nudgedBounds(pass: Pass, at: Boundary | null): Partial<Pass> {
  const inner = pass.splits.slice(0, -1);
  if (at === null) {
    const fromMs = pass.fromMs - 1;
    const endMs = pass.splits.at(-1);
    if (endMs !== undefined) return { fromMs, splits: [...inner, endMs + 1] };
    return pass.untilMs === null ? { fromMs } : { fromMs, untilMs: pass.untilMs + 1 };
  }
  if (at.ascending) return { fromMs: at.atMs - 1 };
  // Of a pass that is split, it is the part that ends here; what is left of the pass begins above it.
  return pass.splits.length === 0 ? { untilMs: at.atMs + 1 } : { splits: [...inner, at.atMs + 1] };
}
