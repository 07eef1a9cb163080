import { readActivity } from "../activity/read.ts";
import type { PageFacts } from "../scan/fold.ts";
import type { IdTable } from "../scan/id-table.ts";
import { idHash } from "../scan/slices.ts";
import type { CursorField } from "../tenant/request.ts";
import { oneLine } from "./one-line.ts";

/** What a page is read against. */
export interface LinesContext {
  readonly field: CursorField;
  /** What was asked of the cursor field; inclusive. */
  readonly bounds: { readonly fromMs: number; readonly untilMs: number | null };
  /** Ids written before; not changed here. */
  readonly known: IdTable;
  /** The ids of the page before, in this pass. */
  readonly previous: ReadonlySet<string>;
  /** What the page's lines may occupy. */
  readonly bytesMax: number;
  /** Of one activity; a larger one is still written, its JSON is merely called too large. */
  readonly activityBytesMax: number;
}

/** One page as it arrives, as lines that wait for the page's verdict. */
export class PageLines {
  readonly #context: LinesContext;
  /** Of activities that were not written before, in the page's order. */
  readonly lines: Buffer[] = [];
  /** Their ids, in the same order. */
  readonly freshIds: Buffer[] = [];
  /** All ids of the page. */
  readonly ids = new Set<string>();
  /** Activities that are no sound JSON object with an id; they are written as they came. */
  defects = 0;
  #activities = 0;
  #bytes = 0;
  #onPrevious = 0;
  #outOfBounds = 0;
  #lowestMs: number | null = null;
  #highestMs: number | null = null;
  #lastMs = Number.NEGATIVE_INFINITY;
  #descending = false;

  constructor(context: LinesContext) {
    this.#context = context;
  }

  /** Takes one activity's bytes; false when the page has outgrown its memory. */
  take(bytes: Buffer): boolean {
    const { field, known, previous, bytesMax, activityBytesMax } = this.#context;
    const read = readActivity(bytes, activityBytesMax);
    this.#activities += 1;
    const valueMs = field === "created" ? read.createdMs : read.dateMs;
    if (valueMs !== null) this.#place(valueMs);
    const id = idHash(read.id);
    const name = id.toString("latin1");
    if (previous.has(name)) this.#onPrevious += 1;
    const repeated = this.ids.has(name) || known.has(id);
    this.ids.add(name);
    if (repeated) return true;
    if (read.defect !== null) this.defects += 1;
    this.lines.push(oneLine(bytes));
    this.freshIds.push(id);
    this.#bytes += bytes.length;
    return this.#bytes <= bytesMax;
  }

  get repeats(): number {
    return this.#activities - this.lines.length;
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
    const { fromMs, untilMs } = this.#context.bounds;
    if (valueMs < fromMs || (untilMs !== null && valueMs > untilMs)) this.#outOfBounds += 1;
    if (valueMs < this.#lastMs) this.#descending = true;
    this.#lastMs = valueMs;
    this.#lowestMs = Math.min(this.#lowestMs ?? valueMs, valueMs);
    this.#highestMs = Math.max(this.#highestMs ?? valueMs, valueMs);
  }
}
