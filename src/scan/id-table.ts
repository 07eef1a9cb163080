/** An activity's identity in memory and in state: the first 16 bytes of the SHA-256 of its UTF-8 `_id`. */
export const ID_BYTES = 16;
/** Ids of a segment; as many as a chunk record of the state holds. */
export const SEGMENT_IDS = 256;
const FIRST_SEGMENT_IDS = 16;
const FIRST_SLOTS = 32;

/**
 * A set of 16-byte ids, in the order in which they were added: flat segments, and an index of four bytes a slot with
 * linear probing, at most three quarters full. 21 to 43 bytes an id, no object for each. Segments are what the
 * state's chunk records hold, so reading them back copies nothing.
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

  has(id: Buffer): boolean {
    return this.#index[this.#slotOf(id)] !== 0;
  }

  /** Adds `id`; false when it was there already. */
  add(id: Buffer): boolean {
    if (this.#index[this.#slotOf(id)] !== 0) return false;
    const at = this.#size % SEGMENT_IDS;
    const segment = this.#roomFor(at);
    id.copy(segment, at * ID_BYTES, 0, ID_BYTES);
    this.#enter();
    return true;
  }

  /**
   * Takes a full or the last segment over as it is; ids in it that are there already are not counted twice, which a
   * caller tells by `size`.
   */
  adopt(segment: Buffer): void {
    for (let at = 0; at < segment.length; at += ID_BYTES) {
      const id = segment.subarray(at, at + ID_BYTES);
      if (this.#index[this.#slotOf(id)] !== 0) continue;
      if (this.#size % SEGMENT_IDS === 0) this.#segments.push(segment);
      else if (this.#segments.at(-1) !== segment) {
        this.add(id);
        continue;
      }
      this.#enter();
    }
  }

  /** The ids of the last segment that is not full; empty when all are. */
  get lastIds(): Buffer {
    const count = this.#size % SEGMENT_IDS;
    return this.#segments.at(-1)?.subarray(0, count * ID_BYTES) ?? Buffer.alloc(0);
  }

  /** The id that was put at the end of the segments becomes findable. */
  #enter(): void {
    this.#size += 1;
    if (this.#size * 4 > this.#index.length * 3) this.#grow();
    else this.#index[this.#slotOf(this.#idAt(this.#size - 1))] = this.#size;
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

  #idAt(place: number): Buffer {
    const segment = this.#segments[Math.floor(place / SEGMENT_IDS)] as Buffer;
    const at = (place % SEGMENT_IDS) * ID_BYTES;
    return segment.subarray(at, at + ID_BYTES);
  }

  /** Where `id` is in the index, or the empty slot where it would go. */
  #slotOf(id: Buffer): number {
    const index = this.#index;
    const mask = index.length - 1;
    for (let slot = id.readUInt32LE(0) & mask; ; slot = (slot + 1) & mask) {
      const place = index[slot] as number;
      if (place === 0 || this.#isAt(place - 1, id)) return slot;
    }
  }

  #isAt(place: number, id: Buffer): boolean {
    const segment = this.#segments[Math.floor(place / SEGMENT_IDS)] as Buffer;
    const at = (place % SEGMENT_IDS) * ID_BYTES;
    return (
      segment.readUInt32LE(at) === id.readUInt32LE(0) &&
      segment.readUInt32LE(at + 4) === id.readUInt32LE(4) &&
      segment.readUInt32LE(at + 8) === id.readUInt32LE(8) &&
      segment.readUInt32LE(at + 12) === id.readUInt32LE(12)
    );
  }

  #grow(): void {
    this.#index = new Uint32Array(this.#index.length * 2);
    const mask = this.#index.length - 1;
    for (let place = 0; place < this.#size; place++) {
      let slot = this.#idAt(place).readUInt32LE(0) & mask;
      while (this.#index[slot] !== 0) slot = (slot + 1) & mask;
      this.#index[slot] = place + 1;
    }
  }
}
