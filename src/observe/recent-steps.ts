/** A bounded past: the last hour in steps of 10 s, at 4 bytes a step. */
export const STEP_MS = 10_000;
export const STEPS = 360;
export const MINUTE_STEPS = 60_000 / STEP_MS;

export type Step = number | null;

export const stepOf = (epochMs: number): number => Math.floor(epochMs / STEP_MS);

/** One number for each step; null where none was put. */
export class RecentSteps {
  readonly #values = new Float32Array(STEPS).fill(Number.NaN);

  put(step: number, value: number | null): void {
    this.#values[step % STEPS] = value ?? Number.NaN;
  }

  /** The steps before `step`, the oldest first. */
  before(step: number, count = STEPS): Step[] {
    return Array.from({ length: count }, (_, at) => {
      const value = this.#values[(step - count + at) % STEPS];
      return value === undefined || Number.isNaN(value) ? null : value;
    });
  }
}

/** Step by step the sum of what is known; null where nothing is. */
export function sumOf(series: readonly (readonly Step[])[]): Step[] {
  return combine(series, (a, b) => a + b);
}

/** Step by step the largest of what is known; null where nothing is. */
export function largestOf(series: readonly (readonly Step[])[]): Step[] {
  return combine(series, Math.max);
}

function combine(series: readonly (readonly Step[])[], both: (a: number, b: number) => number): Step[] {
  return Array.from({ length: series[0]?.length ?? 0 }, (_, at) =>
    series.reduce<Step>((all, each) => {
      const value = each[at] ?? null;
      return all === null || value === null ? (value ?? all) : both(all, value);
    }, null),
  );
}
