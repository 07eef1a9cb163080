import type { TenantPort } from "../connector/tenant-run.ts";
import { type BackoffOptions, backoffMs } from "../kit/backoff.ts";
import type { Clock } from "../kit/clock.ts";
import { ConnectorError } from "../kit/errors.ts";
import type { Random } from "../kit/random.ts";
import type { Answer, TakeActivity, Verdict } from "../tenant/answer.ts";
import type { Budget } from "../tenant/budget.ts";
import type { PageRequest } from "../tenant/request.ts";
import { troubleOf } from "./tenant-remedy.ts";

export interface AskerDeps {
  /** As it stands in messages. */
  readonly tenant: string;
  readonly client: TenantPort;
  readonly budget: Budget;
  readonly clock: Clock;
  readonly random: Random;
  /** Told when a wait begins that is longer than the pace, and of each wait for the pace. */
  onWait(reason: string, waitMs: number): void;
}

/** What has been asked so far. */
export interface Traffic {
  requests: number;
  throttled: number;
  /** That the tenant asked to wait. */
  throttledMs: number;
  /** Waited for the pace that keeps within the budget. */
  pacedMs: number;
}

/** An answer that is the asker's caller to judge: a page, or a refusal of this very request. */
export interface Asked<T> {
  readonly answer: Answer;
  /** Took the activities of exactly this answer. */
  readonly taker: T;
}

/** What is waited for between two requests that nothing is wrong with. */
const PACE = "keeping within the budget";

const BACKOFF: BackoffOptions = { firstMs: 1_000, capMs: 60_000 };

/**
 * Tries in a row before a failure is final. A tenant that has not answered once is sooner misaddressed than down.
 * Credentials get a second try because a refused Entra token is renewed.
 */
const TRIES = { first: 3, retry: 8, unauthorized: 2, contract: 3, throttled: 20 } as const;

/** Asks a tenant within its budget, again and again where that may help, and gives up with a clear error. */
export class Asker {
  readonly #deps: AskerDeps;
  readonly traffic: Traffic = { requests: 0, throttled: 0, throttledMs: 0, pacedMs: 0 };
  #failures = { retry: 0, unauthorized: 0, contract: 0, throttled: 0 };
  #answered = false;

  constructor(deps: AskerDeps) {
    this.#deps = deps;
  }

  /**
   * Asks until the answer is a page, `rejected`, `too_large` or one that lacks next filters; `open` makes a taker for
   * each try, so that nothing of a failed one is left.
   * @throws ConnectorError with the remedy once the tries are used up; the reason of `signal`.
   */
  async ask<T extends { take: TakeActivity }>(
    request: PageRequest,
    open: () => T,
    signal: AbortSignal,
  ): Promise<Asked<T>> {
    for (;;) {
      signal.throwIfAborted();
      await this.#pace(signal);
      const taker = open();
      const answer = await this.#send(request, taker, signal);
      if (await this.#settled(answer, signal)) return { answer, taker };
    }
  }

  async #pace(signal: AbortSignal): Promise<void> {
    const { budget, clock, onWait } = this.#deps;
    for (let waitMs = budget.waitMs(clock.monotonicMs()); waitMs > 0; waitMs = budget.waitMs(clock.monotonicMs())) {
      // The wait that the tenant asked for is told, and counted, where it is asked for.
      if (this.#failures.throttled === 0) {
        this.traffic.pacedMs += waitMs;
        onWait(PACE, waitMs);
      }
      await clock.sleep(waitMs, signal);
    }
  }

  async #send(request: PageRequest, taker: { take: TakeActivity }, signal: AbortSignal): Promise<Answer> {
    const { budget, clock, client } = this.#deps;
    budget.sent(clock.monotonicMs());
    this.traffic.requests += 1;
    try {
      return await client.fetchPage(request, (bytes) => taker.take(bytes), signal);
    } finally {
      budget.answered(clock.monotonicMs());
    }
  }

  /** Whether the answer is the caller's; else waits until asking again makes sense. */
  async #settled(answer: Answer, signal: AbortSignal): Promise<boolean> {
    const { verdict } = answer;
    const { budget, clock, random, onWait } = this.#deps;
    if (isCallers(verdict)) {
      this.#answered = true;
      this.#failures = { retry: 0, unauthorized: 0, contract: 0, throttled: 0 };
      return true;
    }
    if (verdict.kind === "throttled") {
      this.#failed("throttled", TRIES.throttled, answer);
      this.traffic.throttled += 1;
      this.traffic.throttledMs += verdict.waitMs;
      budget.throttled(clock.monotonicMs(), verdict.waitMs);
      onWait("throttled", verdict.waitMs);
      return false;
    }
    const tries = verdict.kind === "retry" && !this.#answered ? TRIES.first : TRIES[verdict.kind];
    this.#failed(verdict.kind, tries, answer);
    const waitMs = backoffMs(this.#failures[verdict.kind], BACKOFF, random);
    onWait(verdict.reason, waitMs);
    await clock.sleep(waitMs, signal);
    return false;
  }

  #failed(kind: "retry" | "unauthorized" | "contract" | "throttled", tries: number, answer: Answer): void {
    this.#failures[kind] += 1;
    const times = this.#failures[kind];
    if (times >= tries) throw this.refusal(answer, ` (asked ${times} times)`);
  }

  /** An answer that is final, as an error. */
  refusal(answer: Answer, detail = ""): ConnectorError {
    const trouble = troubleOf(answer);
    if (trouble === null) throw new Error("invariant broken: a page is no refusal");
    const { code, problem, remedy } = trouble;
    return new ConnectorError(code, `tenant ${this.#deps.tenant}: ${problem}${detail}; ${remedy}`, {
      disposition: "fatal",
    });
  }
}

type Failed = Extract<Verdict, { kind: "throttled" | "retry" | "unauthorized" | "contract" }>;

/** Whether asking again is not the asker's to decide. */
const isCallers = (verdict: Verdict): verdict is Exclude<Verdict, Failed> =>
  ["page", "rejected", "too_large"].includes(verdict.kind) ||
  (verdict.kind === "contract" && verdict.lacksNext === true);
