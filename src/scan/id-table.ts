/** An activity's identity in memory and in state: the first 16 bytes of the SHA-256 of its UTF-8 `_id`. */
export const ID_BYTES = 16;
/** Ids of a segment; as many as a chunk record of the state holds. */
export const SEGMENT_IDS = 256;
const FIRST_SEGMENT_IDS = 16;
const FIRST_SLOTS = 32;
/** Of its slots, how many an index fills at most, and how much larger the next one is. */
const FULL = 0.75;
const GROWTH = 1.25;
const WORDS = 2 ** 32;

/**
 * A set of 16-byte ids, in the order in which they were added: flat segments, and an index of four bytes a slot with
 * linear probing, three fifths to three quarters full. 21 to 23 bytes an id, no object for each; more while there are
 * few. Segments are what the state's chunk records hold, so reading them back copies nothing.
 */
export class IdTable {
  readonly #segments: Buffer[] = [];
  /** One more than the id's place; 0: empty. */
  #index = new Uint32Array(FIRST_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** What the table occupies, in bytes. */
  get bytes(): number {
    return this.#index.byteLength + this.#segments.reduce((sum, segment) => sum + segment.length, 0);
  }

  /** Makes room for `ids` in all, so that adding them needs no larger index on the way. */
  reserve(ids: number): void {
    if (ids > this.#index.length * FULL) this.#indexAnew(Math.ceil(ids / FULL));
  }

  has(id: Buffer): boolean {
    return this.#index[this.#slotOf(id, 0)] !== 0;
  }

  /** Where `id` stands in the order in which they were added; -1: it is not there. */
  placeOf(id: Buffer): number {
    return (this.#index[this.#slotOf(id, 0)] as number) - 1;
  }

  /** Adds `id`; false when it was there already. */
  add(id: Buffer): boolean {
    const slot = this.#slotOf(id, 0);
    if (this.#index[slot] !== 0) return false;
    const at = this.#size % SEGMENT_IDS;
    const segment = this.#roomFor(at);
    id.copy(segment, at * ID_BYTES, 0, ID_BYTES);
    this.#enter(slot);
    return true;
  }

  /**
   * Takes a full or the last segment over as it is; ids in it that are there already are not counted twice, which a
   * caller tells by `size`.
   */
  adopt(segment: Buffer): void {
    for (let at = 0; at < segment.length; at += ID_BYTES) {
      const slot = this.#slotOf(segment, at);
      if (this.#index[slot] !== 0) continue;
      if (this.#size % SEGMENT_IDS === 0) this.#segments.push(segment);
      else if (this.#segments.at(-1) !== segment) {
        this.add(segment.subarray(at, at + ID_BYTES));
        continue;
      }
      this.#enter(slot);
    }
  }

  /** All of its ids in their order, copied. */
  get ids(): Buffer {
    return Buffer.concat(this.#segments, this.#size * ID_BYTES);
  }

  /** The ids of the last segment that is not full; empty when all are. */
  get lastIds(): Buffer {
    const count = this.#size % SEGMENT_IDS;
    return this.#segments.at(-1)?.subarray(0, count * ID_BYTES) ?? Buffer.alloc(0);
  }

  /** The id that was put at the end of the segments becomes findable, in the slot that was empty for it. */
  #enter(slot: number): void {
    this.#size += 1;
    if (this.#size > this.#index.length * FULL) this.#indexAnew(Math.ceil(this.#index.length * GROWTH));
    else this.#index[slot] = this.#size;
  }

  /** The last segment, with room at `at`: small at first, so that a quiet hour takes little. */
  #roomFor(at: number): Buffer {
    const last = this.#segments.at(-1);
    if (at === 0 || last === undefined) {
      const segment = Buffer.alloc(FIRST_SEGMENT_IDS * ID_BYTES);
      this.#segments.push(segment);
      return segment;
    }
    if (at * ID_BYTES < last.length) return last;
    const larger = Buffer.alloc(Math.min(SEGMENT_IDS, at * 2) * ID_BYTES);
    last.copy(larger);
    this.#segments[this.#segments.length - 1] = larger;
    return larger;
  }

  /** Where the id at `at` of `ids` is in the index, or the empty slot where it would go. */
  #slotOf(ids: Buffer, at: number): number {
    const index = this.#index;
    for (let slot = firstSlot(ids, at, index.length); ; slot = after(slot, index.length)) {
      const place = index[slot] as number;
      if (place === 0 || this.#isAt(place - 1, ids, at)) return slot;
    }
  }

  #isAt(place: number, ids: Buffer, from: number): boolean {
    const segment = this.#segments[Math.floor(place / SEGMENT_IDS)] as Buffer;
    const at = (place % SEGMENT_IDS) * ID_BYTES;
    return (
      segment.readUInt32LE(at) === ids.readUInt32LE(from) &&
      segment.readUInt32LE(at + 4) === ids.readUInt32LE(from + 4) &&
      segment.readUInt32LE(at + 8) === ids.readUInt32LE(from + 8) &&
      segment.readUInt32LE(at + 12) === ids.readUInt32LE(from + 12)
    );
  }

  #indexAnew(slots: number): void {
    const index = new Uint32Array(slots);
    for (let place = 0; place < this.#size; place++) {
      const segment = this.#segments[Math.floor(place / SEGMENT_IDS)] as Buffer;
      let slot = firstSlot(segment, (place % SEGMENT_IDS) * ID_BYTES, slots);
      while (index[slot] !== 0) slot = after(slot, slots);
      index[slot] = place + 1;
    }
    this.#index = index;
  }
}

/** Where the id at `at` of `ids` is looked for first: hashes are spread evenly. */
const firstSlot = (ids: Buffer, at: number, slots: number): number =>
  Math.floor((ids.readUInt32LE(at) / WORDS) * slots);

const after = (slot: number, slots: number): number => (slot + 1 === slots ? 0 : slot + 1);
