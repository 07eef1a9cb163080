import type { SliceAddition } from "../scan/slice-draft.ts";

/** One addition a slice. */
export function mergeAdditions(additions: readonly SliceAddition[]): SliceAddition[] {
  const merged = new Map<number, SliceAddition>();
  for (const addition of additions) {
    const before = merged.get(addition.sliceMs);
    merged.set(addition.sliceMs, before === undefined ? addition : sumOf(before, addition));
  }
  return [...merged.values()];
}

const sumOf = (a: SliceAddition, b: SliceAddition): SliceAddition => ({
  sliceMs: a.sliceMs,
  ids: b.ids.length === 0 ? a.ids : [...a.ids, ...b.ids],
  read: a.read + b.read,
  duplicates: a.duplicates + b.duplicates,
  deadLettered: a.deadLettered + b.deadLettered,
  late: a.late + b.late,
  proven: (a.proven ?? 0) + (b.proven ?? 0),
});
