/** The beginning of a value whose end is in a later chunk. Holds copies, so no chunk is kept alive. */
export class KeptBytes {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Takes linear time over all appends, however small they are. */
  append(chunk: Buffer, from: number, to: number): void {
    const needed = this.#length + to - from;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2, 8192));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#length, from, to);
    this.#length = needed;
  }

  /** An own copy of all that was kept; nothing is kept after. */
  take(): Buffer {
    const bytes = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    // One huge value must not hold its memory for the rest of the page.
    if (this.#bytes.length > 1024 * 1024) this.#bytes = Buffer.alloc(0);
    return bytes;
  }
}
