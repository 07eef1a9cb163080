import { readActivity } from "../activity/read.ts";
import { idHash } from "../scan/digest.ts";
import type { IdTable } from "../scan/id-table.ts";
import { type Asked, PageTally } from "../scan/page-tally.ts";
import type { CursorField } from "../tenant/request.ts";
import { oneLine } from "./one-line.ts";

/** What a page is read against. */
export interface LinesContext {
  readonly field: CursorField;
  readonly asked: Asked;
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
  /** Activities that are no sound JSON object with an id; they are written as they came. */
  defects = 0;
  readonly tally: PageTally;
  #bytes = 0;

  constructor(context: LinesContext) {
    this.#context = context;
    this.tally = new PageTally(context.asked, context.previous);
  }

  /** Takes one activity's bytes; false when the page has outgrown its memory. */
  take(bytes: Buffer): boolean {
    const { field, known, bytesMax, activityBytesMax } = this.#context;
    const read = readActivity(bytes, activityBytesMax);
    const id = idHash(read.id);
    const isFirst = this.tally.add(id, field === "created" ? read.createdMs : read.dateMs, read.service);
    if (!isFirst || known.has(id)) return true;
    if (read.defect !== null) this.defects += 1;
    this.lines.push(oneLine(bytes));
    this.freshIds.push(id);
    this.#bytes += bytes.length;
    return this.#bytes <= bytesMax;
  }

  get repeats(): number {
    return this.tally.activities - this.lines.length;
  }
}
