import { readActivity } from "../activity/read.ts";
import { idHash } from "../scan/digest.ts";
import { type Asked, PageTally } from "../scan/page-tally.ts";
import type { CursorField } from "../tenant/request.ts";
import type { Format } from "./scan-format.ts";
import type { ScanIds } from "./scan-ids.ts";

/** What a page is read against. */
export interface PageContext {
  readonly field: CursorField;
  readonly asked: Asked;
  readonly format: Format;
  /** Of activities that were taken before; not changed here. */
  readonly known: ScanIds;
  /** The ids of the page before, in this pass. */
  readonly previous: ReadonlySet<string>;
  /** What the page's activities may occupy, as they came or encoded. */
  readonly bytesMax: number;
  /** How many are wanted; what comes beyond is passed over. */
  readonly wanted: number;
}

/** An activity that the output does not hold yet. */
export interface Fresh {
  readonly id: Buffer;
  /** Of the cursor field; null: it has none. */
  readonly valueMs: number | null;
}

/** One page as it arrives, encoded, waiting for the page's verdict. */
export class ScanPage {
  readonly #context: PageContext;
  /** What the format made of the fresh ones, in the page's order. */
  readonly encoded: Buffer[] = [];
  readonly fresh: Fresh[] = [];
  /** Activities that are no sound JSON object with an id. */
  defects = 0;
  /** Of those, what the format cannot hold. */
  leftOut = 0;
  readonly tally: PageTally;
  #repeats = 0;
  #bytes = 0;

  constructor(context: PageContext) {
    this.#context = context;
    this.tally = new PageTally(context.asked, context.previous);
  }

  /** Takes one activity's bytes; false when the page has outgrown its memory. */
  take(bytes: Buffer): boolean {
    const { field, known, bytesMax, wanted } = this.#context;
    // However large it is, an output takes it.
    const read = readActivity(bytes, Number.POSITIVE_INFINITY);
    const id = idHash(read.id);
    const valueMs = field === "created" ? read.createdMs : read.dateMs;
    const isFirst = this.tally.add(id, valueMs, read.service);
    if (!isFirst || known.has(id)) {
      this.#repeats += 1;
      return true;
    }
    if (this.encoded.length >= wanted) return true;
    this.fresh.push({ id, valueMs });
    if (read.defect !== null) this.defects += 1;
    const encoded = this.#context.format.encode(read);
    if (encoded === null) this.leftOut += 1;
    else this.encoded.push(encoded);
    this.#bytes += Math.max(bytes.length, encoded?.length ?? 0);
    return this.#bytes <= bytesMax;
  }

  /** Activities that were taken before, by this page or an earlier one. */
  get repeats(): number {
    return this.#repeats;
  }
}
