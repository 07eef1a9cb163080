import type { StateRecord } from "../kafka/port.ts";
import { encodePace, paceKey } from "../scan/pace.ts";
import type { Budget } from "../tenant/budget.ts";

/** A pace that differs by less is not worth a record. */
const CHANGE_MIN = 1;

/** Keeps in the state what a tenant's budget has learned of the others that share it. */
export class LearnedPace {
  readonly #tenant: string;
  readonly #budget: Budget;
  #stored: number;

  constructor(tenant: string, budget: Budget, nowMs: number) {
    this.#tenant = tenant;
    this.#budget = budget;
    this.#stored = budget.pace(nowMs);
  }

  /** What a transaction takes with it, where the pace has changed; null: it has not. */
  change(nowMs: number): { readonly pace: number; readonly record: StateRecord } | null {
    const pace = this.#budget.pace(nowMs);
    if (Math.abs(pace - this.#stored) < CHANGE_MIN) return null;
    return { pace, record: { key: paceKey(this.#tenant), value: encodePace(pace) } };
  }

  /** A change is committed. */
  committed(pace: number): void {
    this.#stored = pace;
  }
}
