/** A cursor as it stands in the cursors topic, as far as the oracle looks at it. */
export interface SeenCursor {
  readonly cursorField: "created" | "date" | null;
  readonly positionMs: number;
  readonly caughtUpMs: number;
  readonly pass: object | null;
  readonly beganMs: number;
  /** Only while nothing is to be asked. */
  readonly paused?: object;
}

/** A range job, as far as the oracle looks at it. */
interface SeenJob extends Stretch {
  readonly origin: string;
  readonly pass: { readonly baseMs: number; readonly reachMs: number | null } | null;
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
  /** By key of their ledger: the hours that differ from what the API shows, by the last comparison. */
  readonly #mismatches = new Set<string>();
  /** By key of their ledger: the hours whose ids are forgotten. */
  readonly #forgotten = new Set<string>();
  /** What recoveries and backfills have left to read, by key of their record. */
  readonly #jobs = new Map<string, Stretch>();

  /** @returns the gaps that were not open before. */
  apply(key: string, value: string | null): readonly Stretch[] {
    if (key.includes('"reader":"tail"')) this.#applyCursor(value);
    else if (key.includes('"reader"')) this.#applyJob(key, value);
    else if (key.includes('"slice"') && !key.includes('"chunk"')) return this.#applyLedger(key, value);
    return [];
  }

  /** Whether it is known to everybody that `valueMs` is still to be read, by a job, or cannot be. */
  isOpen(valueMs: number): boolean {
    for (const { fromMs, untilMs } of this.#jobs.values()) if (valueMs >= fromMs && valueMs <= untilMs) return true;
    for (const gaps of this.#gaps.values()) {
      if (gaps.some(({ fromMs, untilMs }) => valueMs >= fromMs && valueMs <= untilMs)) return true;
    }
    return false;
  }

  /** Recoveries and backfills that have something left. */
  get jobs(): number {
    return this.#jobs.size;
  }

  /** All that are open. */
  get gaps(): readonly Stretch[] {
    return [...this.#gaps.values()].flat();
  }

  /** The first hour whose ids are forgotten; null: there is none. */
  get forgottenHourMs(): number | null {
    const [key] = [...this.#forgotten].sort();
    return key === undefined ? null : Date.parse((JSON.parse(key) as { slice: string }).slice);
  }

  /** Whether the hour that begins then is kept as one that differs. */
  isMismatch(sliceMs: number): boolean {
    const name = `"${new Date(sliceMs).toISOString().slice(0, 16)}Z"`;
    return [...this.#mismatches].some((key) => key.includes(name));
  }

  #applyCursor(value: string | null): void {
    this.cursor = value === null ? null : (JSON.parse(value) as SeenCursor);
    if (this.cursor !== null) this.beganAtMs ??= this.cursor.beganMs;
  }

  #applyJob(key: string, value: string | null): void {
    const job = value === null ? null : (JSON.parse(value) as SeenJob);
    // What looks back or verifies owes nothing that is not owed already.
    if (job === null || job.origin === "lookback" || job.origin === "verify") this.#jobs.delete(key);
    else
      this.#jobs.set(key, {
        fromMs: Math.min(job.fromMs, job.pass?.baseMs ?? job.fromMs),
        untilMs: Math.max(job.untilMs, job.pass?.reachMs ?? job.untilMs),
      });
  }

  #applyLedger(key: string, value: string | null): readonly Stretch[] {
    if (value?.includes('"equal":false') === true) this.#mismatches.add(key);
    else this.#mismatches.delete(key);
    if (value?.includes('"remembered":false') === true) this.#forgotten.add(key);
    const before = this.#gaps.get(key) ?? [];
    if (value?.includes('"gaps":[]') === true && before.length === 0) return [];
    const { gaps } = value === null ? { gaps: [] } : (JSON.parse(value) as { gaps: readonly Stretch[] });
    this.#gaps.set(key, gaps);
    return gaps.filter(
      (gap) => !before.some(({ fromMs, untilMs }) => fromMs === gap.fromMs && untilMs === gap.untilMs),
    );
  }
}
