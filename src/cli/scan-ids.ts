import { ID_BYTES, IdTable } from "../scan/id-table.ts";
import { OVERLAP_MS } from "../scan/tail.ts";
import type { Fresh } from "./scan-page.ts";

/** Ids as the state file holds them: 16 bytes each, one after the other. */
export interface KeptIds {
  /** All that the API may show again. */
  readonly known: Buffer;
  /** Of these, what the span after this one may be shown. */
  readonly overlap: Buffer;
  /** Of these, what no bound keeps out: activities without a value of the cursor field. */
  readonly unplaced: Buffer;
}

/**
 * The ids of the activities that the API may show again: those of the span being read, and of the overlap below it, as
 * the reader asks beside a bound where an API stumbles over it. So memory follows a span and not the scan.
 */
export class ScanIds {
  #known: IdTable;
  #overlap: IdTable;
  readonly #unplaced: IdTable;

  constructor(kept: KeptIds | null = null) {
    this.#known = tableOf(kept?.known);
    this.#overlap = tableOf(kept?.overlap);
    this.#unplaced = tableOf(kept?.unplaced);
  }

  get size(): number {
    return this.#known.size;
  }

  /** What they occupy, in bytes. */
  get bytes(): number {
    return this.#known.bytes + this.#overlap.bytes + this.#unplaced.bytes;
  }

  has(id: Buffer): boolean {
    return this.#known.has(id);
  }

  /** @param reachMs where the span ends that is being read; null: at whatever is visible, and no span comes after it. */
  add({ id, valueMs }: Fresh, reachMs: number | null): void {
    if (!this.#known.add(id)) return;
    if (valueMs === null) this.#unplaced.add(id);
    else if (reachMs !== null && valueMs > reachMs - OVERLAP_MS) this.#overlap.add(id);
  }

  /** The span has been read to its end: what lies below the overlap is never shown again. */
  endSpan(): void {
    this.#known = tableOf(this.#unplaced.ids, this.#overlap.ids);
    this.#overlap = new IdTable();
  }

  get kept(): KeptIds {
    return { known: this.#known.ids, overlap: this.#overlap.ids, unplaced: this.#unplaced.ids };
  }
}

function tableOf(...parts: readonly (Buffer | undefined)[]): IdTable {
  const table = new IdTable();
  for (const ids of parts) {
    for (let at = 0; ids !== undefined && at < ids.length; at += ID_BYTES) table.add(ids.subarray(at, at + ID_BYTES));
  }
  return table;
}
