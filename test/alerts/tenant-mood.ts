import type { TenantPort } from "../../src/connector/tenant-run.ts";
import type { Answer, TakeActivity, Verdict } from "../../src/tenant/answer.ts";
import type { PageRequest } from "../../src/tenant/request.ts";
import type { SimTenant } from "../fakes/sim-tenant.ts";
import type { ProcessClock } from "../fakes/virtual-clock.ts";

/** How a tenant answers at present. */
export interface TenantMood {
  /** Instead of a page, for each request; null: its page. */
  verdict: ((request: PageRequest) => Verdict | null) | null;
  /** No answer ever comes. */
  hangs: boolean;
  /** What becomes of a page. */
  spoil: ((request: PageRequest, verdict: Verdict) => Verdict) | null;
  /** Of the access token; null: tokens do not end. */
  credentialExpiresAtMs: (() => number) | null;
}

const LATENCY_MS = 300;

/** A tenant as a connector reaches it: 0.3 s away, in a mood. */
export class FaultyTenant implements TenantPort, AsyncDisposable {
  readonly #server: SimTenant;
  readonly #clock: ProcessClock;
  readonly #mood: TenantMood;

  constructor(server: SimTenant, clock: ProcessClock, mood: TenantMood) {
    this.#server = server;
    this.#clock = clock;
    this.#mood = mood;
  }

  get credentialExpiresAtMs(): number | null {
    return this.#mood.credentialExpiresAtMs?.() ?? null;
  }

  async fetchPage(request: PageRequest, take: TakeActivity, signal: AbortSignal): Promise<Answer> {
    await this.#clock.sleep(LATENCY_MS, signal);
    if (this.#mood.hangs) await new Promise<never>(() => undefined);
    const instead = this.#mood.verdict?.(request) ?? null;
    const page = await this.#server.fetchPage(request, instead === null ? take : () => true, signal);
    const verdict = instead ?? this.#mood.spoil?.(request, page.verdict) ?? page.verdict;
    return { ...page, verdict, status: statusOf(verdict), readAtMs: this.#clock.nowMs(), durationMs: LATENCY_MS };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const STATUS: Readonly<Record<Verdict["kind"], number>> = {
  page: 200,
  contract: 200,
  too_large: 200,
  throttled: 429,
  retry: 503,
  unauthorized: 401,
  rejected: 400,
};
const statusOf = (verdict: Verdict): number => STATUS[verdict.kind];
