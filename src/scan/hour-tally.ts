import { ID_BYTES } from "./id-table.ts";
import { sliceOf } from "./slice.ts";

/** Ids, counted, and their exclusive-or in hexadecimal: what a ledger says of an hour. */
export interface Summed {
  readonly ids: number;
  readonly digest: string;
}

interface Sum {
  ids: number;
  readonly words: Int32Array;
}

/** Sums of ids by the hour. */
export class HourTally {
  readonly #hours = new Map<number, Sum>();

  add(valueMs: number, id: Buffer): void {
    this.#change(valueMs, id, 1);
  }

  /** Takes out an id that was added. */
  remove(valueMs: number, id: Buffer): void {
    this.#change(valueMs, id, -1);
  }

  of(sliceMs: number): Summed {
    return summed(this.#hours.get(sliceMs) ?? NOTHING);
  }

  /** An hour's ids and those that another tally has of it, none of which it has itself. */
  with(other: HourTally, sliceMs: number): Summed {
    const [mine, others] = [this.#hours.get(sliceMs) ?? NOTHING, other.#hours.get(sliceMs) ?? NOTHING];
    return summed({ ids: mine.ids + others.ids, words: mine.words.map((word, at) => word ^ (others.words[at] ?? 0)) });
  }

  #change(valueMs: number, id: Buffer, by: 1 | -1): void {
    const sliceMs = sliceOf(valueMs);
    const sum = this.#hours.get(sliceMs) ?? { ids: 0, words: new Int32Array(ID_BYTES / 4) };
    this.#hours.set(sliceMs, sum);
    sum.ids += by;
    for (let at = 0; at < sum.words.length; at++) sum.words[at] = (sum.words[at] ?? 0) ^ id.readInt32BE(at * 4);
  }
}

const NOTHING: Sum = { ids: 0, words: new Int32Array(ID_BYTES / 4) };

function summed({ ids, words }: Sum): Summed {
  const digest = Buffer.alloc(ID_BYTES);
  for (const [at, word] of words.entries()) digest.writeInt32BE(word, at * 4);
  return { ids, digest: digest.toString("hex") };
}
