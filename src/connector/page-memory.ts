import { assert } from "../kit/errors.ts";

interface Waiting {
  readonly bytes: number;
  readonly admit: () => void;
}

/** What encoded pages may occupy in the whole process; whoever asks first is served first. */
export class PageMemory {
  readonly capacityBytes: number;
  #usedBytes = 0;
  readonly #waiting: Waiting[] = [];

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  /** What could be had at once. */
  get freeBytes(): number {
    return this.#waiting.length > 0 ? 0 : this.capacityBytes - this.#usedBytes;
  }

  /** Waits until `bytes` (never more than the capacity is taken) are free, and holds them. */
  async reserve(bytes: number, signal: AbortSignal): Promise<PageLease> {
    signal.throwIfAborted();
    const asked = Math.min(bytes, this.capacityBytes);
    if (this.#waiting.length > 0 || this.#usedBytes + asked > this.capacityBytes) await this.#queue(asked, signal);
    else this.#usedBytes += asked;
    return new PageLease(asked, {
      grow: (more) => this.#grow(more),
      release: (held) => this.#release(held),
    });
  }

  #queue(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        const at = this.#waiting.indexOf(entry);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(signal.reason);
        this.#admit();
      };
      const entry: Waiting = {
        bytes,
        admit: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(entry);
    });
  }

  #grow(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.capacityBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  #release(bytes: number): void {
    this.#usedBytes -= bytes;
    assert(this.#usedBytes >= 0, "no more page memory is given back than was taken");
    this.#admit();
  }

  #admit(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (this.#usedBytes + first.bytes > this.capacityBytes) return;
      this.#waiting.shift();
      this.#usedBytes += first.bytes;
      first.admit();
    }
  }
}

/** One page's share of the memory. */
export class PageLease implements Disposable {
  #heldBytes: number;
  #neededBytes = 0;
  readonly #memory: { grow(bytes: number): boolean; release(bytes: number): void };

  constructor(heldBytes: number, memory: { grow(bytes: number): boolean; release(bytes: number): void }) {
    this.#heldBytes = heldBytes;
    this.#memory = memory;
  }

  /** Counts `bytes` more as used; false when they do not fit. */
  use(bytes: number): boolean {
    this.#neededBytes += bytes;
    const missing = this.#neededBytes - this.#heldBytes;
    if (missing <= 0) return true;
    if (!this.#memory.grow(missing)) return false;
    this.#heldBytes += missing;
    return true;
  }

  [Symbol.dispose](): void {
    this.#memory.release(this.#heldBytes);
    this.#heldBytes = 0;
  }
}
