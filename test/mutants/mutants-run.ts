import type { Machine } from "../real/machine.ts";

/** What a run of all mutants came to, as it is written to a file. */
export interface MutantsRun {
  readonly machine: Machine;
  /** So many at most were played for each. */
  readonly seeds: number;
  readonly outcomes: readonly {
    readonly name: string;
    readonly file: string;
    /** Until it was caught; null: it survived them all. */
    readonly seeds: number | null;
    readonly how: string;
  }[];
}
