/** A stretch of the cursor field: `fromMs` included, `untilMs` excluded. Epoch ms. */
export interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Disjoint stretches, neither touching nor empty, in ascending order. */
export type Coverage = readonly Stretch[];

/** More stretches than this and the shortest is forgotten: it is read once more than need be, and nothing is lost. */
const STRETCHES_MAX = 64;

/** `coverage` with `added` in it. */
export function cover(coverage: Coverage, added: Stretch): Coverage {
  if (added.untilMs <= added.fromMs) return coverage;
  const apart = coverage.filter((each) => each.untilMs < added.fromMs || each.fromMs > added.untilMs);
  const joined = coverage.filter((each) => !apart.includes(each));
  const fromMs = Math.min(added.fromMs, ...joined.map((each) => each.fromMs));
  const untilMs = Math.max(added.untilMs, ...joined.map((each) => each.untilMs));
  const all = [...apart, { fromMs, untilMs }].sort((a, b) => a.fromMs - b.fromMs);
  return all.length <= STRETCHES_MAX ? all : withoutShortest(all);
}

function withoutShortest(coverage: Coverage): Coverage {
  const length = ({ fromMs, untilMs }: Stretch) => untilMs - fromMs;
  const shortest = coverage.reduce((a, b) => (length(b) < length(a) ? b : a));
  return coverage.filter((each) => each !== shortest);
}

/** The first stretch at or above `fromMs` that is not covered; it may be endless. */
export function firstUncovered(coverage: Coverage, fromMs: number): Stretch {
  let at = fromMs;
  for (const each of coverage) {
    if (each.untilMs <= at) continue;
    if (each.fromMs > at) return { fromMs: at, untilMs: each.fromMs };
    at = each.untilMs;
  }
  return { fromMs: at, untilMs: Number.POSITIVE_INFINITY };
}
