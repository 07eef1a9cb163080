import { orAborted } from "../kafka/waiting.ts";
import type { Clock } from "../kit/clock.ts";
import { Budget, type BudgetLimit } from "../tenant/budget.ts";

/** A budget in the hand of whoever asks the tenant, until it is disposed of. */
export interface BudgetHold extends Disposable {
  readonly budget: Budget;
}

/**
 * The budgets of the APIs that this process asks. One API has one budget in one hand at a time, whatever its tenant is
 * called: who takes it over waits for who had it, and counts what that one has sent.
 */
export class Budgets {
  readonly #last = new Map<string, Budget>();
  /** By API: settled once nobody holds its budget, or is to get it before. */
  readonly #free = new Map<string, Promise<void>>();
  readonly #held = new Set<string>();

  /** @param apiUrl by its host and port it is told whose budget is meant. @throws the reason of `signal`. */
  async take(
    apiUrl: string,
    limit: Omit<BudgetLimit, "before">,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<BudgetHold> {
    const { host } = new URL(apiUrl);
    const before = this.#free.get(host) ?? Promise.resolve();
    let release = (): void => undefined;
    const mine = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#free.set(
      host,
      before.then(() => mine),
    );
    try {
      await orAborted(before, signal);
    } catch (error) {
      release();
      throw error;
    }
    const nowMs = clock.monotonicMs();
    this.#forgetOld(nowMs);
    const last = this.#last.get(host);
    const budget = new Budget({ ...limit, ...(last === undefined ? {} : { before: last }) }, nowMs);
    this.#last.set(host, budget);
    this.#held.add(host);
    return {
      budget,
      [Symbol.dispose]: () => {
        this.#held.delete(host);
        release();
      },
    };
  }

  /** Of those that nobody holds: whose requests count for nothing any more. */
  #forgetOld(nowMs: number): void {
    for (const [host, budget] of this.#last) {
      if (this.#held.has(host) || budget.lately(nowMs).length > 0 || budget.blockedUntilMs > nowMs) continue;
      this.#last.delete(host);
    }
  }
}
