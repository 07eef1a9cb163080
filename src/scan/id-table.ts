/** An activity's identity in memory and in state: the first 16 bytes of the SHA-256 of its UTF-8 `_id`. */
export const ID_BYTES = 16;
const WORDS = 4;
const FIRST_SLOTS = 64;

/**
 * A set of 16-byte ids in one flat array, open addressing with linear probing, at most three quarters full:
 * 21 to 43 bytes an id and no object per id. An id of sixteen zero bytes cannot be told from an empty slot;
 * a SHA-256 prefix is that with a chance of 2^-128.
 */
export class IdTable {
  #slots = FIRST_SLOTS;
  #words = new Uint32Array(FIRST_SLOTS * WORDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** What the table occupies, in bytes. */
  get bytes(): number {
    return this.#words.byteLength;
  }

  has(id: Buffer): boolean {
    return !this.#emptyAt(this.#slotOf(id));
  }

  /** Adds `id`; false when it was there already. */
  add(id: Buffer): boolean {
    if ((this.#size + 1) * 4 > this.#slots * 3) this.#grow();
    const at = this.#slotOf(id);
    if (!this.#emptyAt(at)) return false;
    this.#put(at, id);
    this.#size += 1;
    return true;
  }

  #emptyAt(at: number): boolean {
    const words = this.#words;
    return words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 0;
  }

  #put(at: number, id: Buffer): void {
    for (let word = 0; word < WORDS; word++) this.#words[at + word] = id.readUInt32LE(word * 4);
  }

  /** Where `id` is, or the empty slot where it would go; an index into the words. */
  #slotOf(id: Buffer): number {
    const words = this.#words;
    const [a, b, c, d] = [id.readUInt32LE(0), id.readUInt32LE(4), id.readUInt32LE(8), id.readUInt32LE(12)];
    const mask = this.#slots - 1;
    for (let slot = a & mask; ; slot = (slot + 1) & mask) {
      const at = slot * WORDS;
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return at;
      if (this.#emptyAt(at)) return at;
    }
  }

  #grow(): void {
    const old = this.#words;
    this.#slots *= 2;
    this.#words = new Uint32Array(this.#slots * WORDS);
    const mask = this.#slots - 1;
    for (let from = 0; from < old.length; from += WORDS) {
      const first = old[from] ?? 0;
      if (first === 0 && old[from + 1] === 0 && old[from + 2] === 0 && old[from + 3] === 0) continue;
      let slot = first & mask;
      while (!this.#emptyAt(slot * WORDS)) slot = (slot + 1) & mask;
      this.#words.set(old.subarray(from, from + WORDS), slot * WORDS);
    }
  }
}
