import { type BackoffOptions, backoffMs } from "../kit/backoff.ts";
import type { ErrorCode } from "../kit/errors.ts";
import type { Anomaly } from "../observe/events.ts";
import { type Fold, foldPage, foldRefused, notHonoured, type PageFacts, pagedOtherwise } from "../scan/fold.ts";
import { type Ask, firstFilters, nextAsk } from "../scan/tail.ts";
import type { Answer } from "../tenant/answer.ts";
import { Page } from "./page.ts";
import { pagePublished } from "./page-published.ts";
import { type PagePlan, ScanMemory } from "./scan-memory.ts";
import { LIMIT_MIN, type ScanRun, startMs } from "./scan-run.ts";
import type { TenantRun } from "./tenant-run.ts";

const OWN_FAILURE: BackoffOptions = { firstMs: 2_000, capMs: 60_000 };
const RECOMMIT: BackoffOptions = { firstMs: 100, capMs: 10_000 };
/** Nothing is saved this far ahead of the server's clock: an honoured bound there finds nothing. */
const PROBE_AHEAD_MS = 24 * 3_600_000;

/** What was asked, what came, and what it does to the cursor. */
interface Read {
  readonly ask: Ask;
  readonly page: Page;
  readonly fold: Fold;
}

/** What asking for what cannot be there came to. */
interface Probe {
  readonly serverNowMs: number;
  readonly found: number;
  readonly total: number;
}

type PageVerdict = Extract<Answer["verdict"], { kind: "page" }>;

/** One turn of one scan: one request, and what comes of it. */
export class ScanTurn {
  readonly #tenant: TenantRun;
  readonly #scan: ScanRun;

  constructor(tenant: TenantRun, scan: ScanRun) {
    this.#tenant = tenant;
    this.#scan = scan;
  }

  /** @throws the reason of `signal`; ConnectorError that is fatal. */
  async take(signal: AbortSignal): Promise<void> {
    const { memory } = this.#scan;
    if (memory === null) await this.#begin(signal);
    else await this.#ask(memory, signal);
  }

  /** A scan without a cursor: its start is fixed by the server's time, and made durable before it reads. */
  async #begin(signal: AbortSignal): Promise<void> {
    const { config } = this.#scan;
    const probe = await this.#probe(signal);
    if (probe === null) return;
    const memory = ScanMemory.begin(config, startMs(config.start, probe.serverNowMs), this.#scan.idsBytesMax);
    await this.#commit(memory, memory.planCursor(), signal);
    // Committed, or another owner has begun the scan in the meantime: then the memory holds what that one committed.
    this.#scan.memory = memory;
  }

  async #ask(memory: ScanMemory, signal: AbortSignal): Promise<void> {
    const scan = this.#scan;
    const { clock, pages } = this.#tenant.deps;
    if (memory.isOverfull && memory.cursor.pass === null) {
      const shrink = memory.planShrink();
      if (shrink === null)
        this.#hold("blocked", "the ids to remember do not fit: raise memory.ids", "memory_exhausted");
      else await this.#commit(memory, shrink, signal);
      return;
    }
    await this.#tenant.awaitRequest(scan, signal);
    const { limit, bytes } = scan.pageWithin(pages.freeBytes);
    using lease = await pages.reserve(bytes, signal);
    const field = memory.cursor.cursorField ?? "created";
    const serverNowMs = this.#tenant.serverNowMs();
    const query = { filters: scan.config.filters, limit };
    const ask = nextAsk(memory.cursor, field, query, serverNowMs);
    if (ask.pass.pages === 0) scan.passStartMs = clock.monotonicMs();
    const page = new Page(scan.records, {
      field,
      pass: ask.pass,
      slices: memory.slices,
      previous: scan.previous,
      serverNowMs,
      nowMs: () => clock.nowMs(),
      lease,
    });
    const answer = await this.#tenant.request(scan, ask.request, (activity) => page.take(activity), signal);
    if (answer === null || !this.#tenant.settle(scan, answer)) return;
    if (answer.verdict.kind === "page") await this.#publish(memory, ask, page, answer, signal);
    else if (answer.verdict.kind === "rejected") await this.#rejected(memory, ask, page, answer.verdict.reason, signal);
    else this.#refused(ask, answer);
  }

  async #publish(memory: ScanMemory, ask: Ask, page: Page, answer: Answer, signal: AbortSignal): Promise<void> {
    const verdict = answer.verdict as PageVerdict;
    const serverNowMs = answer.serverNowMs ?? this.#tenant.serverNowMs();
    const { hasNext, nextFilters, total } = verdict;
    const facts = page.tally.facts({ hasNext, nextFilters, total, serverNowMs });
    if (!(await this.#honoured(memory, ask, facts, signal))) return;
    const fold = foldPage(memory.cursor, ask, facts);
    if (!(await this.#advance(memory, { ask, page, fold }, signal))) return;
    const { clock, emit } = this.#tenant.deps;
    emit(pagePublished(this.#scan.config, page, clock.nowMs()));
  }

  /** Commits what a page does, and takes the scan on. False when the page turned out to be outdated. */
  async #advance(memory: ScanMemory, read: Read, signal: AbortSignal): Promise<boolean> {
    const { page, fold } = read;
    const { clock } = this.#tenant.deps;
    const plan = memory.planPage(page, fold, clock.monotonicMs());
    if (plan !== null && !(await this.#commit(memory, plan, signal))) {
      this.#scan.previous = new Set();
      return false;
    }
    this.#moved(memory, read);
    return true;
  }

  /** After a page is committed, or had nothing to commit. */
  #moved(memory: ScanMemory, { ask, page, fold }: Read): void {
    const scan = this.#scan;
    const { clock, emit } = this.#tenant.deps;
    const { tenant, name } = scan.config;
    for (const { kind, detail } of fold.anomalies) this.#anomaly(kind, detail);
    if (page.tally.onPrevious > 0 && ask.pass.pages > 0) {
      this.#anomaly("repeated_in_pass", `${page.tally.onPrevious} activities were on the page before, too`);
    }
    const { positionMs, caughtUpMs } = memory.cursor;
    const openGaps = memory.slices?.openGaps ?? 0;
    emit({ type: "cursor_moved", tenant, scan: name, positionMs, caughtUpMs, openGaps });
    if (fold.stuck) {
      scan.previous = new Set();
      this.#hold("blocked", "the API brings the pass no further, whatever is asked", "api_contract");
      return;
    }
    scan.sized(page.fresh.length, page.bytes);
    scan.failures = 0;
    if (fold.passEnded) scan.refusals = 0;
    scan.previous = fold.passEnded ? new Set() : page.tally.ids;
    const caughtUp = fold.passEnded && ask.pass.reachMs === null;
    scan.dueMs = caughtUp ? scan.passStartMs + scan.config.pollIntervalMs : clock.monotonicMs();
    scan.is(caughtUp ? "idle" : "reading");
  }

  /**
   * Whether the page may be published: the API honours the cursor field. With `cursorField: auto` that is
   * settled here, once, before the first publish; later a breach holds the scan, loudly.
   */
  async #honoured(memory: ScanMemory, ask: Ask, facts: PageFacts, signal: AbortSignal): Promise<boolean> {
    const breach = notHonoured(ask, facts);
    const otherwise = pagedOtherwise(ask, facts);
    if (memory.cursor.cursorField !== null) {
      if (otherwise !== null) this.#anomaly("field_not_honoured", otherwise);
      if (breach === null) return true;
      this.#anomaly("out_of_bounds", breach);
      this.#leavePass(memory);
      this.#hold("blocked", `${ask.field} is not honoured: ${breach}`, "api_contract");
      return false;
    }
    const reason = breach ?? otherwise;
    if (reason !== null) {
      this.#decide(memory, "date", reason);
      return false;
    }
    if (facts.activities === 0) return true;
    const first = await this.#probe(signal);
    // Empty against its own total: that proves nothing, and is asked once more.
    const probe = first !== null && first.found === 0 && first.total > 0 ? await this.#probe(signal) : first;
    if (probe === null) return false;
    if (probe.found > 0) {
      this.#decide(memory, "date", `a bound on created in the future found ${probe.found} activities`);
      return false;
    }
    this.#decide(memory, "created", "a bound on created is honoured");
    return true;
  }

  #decide(memory: ScanMemory, field: "created" | "date", reason: string): void {
    const { tenant, name } = this.#scan.config;
    this.#leavePass(memory);
    memory.decide(field);
    this.#tenant.deps.emit({ type: "cursor_field_decided", tenant, scan: name, field, reason });
  }

  /** Asks for what cannot be there: tells the server's time, and whether bounds on `created` are honoured. */
  async #probe(signal: AbortSignal): Promise<Probe | null> {
    const scan = this.#scan;
    await this.#tenant.awaitRequest(scan, signal);
    const aheadMs = this.#tenant.serverNowMs() + PROBE_AHEAD_MS;
    const filters = firstFilters(scan.config.filters, "created", { fromMs: aheadMs, untilMs: null });
    let found = 0;
    const count = () => {
      found += 1;
      return true;
    };
    const request = {
      filters: JSON.stringify(filters),
      sortField: "created" as const,
      sortDirection: "asc" as const,
      limit: LIMIT_MIN,
    };
    const answer = await this.#tenant.request(scan, request, count, signal);
    if (answer === null || !this.#tenant.settle(scan, answer)) return null;
    if (answer.verdict.kind !== "page") {
      this.#refusedProbe(answer.verdict);
      return null;
    }
    scan.failures = 0;
    const serverNowMs = answer.serverNowMs ?? this.#tenant.serverNowMs();
    return { serverNowMs, found, total: answer.verdict.total ?? 0 };
  }

  #refusedProbe(verdict: Answer["verdict"]): void {
    const reason = verdict.kind === "page" || verdict.kind === "throttled" ? verdict.kind : verdict.reason;
    const rejected = verdict.kind === "rejected";
    this.#anomaly(rejected ? "filters_rejected" : "contract_error", reason);
    if (rejected) this.#hold("blocked", reason, "api_rejected");
    else this.#hold("retrying", reason, "api_contract");
  }

  /** A 400. */
  async #rejected(memory: ScanMemory, ask: Ask, page: Page, reason: string, signal: AbortSignal): Promise<void> {
    const scan = this.#scan;
    this.#anomaly("filters_rejected", reason);
    const refused = ask.pass.nextFilters !== null;
    if (refused && memory.slices !== null && scan.refusals > 0) {
      const fold = foldRefused(memory.cursor, ask, this.#tenant.serverNowMs());
      await this.#advance(memory, { ask, page, fold }, signal);
      return;
    }
    this.#leavePass(memory);
    // Stored next filters may have aged: the pass starts again from its position. Its own first request refused is
    // another matter: the filters are wrong, and a person has to change them.
    if (refused) scan.refusals += 1;
    this.#hold(refused ? "retrying" : "blocked", reason, "api_rejected");
  }

  #leavePass(memory: ScanMemory): void {
    memory.leavePass();
    this.#scan.previous = new Set();
  }

  /** A response that is no page, for reasons that lie in this scan's request. */
  #refused(ask: Ask, answer: Answer): void {
    const scan = this.#scan;
    const { verdict } = answer;
    if (verdict.kind === "page" || verdict.kind === "throttled") return;
    if (verdict.kind !== "too_large") {
      this.#anomaly("contract_error", verdict.reason);
      this.#hold("retrying", verdict.reason, "api_contract");
      return;
    }
    this.#anomaly("page_too_large", verdict.reason);
    if (ask.request.limit > LIMIT_MIN) {
      scan.limit = Math.max(LIMIT_MIN, Math.floor(ask.request.limit / 2));
      return;
    }
    const remedy = "raise memory.pages or limits.body";
    const reason = `a page of ${LIMIT_MIN} does not fit: ${remedy} (${verdict.reason})`;
    this.#hold("blocked", reason, "page_too_large");
  }

  /** The scan is not asked for a while; longer after each failure in a row. Others go on. */
  #hold(state: "blocked" | "retrying", reason: string, code: ErrorCode): void {
    const scan = this.#scan;
    const { clock, random, emit } = this.#tenant.deps;
    scan.failures += 1;
    const waitMs = backoffMs(scan.failures, OWN_FAILURE, random);
    emit({ type: "waited", tenant: scan.config.tenant, reason: "backoff", waitMs });
    scan.dueMs = clock.monotonicMs() + waitMs;
    scan.is(state, reason, code);
  }

  /**
   * Commits a plan, whatever it takes. False when the state turns out to be another than the plan was made
   * from: then the page is dropped and the scan goes on from that state.
   */
  async #commit(memory: ScanMemory, plan: PagePlan, signal: AbortSignal): Promise<boolean> {
    const { owner, clock, random, grace } = this.#tenant.deps;
    for (let attempt = 1; ; attempt++) {
      const outcome = await owner.commit(plan.transaction, grace);
      if (outcome.kind === "committed") {
        memory.committed(plan, clock.monotonicMs());
        return true;
      }
      const found = memory.reload(plan, this.#scan.config, outcome.state);
      if (found !== "open") return found === "committed";
      signal.throwIfAborted();
      await clock.sleep(backoffMs(attempt, RECOMMIT, random), signal);
    }
  }

  #anomaly(kind: Anomaly, detail: string): void {
    const { tenant, name } = this.#scan.config;
    this.#tenant.deps.emit({ type: "anomaly", tenant, scan: name, kind, detail });
  }
}
