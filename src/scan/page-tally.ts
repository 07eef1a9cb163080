import type { PageFacts } from "./fold.ts";
import type { Pass } from "./pass.ts";

/** What was asked of the cursor field; inclusive. */
export interface Asked {
  readonly fromMs: number;
  readonly untilMs: number | null;
  readonly direction: Pass["direction"];
}

/** Services of a page that are kept apart. */
const SERVICES_MAX = 100;

/** What a page shows the cursor, gathered while its activities arrive. */
export class PageTally {
  /** Ids on this page, as text: for repeats within it and on the next. */
  readonly ids = new Set<string>();
  readonly #asked: Asked;
  readonly #previous: ReadonlySet<string>;
  readonly #services = new Set<number>();
  #activities = 0;
  #onPrevious = 0;
  #outOfBounds = 0;
  #lowestMs: number | null = null;
  #highestMs: number | null = null;
  #lastMs: number | null = null;
  #disordered = false;

  /** @param previous the ids of the page before, in this pass. */
  constructor(asked: Asked, previous: ReadonlySet<string>) {
    this.#asked = asked;
    this.#previous = previous;
  }

  /**
   * Counts an activity in, with its value of the cursor field and its service. False when its id is on this page
   * already.
   */
  add(id: Buffer, valueMs: number | null, service: number | null = null): boolean {
    this.#activities += 1;
    if (service !== null && this.#services.size < SERVICES_MAX) this.#services.add(service);
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

  /** Those of the page's activities; bounded. */
  get services(): readonly number[] {
    return [...this.#services];
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
      disordered: this.#disordered,
      services: this.services,
      onPrevious: this.#activities > 0 && this.#onPrevious === this.#activities,
      ...end,
    };
  }

  #place(valueMs: number): void {
    const { fromMs, untilMs, direction } = this.#asked;
    if (valueMs < fromMs || (untilMs !== null && valueMs > untilMs)) this.#outOfBounds += 1;
    const step = valueMs - (this.#lastMs ?? valueMs);
    if (direction === "asc" ? step < 0 : step > 0) this.#disordered = true;
    this.#lastMs = valueMs;
    this.#lowestMs = Math.min(this.#lowestMs ?? valueMs, valueMs);
    this.#highestMs = Math.max(this.#highestMs ?? valueMs, valueMs);
  }
}
