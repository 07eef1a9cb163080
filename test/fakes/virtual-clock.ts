import type { Clock } from "../../src/kit/clock.ts";

interface Sleeper {
  readonly atMs: number;
  wake(): void;
}

/** Time that stands still until everybody waits for it, and then jumps to whoever wakes first. */
export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  #sleepers: Sleeper[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const stop = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      };
      const sleeper: Sleeper = {
        // Whole milliseconds, as `Date.now` gives them.
        atMs: this.#nowMs + Math.ceil(Math.max(0, delayMs)),
        wake: () => {
          signal.removeEventListener("abort", stop);
          resolve();
        },
      };
      signal.addEventListener("abort", stop, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** Forgets everybody who sleeps, as the death of their process does. */
  forget(): void {
    this.#sleepers = [];
  }

  /** Lets everything happen until `done`; fails after `stepsMax` jumps, or when nobody waits any more. */
  async runUntil(done: () => boolean, stepsMax: number): Promise<void> {
    for (let step = 0; ; step++) {
      await settled();
      if (done()) return;
      if (step >= stepsMax) throw new Error(`no end after ${stepsMax} jumps of the clock`);
      const next = this.#sleepers.reduce<Sleeper | null>((a, b) => (a === null || b.atMs < a.atMs ? b : a), null);
      if (next === null) throw new Error("nobody waits for the clock and it is not done");
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
    }
  }
}

/** Resolves when every promise that can has gone on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}
