import type { PageFacts } from "./fold.ts";

/** What a page shows the cursor, gathered while its activities arrive. */
export class PageTally {
  /** Ids on this page, as text: for repeats within it and on the next. */
  readonly ids = new Set<string>();
  readonly #bounds: { readonly fromMs: number; readonly untilMs: number | null };
  readonly #previous: ReadonlySet<string>;
  #activities = 0;
  #onPrevious = 0;
  #outOfBounds = 0;
  #lowestMs: number | null = null;
  #highestMs: number | null = null;
  #lastMs = Number.NEGATIVE_INFINITY;
  #descending = false;

  /**
   * @param bounds what was asked of the cursor field; inclusive.
   * @param previous the ids of the page before, in this pass.
   */
  constructor(bounds: { readonly fromMs: number; readonly untilMs: number | null }, previous: ReadonlySet<string>) {
    this.#bounds = bounds;
    this.#previous = previous;
  }

  /** Counts an activity in, with its value of the cursor field. False when its id is on this page already. */
  add(id: Buffer, valueMs: number | null): boolean {
    this.#activities += 1;
    if (valueMs !== null) this.#place(valueMs);
    const name = id.toString("latin1");
    if (this.#previous.has(name)) this.#onPrevious += 1;
    if (this.ids.has(name)) return false;
    this.ids.add(name);
    return true;
  }

  get activities(): number {
    return this.#activities;
  }

  /** Activities that were on the page before, too. */
  get onPrevious(): number {
    return this.#onPrevious;
  }

  /** The page as the cursor sees it. */
  facts(end: Pick<PageFacts, "hasNext" | "nextFilters" | "total" | "serverNowMs">): PageFacts {
    return {
      activities: this.#activities,
      lowestMs: this.#lowestMs,
      highestMs: this.#highestMs,
      outOfBounds: this.#outOfBounds,
      descending: this.#descending,
      onPrevious: this.#activities > 0 && this.#onPrevious === this.#activities,
      ...end,
    };
  }

  #place(valueMs: number): void {
    const { fromMs, untilMs } = this.#bounds;
    if (valueMs < fromMs || (untilMs !== null && valueMs > untilMs)) this.#outOfBounds += 1;
    if (valueMs < this.#lastMs) this.#descending = true;
    this.#lastMs = valueMs;
    this.#lowestMs = Math.min(this.#lowestMs ?? valueMs, valueMs);
    this.#highestMs = Math.max(this.#highestMs ?? valueMs, valueMs);
  }
}
