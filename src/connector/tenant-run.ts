import type { Lease } from "../kafka/port.ts";
import { type BackoffOptions, backoffMs } from "../kit/backoff.ts";
import type { Clock } from "../kit/clock.ts";
import { ConnectorError, describeError } from "../kit/errors.ts";
import type { Random } from "../kit/random.ts";
import type { CodeClass, Emit } from "../observe/events.ts";
import type { TracePage } from "../observe/trace.ts";
import { nextDue } from "../scan/planner.ts";
import type { Answer, TakeActivity } from "../tenant/answer.ts";
import type { Budget } from "../tenant/budget.ts";
import type { PageRequest } from "../tenant/request.ts";
import type { CommandDesk } from "./command-desk.ts";
import type { LearnedPace } from "./learned-pace.ts";
import type { PageMemory } from "./page-memory.ts";
import { probeSilence } from "./probe-silence.ts";
import { PROBE, type ScanRun } from "./scan-run.ts";
import { ScanTurn } from "./scan-turn.ts";
import type { ShardOwner } from "./shard-owner.ts";
import { takeCommands } from "./take-commands.ts";

/** A tenant as the connector speaks to it: one request a call, judged, never retried. */
export interface TenantPort {
  fetchPage(request: PageRequest, take: TakeActivity, signal: AbortSignal): Promise<Answer>;
  /** When the credentials in use end; null when they do not, or it is not known. Epoch ms. */
  readonly credentialExpiresAtMs: number | null;
}

export interface TenantDeps {
  readonly tenant: string;
  readonly requestsPerMinute: number;
  readonly client: TenantPort;
  readonly budget: Budget;
  readonly owner: ShardOwner;
  readonly lease: Lease;
  readonly pace: LearnedPace;
  /** Operators' commands to the shard. */
  readonly desk: CommandDesk;
  /** Of all configured scans. */
  readonly scanNames: ReadonlySet<string>;
  readonly pages: PageMemory;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: Emit;
  /** Aborts a while after the stop: transactions in flight are given that long. */
  readonly grace: AbortSignal;
  /** Told of each page; without it nothing is timed. */
  readonly trace?: TracePage;
}

const UNAVAILABLE: BackoffOptions = { firstMs: 1_000, capMs: 60_000 };
const UNAUTHORIZED: BackoffOptions = { firstMs: 4_000, capMs: 60_000 };

/**
 * One tenant, for ever: of its scans the one that is due asks one request, within the budget; its page is
 * published before the next request is made. Requests are thus one at a time, and commits in order.
 */
export class TenantRun {
  readonly deps: TenantDeps;
  readonly #scans: readonly ScanRun[];
  /** What the server's clock showed, and the monotonic one with it; null until the first answer. */
  #serverTime: { readonly serverMs: number; readonly atMs: number } | null = null;
  /** Failures in a row that concern the whole tenant. */
  #failures = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  /** Until when the tenant asked to be left alone. */
  #throttledUntilMs = Number.NEGATIVE_INFINITY;

  constructor(deps: TenantDeps, scans: readonly ScanRun[]) {
    this.deps = deps;
    this.#scans = scans;
  }

  /** @throws the reason of `signal`; ConnectorError that is fatal. */
  async run(signal: AbortSignal): Promise<never> {
    const { clock, desk } = this.deps;
    for (;;) {
      signal.throwIfAborted();
      await takeCommands(this, this.#scans, signal);
      const nowMs = clock.monotonicMs();
      const serverNowMs = this.knowsServerTime ? this.serverNowMs() : null;
      const dues = this.#scans.flatMap((scan) => scan.dues({ nowMs, serverNowMs }).map((due) => ({ ...due, scan })));
      const next = nextDue(dues, nowMs);
      if (next === null || next.dueMs > nowMs) {
        await desk.sleep(clock, next === null ? 60_000 : next.dueMs - nowMs, signal);
        continue;
      }
      next.scan.reader(next.reader).servedMs = nowMs;
      if (next.reader === PROBE) await probeSilence(this, next.scan, signal);
      else await new ScanTurn(this, next.scan, next.reader).take(signal);
    }
  }

  /** The server's time now, in whole ms; until it has told it, this machine's. Afterwards no jump of this machine's clock shows. */
  serverNowMs(): number {
    const { clock } = this.deps;
    if (this.#serverTime === null) return clock.nowMs();
    // The monotonic clock has fractions of a millisecond; the API, and what is stored, whole ones.
    return Math.floor(this.#serverTime.serverMs + clock.monotonicMs() - this.#serverTime.atMs);
  }

  /** Whether the server has told its time yet. */
  get knowsServerTime(): boolean {
    return this.#serverTime !== null;
  }

  /** Waits until the tenant may be asked, and is this process's to ask. */
  async awaitRequest(signal: AbortSignal): Promise<void> {
    const { clock, budget, emit, tenant, lease } = this.deps;
    const waits = [
      ["backoff", this.#pausedUntilMs],
      ["retry_after", this.#throttledUntilMs],
    ] as const;
    for (const [reason, untilMs] of waits) {
      const waitMs = untilMs - clock.monotonicMs();
      if (waitMs <= 0) continue;
      emit({ type: "waited", tenant, reason, waitMs });
      await clock.sleep(waitMs, signal);
    }
    for (;;) {
      await lease.proven(Number.NEGATIVE_INFINITY, signal);
      const waitMs = budget.waitMs(clock.monotonicMs());
      if (waitMs <= 0) break;
      emit({ type: "waited", tenant, reason: "budget", waitMs });
      await clock.sleep(waitMs, signal);
    }
  }

  /**
   * One request, counted against the budget whatever comes of it. Null: it failed, or was not made, because the shard
   * may be another's by now.
   */
  async request(scan: ScanRun, request: PageRequest, take: TakeActivity, signal: AbortSignal): Promise<Answer | null> {
    const { clock, budget, client, emit, tenant, requestsPerMinute, lease } = this.deps;
    if (!lease.isProven()) return null;
    budget.sent(clock.monotonicMs());
    try {
      const answer = await client.fetchPage(request, take, signal);
      this.#observe(scan, answer);
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ConnectorError)) throw error;
      this.pause(scan, "unauthorized", describeError(error));
      return null;
    } finally {
      budget.answered(clock.monotonicMs());
      const usedLastMinute = budget.used(clock.monotonicMs());
      emit({ type: "budget", tenant, limitPerMinute: requestsPerMinute, usedLastMinute });
    }
  }

  /**
   * What the verdict means for the whole tenant: it waits, if need be. True when the answer is a matter of the
   * scan that asked.
   */
  settle(scan: ScanRun, answer: Answer): boolean {
    const { verdict } = answer;
    const { budget, clock } = this.deps;
    switch (verdict.kind) {
      case "throttled":
        budget.throttled(clock.monotonicMs(), verdict.waitMs);
        this.#throttledUntilMs = clock.monotonicMs() + verdict.waitMs;
        scan.is("throttled", `429: wait ${Math.ceil(verdict.waitMs / 1_000)} s (${verdict.hint})`, "api_throttled");
        return false;
      case "retry":
        this.pause(scan, "retrying", verdict.reason);
        return false;
      case "unauthorized":
        this.pause(scan, "unauthorized", verdict.reason);
        return false;
      default:
        this.#failures = 0;
        return true;
    }
  }

  /** The tenant is not asked for a while; longer after each failure in a row. */
  pause(scan: ScanRun, state: "retrying" | "unauthorized", reason: string): void {
    const { clock, random } = this.deps;
    this.#failures += 1;
    const backoff = state === "unauthorized" ? UNAUTHORIZED : UNAVAILABLE;
    this.#pausedUntilMs = clock.monotonicMs() + backoffMs(this.#failures, backoff, random);
    scan.is(state, reason, state === "unauthorized" ? "api_unauthorized" : "api_unavailable");
  }

  #observe(scan: ScanRun, answer: Answer): void {
    const { emit, tenant, client, clock } = this.deps;
    const skewMs = answer.serverNowMs === null ? null : answer.readAtMs - answer.serverNowMs;
    if (answer.serverNowMs !== null) {
      // The time came with the headers, and the body since.
      const bodyMs = Math.min(answer.durationMs, Math.max(0, clock.nowMs() - answer.readAtMs));
      this.#serverTime = { serverMs: answer.serverNowMs, atMs: clock.monotonicMs() - bodyMs };
    }
    emit({
      type: "request_answered",
      tenant,
      scan: scan.config.name,
      verdict: answer.verdict.kind,
      code: codeClass(answer.status),
      durationMs: answer.durationMs,
      bodyBytes: answer.bodyBytes,
      skewMs,
    });
    const expiresAtMs = client.credentialExpiresAtMs;
    if (expiresAtMs !== null) emit({ type: "credential", tenant, expiresAtMs });
  }
}

function codeClass(status: number | null): CodeClass {
  const code = status === null ? "error" : `${Math.floor(status / 100)}xx`;
  return code === "2xx" || code === "3xx" || code === "4xx" || code === "5xx" ? code : "error";
}
