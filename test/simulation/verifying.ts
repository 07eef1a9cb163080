import type { Event } from "../../src/observe/events.ts";
import { askVerify } from "../fakes/ask-verify.ts";
import type { MemoryCluster } from "../fakes/memory-kafka.ts";
import type { SimTenant } from "../fakes/sim-tenant.ts";
import type { Oracle } from "./oracle.ts";
import type { Scenario, VerifyAt } from "./scenario.ts";
import type { Trace } from "./trace.ts";

/** What a verify of everything may take at the end; one that takes more is left. */
const REQUESTS_MAX = 60;
const HALF_AN_HOUR_MS = 1_800_000;

interface Parts {
  readonly oracle: Oracle;
  readonly trace: Trace;
  readonly cluster: MemoryCluster;
  readonly server: SimTenant;
  readonly nowMs: () => number;
}

/** The operator of a run, who has verified what was read. */
export class Verifying {
  readonly #parts: Parts;
  readonly #planned: ReadonlySet<VerifyAt>;
  #done = 0;

  constructor({ verifies }: Scenario, parts: Parts) {
    this.#planned = new Set(verifies);
    this.#parts = parts;
  }

  /** At a request's arrival. */
  arrived(request: number): void {
    if (this.#planned.has(request)) this.#ask(request);
  }

  /**
   * Asks, where the scenario says so, once all is published; for one, an activity shows by then in an hour that
   * everybody has done with.
   * @returns whether the asked has been done, or takes too long; null: nothing is asked.
   */
  atTheEnd(): (() => boolean) | null {
    const { oracle, server } = this.#parts;
    const at = (["at the end", "after one too late"] as const).find((each) => this.#planned.has(each));
    if (at === undefined) return null;
    const hourMs = at === "after one too late" ? oracle.state.forgottenHourMs : null;
    if (hourMs !== null) server.activities.push(oracle.plant(hourMs + HALF_AN_HOUR_MS));
    const [before, until] = [this.#done, oracle.requests + REQUESTS_MAX];
    this.#ask(at);
    return () => this.#done > before || oracle.requests >= until;
  }

  told(event: Event | undefined): void {
    const { trace, oracle } = this.#parts;
    if (event?.type === "verify_done") this.#done += 1;
    if (event?.type !== "slice_verified") return;
    trace.mark(`hour ${event.verdict}`);
    oracle.verified(event.sliceMs, event.verdict);
  }

  #ask(at: VerifyAt): void {
    const { trace, oracle, cluster, nowMs } = this.#parts;
    trace.mark(`verify ${typeof at === "number" ? "on the way" : at}`);
    oracle.verifyAsked();
    void askVerify(cluster, { id: `verify ${at}`, fromMs: 0, untilMs: nowMs() });
  }
}
