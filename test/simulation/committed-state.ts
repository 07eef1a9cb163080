import { OVERLAP_MS } from "./scenario.ts";
/** A cursor as it stands in the cursors topic, as far as the oracle looks at it. */
export interface SeenCursor {
  readonly cursorField: "created" | "date" | null;
  readonly positionMs: number;
  readonly caughtUpMs: number;
  readonly pass: object | null;
}

/** Inclusive, along the cursor field. */
export interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What the cursors topic says, read without any code of the connector's. */
export class CommittedState {
  cursor: SeenCursor | null = null;
  /** Where the scan began: nothing before it is asked for. */
  beganAtMs: number | null = null;
  /** By key of their ledger. */
  readonly #gaps = new Map<string, readonly Stretch[]>();

  /** @returns the gaps that were not open before. */
  apply(key: string, value: string | null): readonly Stretch[] {
    if (key.includes('"reader":"tail"')) this.#applyCursor(value);
    else if (key.includes('"slice"') && !key.includes('"chunk"')) return this.#applyLedger(key, value);
    return [];
  }

  /**
   * Whether it is known to everybody that `valueMs` is still to be read, or cannot be. Stretches of jobs that are
   * still to come, once there are jobs, belong here too.
   */
  isOpen(valueMs: number): boolean {
    for (const gaps of this.#gaps.values()) {
      if (gaps.some(({ fromMs, untilMs }) => valueMs >= fromMs && valueMs <= untilMs)) return true;
    }
    return false;
  }

  get hasGaps(): boolean {
    return [...this.#gaps.values()].some((gaps) => gaps.length > 0);
  }

  #applyCursor(value: string | null): void {
    this.cursor = value === null ? null : (JSON.parse(value) as SeenCursor);
    if (this.cursor !== null) this.beganAtMs ??= this.cursor.positionMs - OVERLAP_MS;
  }

  #applyLedger(key: string, value: string | null): readonly Stretch[] {
    const before = this.#gaps.get(key) ?? [];
    if (value?.includes('"gaps":[]') === true && before.length === 0) return [];
    const { gaps } = value === null ? { gaps: [] } : (JSON.parse(value) as { gaps: readonly Stretch[] });
    this.#gaps.set(key, gaps);
    return gaps.filter(
      (gap) => !before.some(({ fromMs, untilMs }) => fromMs === gap.fromMs && untilMs === gap.untilMs),
    );
  }
}
