import { setTimeout as delay } from "node:timers/promises";

/** The only source of time for everything but the edges; a virtual one drives simulations and unit tests. */
export interface Clock {
  /** Wall clock, epoch ms. May jump. */
  nowMs(): number;
  /** Never goes back; for intervals and pacing. Its zero means nothing. */
  monotonicMs(): number;
  /** Resolves after `delayMs`; rejects with `signal.reason` as soon as `signal` aborts. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(delayMs, signal) {
    signal.throwIfAborted();
    try {
      await delay(Math.max(0, delayMs), undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};
