/** What became of a request, for the statistics. */
export type Outcome =
  | "page"
  | "throttled"
  | "unauthorized"
  | "forbidden"
  | "rejected"
  | "redirect"
  | "not_found"
  | "fault"
  | "down"
  | "aborted";

export interface ArrivedRequest {
  readonly atMs: number;
  readonly client: "ours" | "foreign";
  outcome: Outcome | "pending" | "foreign";
  /** Null until it is answered, and for those that never are. */
  status: number | null;
  /** Activities in the page that it was answered with; 0 where that was none, or was cut off. */
  sent: number;
}

export interface Limit {
  readonly requestLimit: number | null;
  readonly requestWindowMs: number;
  readonly foreignPerMinute: number;
  readonly foreignFromMs: number;
  /** Null: for ever. */
  readonly foreignUntilMs: number | null;
}

export interface TrafficStats {
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly requestLimit: number | null;
  readonly windowMs: number;
  readonly requests: number;
  readonly foreignRequests: number;
  /** The most requests in any window of `windowMs`, its older edge excluded: ours, and with the second client's. */
  readonly maxInWindow: number;
  readonly maxInWindowWithForeign: number;
  /** Activities in all pages, those that were sent before among them. */
  readonly sent: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byOutcome: Readonly<Record<string, number>>;
  /** Seconds from the start in which there were requests. */
  readonly perSecond: readonly { readonly second: number; readonly ours: number; readonly foreign: number }[];
  readonly arrivals: readonly Readonly<ArrivedRequest>[];
}

const ARRIVALS_MAX = 500_000;

/** Every API request by arrival, those of the pretended second client included, and the limit they share. */
export class Traffic {
  readonly startedAtMs: number;
  readonly #arrivals: ArrivedRequest[] = [];
  #foreignCount = 0;

  constructor(startedAtMs: number) {
    this.startedAtMs = startedAtMs;
  }

  /**
   * Counts a request. `retryAtMs` is null when it is within the limit, else the first moment at which one more
   * would be; refused requests count too, so hammering never helps.
   */
  arrive(nowMs: number, limit: Limit): { request: ArrivedRequest; retryAtMs: number | null } {
    this.#arriveForeign(nowMs, limit);
    const request: ArrivedRequest = { atMs: nowMs, client: "ours", outcome: "pending", status: null, sent: 0 };
    this.#push(request);
    const { requestLimit, requestWindowMs } = limit;
    if (requestLimit === null) return { request, retryAtMs: null };
    const blocker = this.#arrivals.at(-requestLimit - 1);
    if (requestLimit > 0 && (blocker === undefined || blocker.atMs <= nowMs - requestWindowMs)) {
      return { request, retryAtMs: null };
    }
    const frees = requestLimit > 0 ? this.#arrivals.at(-requestLimit)?.atMs : nowMs;
    return { request, retryAtMs: (frees ?? nowMs) + requestWindowMs };
  }

  stats(nowMs: number, limit: Limit, windowMs = limit.requestWindowMs): TrafficStats {
    this.#arriveForeign(nowMs, limit);
    const ours = this.#arrivals.filter((request) => request.client === "ours");
    return {
      startedAtMs: this.startedAtMs,
      nowMs,
      requestLimit: limit.requestLimit,
      windowMs,
      requests: ours.length,
      foreignRequests: this.#arrivals.length - ours.length,
      maxInWindow: maxInWindow(ours, windowMs),
      maxInWindowWithForeign: maxInWindow(this.#arrivals, windowMs),
      sent: ours.reduce((sum, { sent }) => sum + sent, 0),
      byStatus: countBy(ours, (request) => String(request.status ?? "none")),
      byOutcome: countBy(ours, (request) => request.outcome),
      perSecond: this.#perSecond(),
      arrivals: this.#arrivals,
    };
  }

  /** Forgets all arrivals, for the limit too. */
  reset(): void {
    this.#arrivals.length = 0;
  }

  #push(request: ArrivedRequest): void {
    if (this.#arrivals.length >= ARRIVALS_MAX) this.#arrivals.splice(0, ARRIVALS_MAX / 2);
    this.#arrivals.push(request);
  }

  #arriveForeign(nowMs: number, { foreignPerMinute, foreignFromMs, foreignUntilMs }: Limit): void {
    if (foreignPerMinute <= 0) return;
    const untilMs = Math.min(nowMs - this.startedAtMs, foreignUntilMs ?? Number.POSITIVE_INFINITY);
    const before = this.#foreignCount;
    for (;;) {
      const dueMs = foreignFromMs + (this.#foreignCount * 60_000) / foreignPerMinute;
      if (dueMs > untilMs) break;
      this.#foreignCount++;
      this.#push({ atMs: this.startedAtMs + dueMs, client: "foreign", outcome: "foreign", status: null, sent: 0 });
    }
    if (this.#foreignCount > before) this.#arrivals.sort((a, b) => a.atMs - b.atMs);
  }

  #perSecond(): TrafficStats["perSecond"] {
    const seconds = new Map<number, { second: number; ours: number; foreign: number }>();
    for (const { atMs, client } of this.#arrivals) {
      const second = Math.floor((atMs - this.startedAtMs) / 1_000);
      const counts = seconds.get(second) ?? { second, ours: 0, foreign: 0 };
      counts[client]++;
      seconds.set(second, counts);
    }
    return [...seconds.values()];
  }
}

/** The most arrivals in any half-open window `(t - windowMs, t]`. */
export function maxInWindow(arrivals: readonly { readonly atMs: number }[], windowMs: number): number {
  let most = 0;
  let oldest = 0;
  arrivals.forEach(({ atMs }, newest) => {
    while ((arrivals[oldest]?.atMs ?? atMs) <= atMs - windowMs) oldest++;
    most = Math.max(most, newest - oldest + 1);
  });
  return most;
}

function countBy<T>(members: readonly T[], keyOf: (member: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const member of members) counts[keyOf(member)] = (counts[keyOf(member)] ?? 0) + 1;
  return counts;
}
