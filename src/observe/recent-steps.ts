/** A bounded past: the last hour in steps of 10 s, at 4 bytes a step. */
export const STEP_MS = 10_000;
export const STEPS = 360;
export const MINUTE_STEPS = 60_000 / STEP_MS;

export type Step = number | null;

export const stepOf = (epochMs: number): number => Math.floor(epochMs / STEP_MS);

/** One number for each step; unknown where none was put. */
export class RecentSteps {
  readonly #values = new Float32Array(STEPS).fill(Number.NaN);

  put(step: number, value: Step): void {
    this.#values[step % STEPS] = value ?? Number.NaN;
  }

  /** The sum of what is known of the `count` steps before `step`. */
  sumBefore(step: number, count: number): number {
    let sum = 0;
    for (let at = step - count; at < step; at++) sum += this.#values[at % STEPS] || 0;
    return sum;
  }

  /** Puts the hour before `step` together with what `all` holds of it, the oldest first; NaN: unknown. */
  foldInto(all: Float64Array, step: number, both: (a: number, b: number) => number): void {
    for (let at = 0; at < STEPS; at++) {
      const value = this.#values[(step + at) % STEPS] ?? Number.NaN;
      const before = all[at] ?? Number.NaN;
      if (!Number.isNaN(value)) all[at] = Number.isNaN(before) ? value : both(before, value);
    }
  }
}

/** The hour before `step`, the oldest first: step by step the sum of what is known; null where nothing is. */
export const sumOf = (series: readonly RecentSteps[], step: number): Step[] => folded(series, step, (a, b) => a + b);

/** The same with the largest of what is known. */
export const largestOf = (series: readonly RecentSteps[], step: number): Step[] => folded(series, step, Math.max);

/** Without lists between: with hundreds of series it is asked for every few seconds. */
function folded(series: readonly RecentSteps[], step: number, both: (a: number, b: number) => number): Step[] {
  const all = new Float64Array(STEPS).fill(Number.NaN);
  for (const each of series) each.foldInto(all, step, both);
  return Array.from(all, (value) => (Number.isNaN(value) ? null : value));
}
