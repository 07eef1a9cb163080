import type { Lease } from "../../src/kafka/port.ts";

/** A lease that a test proves, lets age and takes away; proven for ever until it is told otherwise. */
export class TestLease implements Lease {
  readonly shard: number;
  /** When what proves it was sent; null: nothing does. */
  provenMs: number | null = Number.POSITIVE_INFINITY;
  /** How often somebody has begun to wait. */
  waits = 0;
  readonly #lost = new AbortController();
  readonly #waiting = new Set<() => void>();

  constructor(shard = 0) {
    this.shard = shard;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  isProven(afterMs = Number.NEGATIVE_INFINITY): boolean {
    return !this.lost.aborted && this.provenMs !== null && this.provenMs > afterMs;
  }

  async proven(afterMs: number, signal: AbortSignal): Promise<void> {
    while (!this.isProven(afterMs)) {
      const over = AbortSignal.any([signal, this.lost]);
      over.throwIfAborted();
      this.waits += 1;
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        over.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    signal.throwIfAborted();
  }

  prove(sentMs: number): void {
    this.provenMs = sentMs;
    for (const wake of this.#waiting) wake();
  }

  lose(reason: Error): void {
    this.#lost.abort(reason);
  }
}
