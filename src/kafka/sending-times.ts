import type { RequestEvent } from "kafkajs";
import type { Clock } from "../kit/clock.ts";

/**
 * When requests were sent, on the monotonic clock, as no later than they were. kafkajs tells how long a request took,
 * by the wall clock: where that was set back in the meantime, the request has taken longer by as much.
 */
export class SendingTimes {
  readonly #clock: Clock;
  readonly #sentMs = new Map<string, number>();
  /** Wall clock minus monotonic clock, at the last answer. */
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.nowMs() - clock.monotonicMs();
  }

  /** Of kafkajs's REQUEST event, in its turn: an answer is here, whatever it says. */
  answered({ apiName, duration, pendingDuration }: RequestEvent["payload"]): void {
    const nowMs = this.#clock.monotonicMs();
    const offsetMs = this.#clock.nowMs() - nowMs;
    const setBackMs = Math.max(0, this.#offsetMs - offsetMs);
    this.#offsetMs = offsetMs;
    // Since before it was written: between its writing and the next look at the clock a process may be stopped.
    this.#sentMs.set(apiName, nowMs - Math.max(0, duration + pendingDuration) - setBackMs);
  }

  /** Of the last request of that name that was answered; long ago when there is none. */
  of(apiName: string): number {
    return this.#sentMs.get(apiName) ?? Number.NEGATIVE_INFINITY;
  }
}
