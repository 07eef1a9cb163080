import type { Start } from "../config/config.ts";
import { LIMIT_MIN } from "../connector/scan-run.ts";
import { ConnectorError } from "../kit/errors.ts";
import { isoOf } from "../kit/iso.ts";
import { type Fold, foldPage, foldRefused, notHonoured, type PageFacts, pagedOtherwise } from "../scan/fold.ts";
import { isDone, type Job, newJob } from "../scan/job.ts";
import type { OneShotState } from "../scan/one-shot-state.ts";
import { type Ask, askedBounds, askOf, firstFilters, type Pass } from "../scan/pass.ts";
import type { Answer } from "../tenant/answer.ts";
import type { CursorField, Filters } from "../tenant/request.ts";
import type { Asker } from "./asker.ts";
import type { Format, Piece } from "./scan-format.ts";
import { ScanIds } from "./scan-ids.ts";
import { ScanPage } from "./scan-page.ts";
import { nextSpanMs, openSpan, rangeOf } from "./scan-span.ts";
import { Tally } from "./scan-tally.ts";

/** What a one-shot scan reads. */
export interface OneShotPlan {
  readonly filters: Filters;
  readonly cursorField: "auto" | CursorField;
  /** Ages are counted from the server's time. */
  readonly since: Start;
  /** Null: up to whatever is visible. */
  readonly until: Start | null;
  readonly pageSize: number;
  /** Stop after this many activities; null: at the end. */
  readonly limit: number | null;
  readonly pagesBytes: number;
  readonly idsBytes: number;
  /** Activities that a span should hold: their ids are remembered while it is read. */
  readonly spanActivities: number;
}

/** Where a scan stands, but for what it was asked and what its output holds. */
export type Standing = Omit<OneShotState, "asked" | "output">;

export interface OneShotDeps {
  readonly asker: Asker;
  readonly format: Format;
  /** Local wall clock, for where the server tells no time. */
  nowMs(): number;
  /** Writes whole pieces; false when nobody reads them any more. */
  write(pieces: Iterable<Piece>, signal: AbortSignal): Promise<boolean>;
  /** Told where the scan stands after each page that is written, before anything else is asked. */
  keep(standing: () => Standing): Promise<void>;
  /** One line that a person should see. */
  note(text: string): void;
  /** Told after each page. */
  onPage(tally: Tally): void;
}

/** Nothing is saved this far ahead of the server's clock: an honoured bound there finds nothing. */
const PROBE_AHEAD_MS = 24 * 3_600_000;

/**
 * Reads a stretch of a tenant once, span by span, by the production reader. A page's activities are written once it is
 * known to be a page, so that the output holds nothing of a page cut in the middle; those that were written before are
 * known by their ids.
 */
export class OneShot {
  readonly #plan: OneShotPlan;
  readonly #deps: OneShotDeps;
  readonly tally: Tally;
  readonly #ids: ScanIds;
  /** Null before the server's time is known. */
  #job: Job | null;
  #limit: number;
  /** Next filters of this span that were refused, or missing. */
  #refusals = 0;
  #previous: ReadonlySet<string> = new Set();

  /** @param from where another process left the same scan; null: it begins. */
  constructor(plan: OneShotPlan, deps: OneShotDeps, from: Standing | null = null) {
    this.#plan = plan;
    this.#deps = deps;
    this.#limit = from?.limit ?? plan.pageSize;
    this.#ids = new ScanIds(from?.ids);
    this.#job = from?.job ?? null;
    this.tally = new Tally(plan.cursorField === "auto" ? "created" : plan.cursorField, from);
  }

  /** @throws ConnectorError with its remedy; the reason of `signal`. The tally is true whenever it ends. */
  async run(signal: AbortSignal): Promise<void> {
    let job = this.#job ?? (await this.#begin(signal));
    while (!isDone(job) && this.#wanted > 0) {
      signal.throwIfAborted();
      const pass = job.pass ?? openSpan(job, this.tally.untilMs, this.tally.startedMs);
      const query = { filters: this.#plan.filters, limit: this.#limit };
      const ask = askOf(pass, this.tally.field, query);
      const { answer, taker } = await this.#deps.asker.ask(ask.request, () => this.#open(ask), signal);
      const next = await this.#judge({ job, ask, page: taker, answer }, signal);
      if (next === null) return;
      job = next;
      this.#job = job;
    }
  }

  /** Asks for what cannot be there: tells the server's time, and whether bounds on `created` are honoured. */
  async #begin(signal: AbortSignal): Promise<Job> {
    const { asker, nowMs } = this.#deps;
    const { tally } = this;
    const bounds = { fromMs: nowMs() + PROBE_AHEAD_MS, untilMs: null };
    const filters = JSON.stringify(firstFilters(this.#plan.filters, tally.field, bounds));
    const request = { filters, sortField: tally.field, sortDirection: "asc", limit: LIMIT_MIN } as const;
    const { answer, taker } = await asker.ask(request, () => new Count(), signal);
    const { kind } = answer.verdict;
    if (kind === "rejected") throw asker.refusal(answer);
    tally.startedMs = answer.serverNowMs ?? nowMs();
    const { fromMs, untilMs } = rangeOf(this.#plan, tally.startedMs);
    tally.fromMs = fromMs;
    tally.untilMs = untilMs;
    if (taker.found > 0 && tally.field === "created") {
      this.#fallBack(`a bound on created in the future found ${taker.found} activities`);
    }
    return this.#whole();
  }

  /** All of the stretch, to be read. */
  #whole(): Job {
    const { fromMs, untilMs, startedMs } = this.tally;
    return newJob({ origin: "backfill", order: "asc", whole: { fromMs, untilMs: untilMs ?? startedMs } });
  }

  #open(ask: Ask): ScanPage {
    return new ScanPage({
      field: ask.field,
      asked: { ...askedBounds(ask.pass), direction: ask.pass.direction },
      format: this.#deps.format,
      known: this.#ids,
      previous: this.#previous,
      bytesMax: this.#plan.pagesBytes,
      wanted: this.#wanted,
    });
  }

  get #wanted(): number {
    return (this.#plan.limit ?? Number.POSITIVE_INFINITY) - this.tally.activities;
  }

  /** The scan after an answer; null: nobody reads its output any more. */
  async #judge(read: Read, signal: AbortSignal): Promise<Job | null> {
    const { job, ask, page, answer } = read;
    const { verdict } = answer;
    if (verdict.kind !== "page") return this.#refused(read);
    const { hasNext, nextFilters, total } = verdict;
    const serverNowMs = answer.serverNowMs ?? this.tally.startedMs;
    const facts = page.tally.facts({ hasNext, nextFilters, total, serverNowMs });
    if (!this.#honoured(ask, facts)) return this.#whole();
    const fold = foldPage(job, ask, facts);
    if (!(await this.#write(ask, page, signal))) return null;
    return await this.#move(fold, { highestMs: facts.highestMs, ids: page.tally.ids });
  }

  async #write(ask: Ask, page: ScanPage, signal: AbortSignal): Promise<boolean> {
    const { tally } = this;
    if (!(await this.#deps.write(this.#deps.format.pieces(page.encoded), signal))) return false;
    for (const fresh of page.fresh) this.#ids.add(fresh, ask.pass.reachMs);
    if (this.#ids.bytes > this.#plan.idsBytes) {
      throw failed(
        "page_too_large",
        `the ids of ${this.#ids.size} activities do not fit in memory.ids: scan shorter stretches, or raise it`,
      );
    }
    tally.activities += page.encoded.length;
    tally.pages += 1;
    tally.repeats += page.repeats;
    tally.defects += page.defects;
    tally.leftOut += page.leftOut;
    return true;
  }

  /** Goes on from a page that is written. */
  async #move(fold: Fold<Job>, page: { highestMs: number | null; ids: ReadonlySet<string> }): Promise<Job> {
    const { tally } = this;
    for (const { kind, detail } of fold.anomalies) if (kind === "stall") this.#deps.note(detail);
    if (fold.gap !== null) tally.addGap(fold.gap);
    if (fold.stuck) throw failed("api_contract", "the API brings the scan no further, whatever is asked");
    tally.reach(page.highestMs);
    this.#previous = fold.ended === null ? page.ids : new Set();
    const job = fold.ended === null ? fold.reader : this.#endSpan(fold.reader, fold.ended.pass);
    await this.#keep(job);
    this.#deps.onPage(tally);
    return job;
  }

  #endSpan(job: Job, pass: Pass): Job {
    const { tally } = this;
    this.#refusals = 0;
    if (pass.doubtful) {
      const { baseMs: fromMs, reachMs: untilMs } = pass;
      tally.addGap({ fromMs, untilMs });
      this.#deps.note(`from ${isoOf(fromMs)} nothing is shown, although the API counts something there`);
    }
    tally.reach(pass.reachMs);
    const spanMs = nextSpanMs(job.spanMs, this.#ids.size, this.#plan.spanActivities);
    this.#ids.endSpan();
    return { ...job, spanMs };
  }

  #keep(job: Job): Promise<void> {
    return this.#deps.keep(() => ({
      cursorField: this.tally.field,
      untilMs: this.tally.untilMs,
      startedMs: this.tally.startedMs,
      job,
      limit: this.#limit,
      ids: this.#ids.kept,
      tally: this.tally.kept,
    }));
  }

  /** Whether the page may be written. With `auto` another field is taken, but only while nothing is written. */
  #honoured(ask: Ask, facts: PageFacts): boolean {
    const breach = notHonoured(ask, facts);
    const isUndecided = this.#plan.cursorField === "auto" && ask.field === "created" && this.tally.activities === 0;
    if (isUndecided) {
      const reason = breach ?? pagedOtherwise(ask, facts);
      if (reason === null) return true;
      this.#fallBack(reason);
      return false;
    }
    if (breach === null) return true;
    const remedy = ask.field === "created" ? "try --cursor-field date" : "the API cannot be scanned by this field";
    throw failed("api_contract", `the API does not honour ${ask.field}: ${breach}; ${remedy}`);
  }

  #fallBack(reason: string): void {
    if (this.#plan.cursorField !== "auto") {
      throw failed("api_contract", `the API does not honour created: ${reason}; try --cursor-field date`);
    }
    this.tally.field = "date";
    this.#previous = new Set();
    this.#deps.note(`created is not honoured (${reason}): scanning along date, the time that activities happened`);
  }

  /** The scan after an answer that is no page. */
  async #refused({ job, ask, page, answer }: Read): Promise<Job> {
    const { kind } = answer.verdict;
    const { asker } = this.#deps;
    if (kind === "too_large") {
      if (this.#limit <= LIMIT_MIN) throw asker.refusal(answer, `, though only ${LIMIT_MIN} activities were asked for`);
      this.#limit = Math.max(LIMIT_MIN, Math.floor(this.#limit / 2));
      return job;
    }
    if (kind === "rejected" && ask.pass.nextFilters === null) throw asker.refusal(answer);
    this.#refusals += 1;
    // Next filters that are refused may have aged, and missing ones be a slip; again, it is how this API is.
    if (this.#refusals > 1) {
      const fold = foldRefused(job, ask, answer.serverNowMs ?? this.tally.startedMs, page.tally.services);
      return await this.#move(fold, { highestMs: null, ids: new Set() });
    }
    this.#previous = new Set();
    return kind === "rejected" ? { ...job, pass: null } : job;
  }
}

/** A request, and what came of it. */
interface Read {
  readonly job: Job;
  readonly ask: Ask;
  readonly page: ScanPage;
  readonly answer: Answer;
}

/** Takes activities that should not be there. */
class Count {
  found = 0;

  take(_bytes: Buffer): boolean {
    this.found += 1;
    return true;
  }
}

function failed(code: "api_contract" | "page_too_large", message: string): ConnectorError {
  return new ConnectorError(code, message, { disposition: "fatal" });
}
