import { EMPTY_DIGEST, mixed } from "./digest.ts";
import { IdTable } from "./id-table.ts";
import { isOwn, type Pass } from "./pass.ts";
import { SLICE_MS, sliceOf } from "./slice.ts";

/** What a page has shown to a pass. */
export interface ShownPage {
  /** Everything with a value of the cursor field, repeats included. */
  readonly shown: readonly { readonly id: Buffer; readonly valueMs: number }[];
  /** What it publishes. */
  readonly fresh: readonly { readonly sliceMs: number; readonly valueMs: number | null }[];
}

/** What a pass has seen of one slice. */
export interface SeenSlice {
  /** Ids shown, each once, however often the pass was shown them; and their exclusive-or. */
  readonly ids: number;
  readonly digest: string;
  /** Ids in the slice's ledger when the pass began, and those that the pass has published there. */
  readonly before: number;
  readonly own: number;
  /** Why this proves nothing, for people; null: it does. */
  readonly doubt: string | null;
}

interface Slice {
  table: IdTable;
  readonly before: number;
  digest: string;
  own: number;
  doubt: string | null;
}

/**
 * The ids that a pass of a verify job was shown: pages overlap, and a pass that has to be split asks again, so
 * that only ids tell what was counted before. Kept in memory alone: a pass that is left, or whose process ends, begins
 * anew, and so do they.
 */
export class PassIds {
  readonly #pass: Pass;
  readonly #slices = new Map<number, Slice>();
  #isFull = false;

  /** @param idsOf how many ids the ledger of a slice counts when the pass begins. */
  constructor(pass: Pass, idsOf: (sliceMs: number) => number) {
    this.#pass = pass;
    const reachMs = pass.reachMs ?? pass.baseMs;
    for (let sliceMs = sliceOf(pass.baseMs); sliceMs <= reachMs; sliceMs += SLICE_MS) {
      const slice = { table: new IdTable(), before: idsOf(sliceMs), digest: EMPTY_DIGEST, own: 0, doubt: null };
      this.#slices.set(sliceMs, slice);
    }
  }

  /**
   * Takes in a page that is about to be committed.
   * @param bytesMax what the ids may occupy now; with more of them they are let go, and the pass proves nothing.
   */
  take({ shown, fresh }: ShownPage, bytesMax: number): void {
    const added = new Map<Slice, Buffer[]>();
    for (const { id, valueMs } of shown) {
      const slice = this.#slices.get(sliceOf(valueMs));
      if (slice === undefined || this.#isFull || !isOwn(this.#pass, valueMs) || !slice.table.add(id)) continue;
      const list = added.get(slice) ?? [];
      added.set(slice, list);
      list.push(id);
    }
    for (const [slice, ids] of added) slice.digest = mixed(slice.digest, ids);
    for (const { sliceMs, valueMs } of fresh) this.#published(sliceMs, valueMs);
    if (this.bytes > bytesMax) this.#letGo();
  }

  /** What the ids occupy. */
  get bytes(): number {
    let bytes = 0;
    for (const { table } of this.#slices.values()) if (table.size > 0) bytes += table.bytes;
    return bytes;
  }

  of(sliceMs: number): SeenSlice {
    const slice = this.#slices.get(sliceMs);
    if (slice === undefined) throw new Error("invariant broken: a slice is judged that its pass does not read");
    const { table, ...seen } = slice;
    return { ...seen, ids: table.size };
  }

  #letGo(): void {
    this.#isFull = true;
    for (const slice of this.#slices.values()) {
      slice.table = new IdTable();
      slice.doubt = "the ids of a pass over it did not fit into memory.ids";
    }
  }

  /** What is published beside the pass, after a nudge or for want of a time, is in the ledger, but was not shown here. */
  #published(sliceMs: number, valueMs: number | null): void {
    const slice = this.#slices.get(sliceMs);
    if (slice === undefined) return;
    slice.own += 1;
    if (valueMs === null || !isOwn(this.#pass, valueMs)) slice.doubt ??= "something was published beside its pages";
  }
}
