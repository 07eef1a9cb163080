import { type BackoffOptions, backoffMs } from "../kit/backoff.ts";
import type { ErrorCode } from "../kit/errors.ts";
import type { Anomaly } from "../observe/events.ts";
import { type Fold, foldPage, foldRefused, type PageFacts } from "../scan/fold.ts";
import { type Ask, askOf } from "../scan/pass.ts";
import type { Answer, TakeActivity } from "../tenant/answer.ts";
import { commitPlan } from "./commit-plan.ts";
import { comparisonOf } from "./comparison.ts";
import { FieldDecision } from "./field-decision.ts";
import { Page } from "./page.ts";
import { pagePublished } from "./page-published.ts";
import { openPageTrace, type PageTrace } from "./page-trace.ts";
import { planTold } from "./plan-told.ts";
import { mayBeFull, openReader, readerKind, readerLabel } from "./reader.ts";
import { type PagePlan, ScanMemory } from "./scan-memory.ts";
import { LIMIT_MIN, type ReaderRun, type ScanRun } from "./scan-run.ts";
import type { TenantRun } from "./tenant-run.ts";

const OWN_FAILURE: BackoffOptions = { firstMs: 2_000, capMs: 60_000 };
/** A position this far ahead of the server's clock comes from another clock, or another hand. */
const AHEAD_MAX_MS = 600_000;

/** What was asked, what came, and what it does to the reader. */
interface Read {
  readonly ask: Ask;
  readonly page: Page;
  readonly fold: Fold;
}

type Asked = Omit<Read, "fold">;
type PageVerdict = Extract<Answer["verdict"], { kind: "page" }>;

/** One turn of one reader of a scan: one request, and what comes of it. */
export class ScanTurn {
  readonly #tenant: TenantRun;
  readonly #scan: ScanRun;
  readonly #name: string;
  readonly #field: FieldDecision;
  /** Null when nobody traces. */
  #trace: PageTrace | null = null;

  /** @param reader `tail`, or a job's name. */
  constructor(tenant: TenantRun, scan: ScanRun, reader: string) {
    this.#tenant = tenant;
    this.#scan = scan;
    this.#name = reader;
    this.#field = new FieldDecision(tenant, scan, this);
  }

  /** @throws the reason of `signal`; ConnectorError that is fatal. */
  async take(signal: AbortSignal): Promise<void> {
    const { memory } = this.#scan;
    if (memory === null) await this.#begin(signal);
    else if (await this.#prepared(memory, signal)) await this.#ask(memory, signal);
  }

  /** A scan without a cursor: its start is fixed by the server's time, and made durable before it reads. */
  async #begin(signal: AbortSignal): Promise<void> {
    const probe = await this.#field.probe(signal);
    if (probe === null) return;
    const memory = ScanMemory.begin(this.#scan.config, probe.serverNowMs, this.#scan.idsBytesMax);
    await this.#commit(memory, memory.plan(), signal);
    // Committed, or another owner has begun the scan in the meantime: then the memory holds what that one committed.
    this.#scan.begun(memory);
  }

  /** What comes before a new pass: room for ids, a sound position, and the tail's jump over an outage. */
  async #prepared(memory: ScanMemory, signal: AbortSignal): Promise<boolean> {
    const scan = this.#scan;
    const isResumed = this.#name === "tail" && !scan.hasAsked;
    const reader = this.#name === "tail" ? memory.cursor : memory.jobs.get(this.#name);
    const inPass = reader !== undefined && reader.pass !== null;
    if (inPass && !isResumed) return true;
    const shrink = memory.isOverfull && !inPass ? memory.planShrink(this.#tenant.serverNowMs()) : null;
    if (shrink !== null) {
      await this.#commit(memory, shrink, signal);
      if (shrink.opensGaps)
        this.anomaly("lookbacks_refused", "the ids to remember outgrow memory.ids: the oldest are forgotten early");
      return false;
    }
    if (memory.isOverfull && !inPass) {
      this.hold("blocked", "the ids to remember do not fit: raise memory.ids", "memory_exhausted");
      return false;
    }
    return this.#name !== "tail" || (await this.#placed(memory, isResumed, signal));
  }

  /** Whether the tail stands where it should; after an outage it goes on at now, and a job reads what it missed. */
  async #placed(memory: ScanMemory, isResumed: boolean, signal: AbortSignal): Promise<boolean> {
    const { config } = this.#scan;
    const tenant = this.#tenant;
    const isBehind =
      tenant.serverNowMs() - memory.cursor.caughtUpMs > config.catchUp.afterMs &&
      config.catchUp.order === "newest-first";
    // Before the server has told its time, only its own clock could say where now is.
    if (!tenant.knowsServerTime && isBehind && (await this.#field.probe(signal)) === null) return false;
    if (!tenant.knowsServerTime) return true;
    if (memory.cursor.positionMs > tenant.serverNowMs() + AHEAD_MAX_MS) {
      const position = new Date(memory.cursor.positionMs).toISOString();
      const remedy = "check the tenant's clock, or move it back by `cursor reset`";
      this.hold("blocked", `its position ${position} lies in the future: ${remedy}`, "cursor_ahead");
      return false;
    }
    const [serverNowMs, fromMs] = [tenant.serverNowMs(), memory.cursor.caughtUpMs];
    const recovery = memory.planRecovery(serverNowMs, isResumed);
    if (recovery === null) return true;
    if (!(await this.#commit(memory, recovery, signal))) return false;
    this.#run.previous = new Set();
    const told = { tenant: config.tenant, scan: config.name, behindMs: serverNowMs - fromMs, fromMs };
    tenant.deps.emit({ type: "recovery_begun", ...told });
    return true;
  }

  async #ask(memory: ScanMemory, signal: AbortSignal): Promise<void> {
    const scan = this.#scan;
    const { clock, pages } = this.#tenant.deps;
    if (this.#name === "tail") scan.hasAsked = true;
    await this.#tenant.awaitRequest(signal);
    this.#run.servedMs = clock.monotonicMs();
    const serverNowMs = this.#tenant.serverNowMs();
    const opened = openReader(memory, this.#name, serverNowMs);
    if (opened === null) return;
    const { limit, bytes } = scan.pageWithin(pages.freeBytes, this.#run, mayBeFull(this.#name, opened.pass));
    using lease = await pages.reserve(bytes, signal);
    const field = memory.cursor.cursorField ?? "created";
    const ask = askOf(opened.pass, field, { filters: scan.config.filters, limit });
    if (ask.pass.pages === 0) this.#run.passStartMs = clock.monotonicMs();
    const page = new Page(scan.records, {
      field,
      pass: ask.pass,
      reader: readerKind(this.#name),
      lateBelowMs: this.#name === "tail" ? null : memory.cursor.positionMs,
      isPublished: (id) => memory.slices.has(id),
      isForgotten: (valueMs) => !opened.mayRepeat && memory.isForgotten(valueMs),
      comparison: comparisonOf(memory, this.#name, this.#run, ask.pass),
      previous: this.#run.previous,
      serverNowMs,
      nowMs: () => clock.nowMs(),
      lease,
    });
    const { tenant, name } = scan.config;
    const asked = { tenant, scan: name, reader: readerLabel(this.#name), page: ask.pass.pages + 1, limit };
    this.#trace = openPageTrace(this.#tenant.deps, asked);
    try {
      await this.#request(memory, ask, page, signal);
    } finally {
      this.#trace?.end();
    }
  }

  async #request(memory: ScanMemory, ask: Ask, page: Page, signal: AbortSignal): Promise<void> {
    const scan = this.#scan;
    const take: TakeActivity = (activity) => page.take(activity);
    const answer = await this.#tenant.request(scan, ask.request, this.#trace?.timed(take) ?? take, signal);
    this.#trace?.answered(answer, page);
    if (answer === null || !this.#tenant.settle(scan, answer)) return;
    const { verdict } = answer;
    if (verdict.kind === "page") await this.#publish(memory, ask, page, answer, signal);
    else if (verdict.kind === "rejected") await this.#rejected(memory, { ask, page }, verdict.reason, signal);
    else await this.#refused(memory, { ask, page }, answer, signal);
  }

  async #publish(memory: ScanMemory, ask: Ask, page: Page, answer: Answer, signal: AbortSignal): Promise<void> {
    const { hasNext, nextFilters, total } = answer.verdict as PageVerdict;
    const serverNowMs = answer.serverNowMs ?? this.#tenant.serverNowMs();
    const facts: PageFacts = page.tally.facts({ hasNext, nextFilters, total, serverNowMs });
    if (!(await this.#field.isHonoured(memory, ask, facts, signal))) return;
    const fold = foldPage(memory.jobs.get(this.#name) ?? memory.cursor, ask, facts);
    if (!(await this.#advance(memory, { ask, page, fold }, signal))) return;
    this.#trace?.succeeded();
    const { clock, emit } = this.#tenant.deps;
    emit(pagePublished(this.#scan.config, readerLabel(this.#name), page, clock.nowMs()));
  }

  /** Commits what a page does, and takes the scan on. False when the page turned out to be outdated. */
  async #advance(memory: ScanMemory, read: Read, signal: AbortSignal): Promise<boolean> {
    const { page, fold } = read;
    const times = { nowMs: this.#tenant.deps.clock.monotonicMs(), serverNowMs: this.#tenant.serverNowMs() };
    const plan = memory.planPage(this.#name, page, fold, times);
    if (plan !== null && !(await this.#commitPage(memory, plan, signal))) {
      this.#trace?.failed("another state was committed: the page is dropped");
      this.#run.previous = new Set();
      return false;
    }
    this.#moved(memory, read, plan);
    return true;
  }

  /** After a page is committed, or had nothing to commit. */
  #moved(memory: ScanMemory, { ask, page, fold }: Read, plan: PagePlan | null): void {
    const scan = this.#scan;
    const { clock, emit } = this.#tenant.deps;
    for (const { kind, detail } of fold.anomalies) this.anomaly(kind, detail);
    if (page.tally.onPrevious > 0 && ask.pass.pages > 0) {
      this.anomaly("repeated_in_pass", `${page.tally.onPrevious} activities were on the page before, too`);
    }
    if (page.counts.outsideMemory > 0) {
      this.anomaly("outside_memory", `${page.counts.outsideMemory} activities turned up where ids are forgotten`);
    }
    const serverNowMs = this.#tenant.serverNowMs();
    for (const told of planTold(scan.config, this.#name, { memory, serverNowMs }, plan)) emit(told);
    const run = this.#run;
    if (fold.stuck) {
      run.previous = new Set();
      this.hold("blocked", "the API brings the pass no further, whatever is asked", "api_contract");
      return;
    }
    scan.sized(run, page, ask.pass.pages === 0);
    scan.failures = 0;
    if (fold.ended !== null) run.refusals = 0;
    run.previous = fold.ended === null ? page.tally.ids : new Set();
    if (this.#name !== "tail") {
      scan.forgetReaders();
      return;
    }
    const caughtUp = fold.ended !== null && ask.pass.reachMs === null;
    scan.dueMs = caughtUp ? run.passStartMs + scan.config.pollIntervalMs : clock.monotonicMs();
    scan.polled(page.activities, caughtUp, clock);
  }

  /** A 400. */
  async #rejected(memory: ScanMemory, asked: Asked, reason: string, signal: AbortSignal): Promise<void> {
    const run = this.#run;
    this.anomaly("filters_rejected", reason);
    const refused = asked.ask.pass.nextFilters !== null;
    if (refused && memory.cursor.cursorField !== null && run.refusals > 0) {
      await this.#byTime(memory, asked, signal);
      return;
    }
    this.leavePass(memory);
    // Stored next filters may have aged: the pass starts again from its position. Its own first request refused is
    // another matter: the filters are wrong, and a person has to change them.
    if (refused) run.refusals += 1;
    this.hold(refused ? "retrying" : "blocked", reason, "api_rejected");
  }

  /** What a request was to show is asked for by half of the time instead: nothing of its page counts. */
  async #byTime(memory: ScanMemory, { ask, page }: Asked, signal: AbortSignal): Promise<void> {
    const reader = memory.jobs.get(this.#name) ?? memory.cursor;
    const fold = foldRefused(reader, ask, this.#tenant.serverNowMs(), page.tally.services);
    await this.#advance(memory, { ask, page: page.blank(), fold }, signal);
  }

  /** A response that is no page, for reasons that lie in this scan's request. */
  async #refused(memory: ScanMemory, asked: Asked, { verdict }: Answer, signal: AbortSignal): Promise<void> {
    const scan = this.#scan;
    const { limit } = asked.ask.request;
    if (verdict.kind === "contract") {
      this.anomaly("contract_error", verdict.reason);
      // More is to come, and no next filters: once that may be a slip; again, it is how this API is.
      if (verdict.lacksNext === true && this.#run.refusals++ > 0) await this.#byTime(memory, asked, signal);
      else this.hold("retrying", verdict.reason, "api_contract");
    }
    if (verdict.kind !== "too_large") return;
    if (scan.hasOutgrown(this.#run, mayBeFull(this.#name, asked.ask.pass))) return;
    this.anomaly("page_too_large", verdict.reason);
    if (limit > LIMIT_MIN) {
      scan.limit = Math.max(LIMIT_MIN, Math.floor(limit / 2));
      return;
    }
    const remedy = "raise memory.pages or limits.body";
    const reason = `a page of ${LIMIT_MIN} does not fit: ${remedy} (${verdict.reason})`;
    this.hold("blocked", reason, "page_too_large");
  }

  /** Gives up this reader's pass; its next one begins anew. */
  leavePass(memory: ScanMemory): void {
    memory.leavePass(this.#name);
    this.#run.previous = new Set();
  }

  /** The scan is not asked for a while; longer after each failure in a row. Others go on. */
  hold(state: "blocked" | "retrying", reason: string, code: ErrorCode): void {
    const scan = this.#scan;
    const { clock, random, emit } = this.#tenant.deps;
    scan.failures += 1;
    const waitMs = backoffMs(scan.failures, OWN_FAILURE, random);
    emit({ type: "waited", tenant: scan.config.tenant, reason: "backoff", waitMs });
    scan.heldUntilMs = clock.monotonicMs() + waitMs;
    scan.is(state, reason, code);
  }

  anomaly(kind: Anomaly, detail: string): void {
    const { tenant, name } = this.#scan.config;
    this.#tenant.deps.emit({ type: "anomaly", tenant, scan: name, kind, detail });
  }

  #commitPage(memory: ScanMemory, plan: PagePlan, signal: AbortSignal): Promise<boolean> {
    const commit = () => this.#commit(memory, plan, signal);
    return this.#trace?.transaction(commit) ?? commit();
  }

  get #run(): ReaderRun {
    return this.#scan.reader(this.#name);
  }

  #commit(memory: ScanMemory, plan: PagePlan, signal: AbortSignal): Promise<boolean> {
    return commitPlan(this.#tenant.deps, memory, plan, signal);
  }
}
