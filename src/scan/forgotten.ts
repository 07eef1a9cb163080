import { type Range, sharedMs } from "./cost.ts";
import { SLICE_MS } from "./slice.ts";

/** What a scan still has ids of. */
export interface Remembered {
  /** Of the scan's cursor field, each slice once. */
  readonly ledgers: Iterable<{ readonly sliceMs: number; readonly remembered: boolean }>;
  /** Where ledgers are folded away; ids there are forgotten. */
  readonly folded: Range | null;
}

/** Hours in a stretch, whole or in part, whose ids are forgotten: what was published there cannot be recognised. */
export function forgottenHours({ ledgers, folded }: Remembered, range: Range): number {
  const folds = folded === null ? 0 : Math.min(range.untilMs, folded.untilMs) - Math.max(range.fromMs, folded.fromMs);
  let hours = Math.max(0, Math.ceil(folds / SLICE_MS));
  for (const { sliceMs, remembered } of ledgers) {
    if (!remembered && sharedMs(range, sliceMs) > 0) hours += 1;
  }
  return hours;
}

/** Why such a stretch is not read again without the word for it. */
export const repeatsRefusal = (hours: number): string =>
  `the ids of ${hours} ${hours === 1 ? "hour" : "hours"} in it are forgotten, so what was published there would be ` +
  "published again; --may-repeat allows it";
