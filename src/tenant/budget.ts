import { assert } from "../kit/errors.ts";

/** What a tenant lets us do. */
export interface BudgetLimit {
  /** Requests that may arrive at the tenant in any window; at least 2. */
  readonly requests: number;
  /** Default one minute. */
  readonly windowMs?: number;
  /** The pace learned before, requests a window; default the full pace. */
  readonly learnedPace?: number;
  /** The budget of the same tenant whose place this one takes: what was sent by it counts here. */
  readonly before?: Budget;
}

/** A request: when it was sent, and when its answer was here, later than which it cannot arrive. */
interface Request {
  readonly sentMs: number;
  readonly answeredMs: number;
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
 * A budget that takes another's place counts what that one sent: a lowered limit holds from its first request on.
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
  /** Of the budgets before: what was sent within a window before this one began, in order. */
  readonly #earlier: readonly Request[];
  #count = 0;
  #onItsWay = false;
  #lastMs: number;
  #blockedUntilMs: number;
  #pace: number;
  #paceSinceMs: number;

  constructor(limit: BudgetLimit, nowMs: number) {
    assert(Number.isInteger(limit.requests) && limit.requests >= 2, "a budget is at least 2 requests a window");
    this.#requests = limit.requests;
    this.#windowMs = limit.windowMs ?? 60_000;
    this.#paceMax = limit.requests - 1;
    this.#answeredMs = new Float64Array(limit.requests).fill(Number.NEGATIVE_INFINITY);
    this.#sentMs = new Float64Array(limit.requests).fill(Number.NEGATIVE_INFINITY);
    this.#earlier = limit.before?.lately(nowMs) ?? [];
    this.#blockedUntilMs = limit.before?.blockedUntilMs ?? Number.NEGATIVE_INFINITY;
    this.#lastMs = nowMs;
    this.#pace = Math.min(this.#paceMax, Math.max(PACE_MIN, limit.learnedPace ?? this.#paceMax));
    this.#paceSinceMs = nowMs;
  }

  /** How long until the next request may leave; 0: now. */
  waitMs(nowMs: number): number {
    const pace = this.#count === 0 ? this.#paceMax : this.pace(nowMs);
    const pacedMs = this.#lastMs + this.#windowMs / pace;
    const oldestMs = this.#answeredOf(this.#count - this.#requests);
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
    return this.lately(nowMs).filter(({ sentMs }) => nowMs - sentMs < this.#windowMs).length;
  }

  /** Until when the tenant asked not to be asked. */
  get blockedUntilMs(): number {
    return this.#blockedUntilMs;
  }

  /** What may have arrived within the last window, in order; of more requests than the limit, the last. */
  lately(nowMs: number): Request[] {
    const held = Math.min(this.#count, this.#requests);
    const own = Array.from({ length: held }, (_, at) => {
      const slot = (this.#count - held + at) % this.#requests;
      return { sentMs: this.#sentMs[slot] as number, answeredMs: this.#answeredMs[slot] as number };
    });
    return [...this.#earlier, ...own].filter(({ answeredMs }) => nowMs - answeredMs <= this.#windowMs);
  }

  /** When the answer to a request was here: of this budget's by its number from 0 on, of those before it below 0. */
  #answeredOf(number: number): number {
    if (number >= 0) return this.#answeredMs[number % this.#requests] as number;
    return this.#earlier.at(number)?.answeredMs ?? Number.NEGATIVE_INFINITY;
  }
}
