import { assert } from "../kit/errors.ts";

/** What a tenant lets us do. */
export interface BudgetLimit {
  /** Requests that may arrive at the tenant in any window; at least 2. */
  readonly requests: number;
  /** Default one minute. */
  readonly windowMs?: number;
  /** The pace learned before, requests a window; default the full pace. */
  readonly learnedPace?: number;
}

/** A 429 inside our own pace leaves this share of it. */
const PACE_KEPT = 0.7;
/** What each quiet window gives back, as a share of the full pace. */
const PACE_REGAINED = 0.1;
const PACE_MIN = 1;

/**
 * Says when the next request to a tenant may leave, so that at most `requests` arrive there in any window, over
 * restarts and hand-overs. All times are monotonic milliseconds of one clock; the caller has one request on
 * its way at a time, and asks again after each wait.
 *
 *   pace    one interval, window / (requests − 1), between requests, and before the first: so a new owner never
 *           comes closer to the previous owner's last request than one interval (its latency being below one)
 *   proof   request k + requests leaves later than one window after the answer to request k was here. A request
 *           arrives between its sending and its answer, so no window ever holds one too many, however slow
 *           the network is
 *
 * When others use up the tenant's limit too, `throttled` slows the pace, and quiet windows give it back.
 */
export class Budget {
  readonly #requests: number;
  readonly #windowMs: number;
  readonly #paceMax: number;
  /** When the answers to the last `requests` requests were here; a ring. */
  readonly #answeredMs: Float64Array;
  readonly #sentMs: Float64Array;
  #count = 0;
  #onItsWay = false;
  #lastMs: number;
  #blockedUntilMs = Number.NEGATIVE_INFINITY;
  #pace: number;
  #paceSinceMs: number;

  constructor(limit: BudgetLimit, nowMs: number) {
    assert(Number.isInteger(limit.requests) && limit.requests >= 2, "a budget is at least 2 requests a window");
    this.#requests = limit.requests;
    this.#windowMs = limit.windowMs ?? 60_000;
    this.#paceMax = limit.requests - 1;
    this.#answeredMs = new Float64Array(limit.requests).fill(Number.NEGATIVE_INFINITY);
    this.#sentMs = new Float64Array(limit.requests).fill(Number.NEGATIVE_INFINITY);
    this.#lastMs = nowMs;
    this.#pace = Math.min(this.#paceMax, Math.max(PACE_MIN, limit.learnedPace ?? this.#paceMax));
    this.#paceSinceMs = nowMs;
  }

  /** How long until the next request may leave; 0: now. */
  waitMs(nowMs: number): number {
    const pace = this.#count === 0 ? this.#paceMax : this.pace(nowMs);
    const pacedMs = this.#lastMs + this.#windowMs / pace;
    const oldestMs = this.#answeredMs[this.#count % this.#requests] as number;
    // Later than, not at: both ends of a window may be counted.
    const provenMs = oldestMs + this.#windowMs + 1;
    return Math.max(0, Math.ceil(Math.max(pacedMs, provenMs, this.#blockedUntilMs) - nowMs));
  }

  /** A request leaves. To be called before its first byte does, and only after `waitMs` gave 0. */
  sent(nowMs: number): void {
    assert(!this.#onItsWay, "one request at a time is on its way to a tenant");
    const slot = this.#count % this.#requests;
    this.#sentMs[slot] = nowMs;
    // Until answered: never to be overtaken.
    this.#answeredMs[slot] = Number.POSITIVE_INFINITY;
    this.#count += 1;
    this.#lastMs = nowMs;
    this.#onItsWay = true;
  }

  /** Its headers are here, or it failed or was given up: it cannot arrive at the tenant any later. */
  answered(nowMs: number): void {
    assert(this.#onItsWay, "an answer has a request");
    this.#answeredMs[(this.#count - 1) % this.#requests] = nowMs;
    this.#onItsWay = false;
  }

  /** The tenant asked to wait. Inside our own pace that means that others share its limit. */
  throttled(nowMs: number, waitMs: number): void {
    this.#blockedUntilMs = Math.max(this.#blockedUntilMs, nowMs + waitMs);
    this.#pace = Math.max(PACE_MIN, this.pace(nowMs) * PACE_KEPT);
    // While we wait nothing is learned.
    this.#paceSinceMs = this.#blockedUntilMs;
  }

  /** Requests a window that are aimed at now: the limit less one, or less when others share it. */
  pace(nowMs: number): number {
    const quietWindows = Math.max(0, nowMs - this.#paceSinceMs) / this.#windowMs;
    return Math.min(this.#paceMax, this.#pace + quietWindows * PACE_REGAINED * this.#paceMax);
  }

  /** Requests sent in the last window. */
  used(nowMs: number): number {
    return this.#sentMs.reduce((sum, sentMs) => (nowMs - sentMs < this.#windowMs ? sum + 1 : sum), 0);
  }
}
