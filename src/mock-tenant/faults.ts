import type { Random } from "../kit/random.ts";
import { FAULTS, type FaultName, type MockTenantSettings } from "./settings.ts";

/** Decides which fault, if any, the next scan page gets. */
export class FaultDraw {
  readonly #random: Random;
  #queue: FaultName[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** These come next, one a page, before any is drawn. */
  queue(faults: readonly FaultName[]): void {
    this.#queue = [...faults];
  }

  /** A number in [0, 1), for where a body is cut. */
  share(): number {
    return this.#random();
  }

  /** At most one fault a page; the listed order decides between two that would both strike. */
  next(probabilities: MockTenantSettings["faults"]): FaultName | null {
    const queued = this.#queue.shift();
    if (queued !== undefined) return queued;
    let struck: FaultName | null = null;
    for (const fault of FAULTS) {
      const probability = probabilities[fault] ?? 0;
      if (probability > 0 && this.#random() < probability) struck ??= fault;
    }
    return struck;
  }
}
