import type { TenantPort } from "../../src/connector/tenant-run.ts";
import { ConnectorError } from "../../src/kit/errors.ts";
import type { Answer, TakeActivity, Verdict } from "../../src/tenant/answer.ts";
import type { PageRequest } from "../../src/tenant/request.ts";
import type { SimTenant } from "../fakes/sim-tenant.ts";
import type { ProcessClock } from "../fakes/virtual-clock.ts";
import type { TenantFault } from "./scenario.ts";

/** Instead of a page. */
const INSTEAD: Partial<Record<TenantFault, Verdict>> = {
  "bad-gateway": { kind: "retry", reason: "502" },
  "throttled-header": { kind: "throttled", waitMs: 7_000, hint: "header" },
  "throttled-body": { kind: "throttled", waitMs: 31_000, hint: "body" },
  "throttled-bare": { kind: "throttled", waitMs: 60_000, hint: "none" },
  contract: { kind: "contract", reason: "HTML with status 200" },
  unauthorized: { kind: "unauthorized", reason: "401" },
  rejected: { kind: "rejected", reason: "400" },
  "too-large": { kind: "too_large", reason: "page memory" },
  "empty-with-total": { kind: "page", hasNext: false, nextFilters: null, total: 3, activities: 0 },
};

export interface VisitPlan {
  readonly server: SimTenant;
  readonly clock: ProcessClock;
  /** Awaited where the process waits for the tenant; never resolves in a dead one. */
  point(name: "tenant.request" | "tenant.answer"): Promise<void>;
  /** How long one way takes. */
  latencyMs(): number;
  /** A request arrives; what is wrong with its answer. */
  arrive(request: PageRequest): TenantFault | null;
  /** Whether the process may write a request now. */
  mayAsk(): boolean;
}

/** The tenant as one process reaches it: over a network that takes time, with answers that may be spoiled. */
export class TenantVisit implements TenantPort, AsyncDisposable {
  readonly credentialExpiresAtMs = null;
  readonly #plan: VisitPlan;

  constructor(plan: VisitPlan) {
    this.#plan = plan;
  }

  async fetchPage(request: PageRequest, take: TakeActivity, signal: AbortSignal): Promise<Answer> {
    const { clock, point } = this.#plan;
    const sentMs = clock.monotonicMs();
    await point("tenant.request");
    if (!this.#plan.mayAsk()) return this.#unsent(sentMs);
    await this.#travel(signal);
    const fault = this.#plan.arrive(request);
    const kept = fault === "cut-off" ? upTo(1, take) : take;
    const answer = await this.#answer(fault, request, kept, signal);
    await this.#travel(signal);
    await point("tenant.answer");
    if (fault === "credentials") {
      throw new ConnectorError("credentials_refused", "token endpoint: 401", { disposition: "retry" });
    }
    return { ...answer, readAtMs: clock.nowMs(), durationMs: clock.monotonicMs() - sentMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #travel(signal: AbortSignal): Promise<void> {
    const waitMs = this.#plan.latencyMs();
    if (waitMs > 0) await this.#plan.clock.sleepOutside(waitMs, signal);
    await this.#plan.clock.going();
  }

  #unsent(sentMs: number): Answer {
    const { clock } = this.#plan;
    const durationMs = clock.monotonicMs() - sentMs;
    const verdict = { kind: "retry", reason: "not sent" } as const;
    return { verdict, status: null, serverNowMs: null, readAtMs: clock.nowMs(), durationMs, bodyBytes: 0 };
  }

  async #answer(
    fault: TenantFault | null,
    request: PageRequest,
    take: TakeActivity,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { server } = this.#plan;
    const instead = fault === null ? undefined : INSTEAD[fault];
    if (instead === undefined && fault !== "empty-with-next") {
      const answer = await server.fetchPage(request, take, signal);
      return { ...answer, verdict: spoilt(fault, request, answer.verdict) };
    }
    const nothing = { kind: "page", hasNext: true, nextFilters: request.filters, total: 1, activities: 0 } as const;
    // Asked like any other request, for the server's time; nothing of its page arrives.
    const answer = await server.fetchPage(request, () => true, signal);
    const verdict = instead ?? nothing;
    const status = verdict.kind === "page" ? 200 : 500;
    return { ...answer, verdict, status, serverNowMs: fault === "bad-gateway" ? null : answer.serverNowMs };
  }
}

function spoilt(fault: TenantFault | null, request: PageRequest, verdict: Verdict): Verdict {
  if (fault === "cut-off") return { kind: "retry", reason: "connection reset in mid-body" };
  // The same request again is what the page says comes next.
  if (fault === "same-again" && verdict.kind === "page") {
    return { ...verdict, hasNext: true, nextFilters: request.filters };
  }
  return verdict;
}

/** Passes on the first activities of a page alone. */
function upTo(most: number, take: TakeActivity): TakeActivity {
  let taken = 0;
  return (bytes) => {
    taken += 1;
    return taken > most || take(bytes);
  };
}
