import type { Start } from "../config/config.ts";
import { LIMIT_MIN } from "../connector/scan-run.ts";
import { ConnectorError } from "../kit/errors.ts";
import { type Cursor, newCursor } from "../scan/cursor.ts";
import { type Fold, foldPage, notHonoured, type PageFacts, pagedOtherwise } from "../scan/fold.ts";
import { IdTable } from "../scan/id-table.ts";
import { type Ask, askedBounds, askOf, firstFilters, newPass } from "../scan/pass.ts";
import type { Answer } from "../tenant/answer.ts";
import type { CursorField, Filters } from "../tenant/request.ts";
import type { Asker } from "./asker.ts";
import { PageLines } from "./page-lines.ts";

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
  readonly activityBytes: number;
}

export interface OneShotDeps {
  readonly asker: Asker;
  /** Local wall clock, for where the server tells no time. */
  nowMs(): number;
  /** Writes whole lines; false when nobody reads them any more. */
  write(lines: readonly Buffer[], signal: AbortSignal): Promise<boolean>;
  /** One line that a person should see. */
  note(text: string): void;
  /** Told after each page. */
  onPage(tally: Tally): void;
}

/** What a one-shot scan has done so far. */
export interface Tally {
  activities: number;
  pages: number;
  /** Activities that came more than once, and were written once. */
  repeats: number;
  /** Written as they came though they are no sound JSON objects with an id. */
  defects: number;
  /** Instants that could not be read to the end. */
  gaps: number;
  field: CursorField;
  fromMs: number;
  /** How far it was asked; null: whatever is visible. */
  untilMs: number | null;
  /** The highest cursor-field value so far. */
  highestMs: number | null;
  /** The server's time at the start. */
  startedMs: number;
}

/** Nothing is saved this far ahead of the server's clock: an honoured bound there finds nothing. */
const PROBE_AHEAD_MS = 24 * 3_600_000;
/** A pass that has to begin again this often gets nowhere. */
const RESTARTS_MAX = 5;

/**
 * Reads a stretch of a tenant once, from one pass of the production reader, with the ids seen in memory. A page's
 * lines are written once it is known to be a page, so that the output holds nothing of a page cut in the middle.
 */
export class OneShot {
  readonly #plan: OneShotPlan;
  readonly #deps: OneShotDeps;
  readonly tally: Tally;
  readonly #known = new IdTable();
  #cursor: Cursor;
  #limit: number;
  #restarts = 0;
  #previous: ReadonlySet<string> = new Set();

  constructor(plan: OneShotPlan, deps: OneShotDeps) {
    this.#plan = plan;
    this.#deps = deps;
    this.#limit = plan.pageSize;
    const field = plan.cursorField === "auto" ? "created" : plan.cursorField;
    const counts = { activities: 0, pages: 0, repeats: 0, defects: 0, gaps: 0 };
    this.tally = { ...counts, field, fromMs: 0, untilMs: null, highestMs: null, startedMs: 0 };
    this.#cursor = newCursor("", plan.filters, 0);
  }

  /** @throws ConnectorError with its remedy; the reason of `signal`. The tally is true whenever it ends. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#begin(signal);
    for (;;) {
      signal.throwIfAborted();
      const { tally } = this;
      const query = { filters: this.#plan.filters, limit: this.#limit };
      const ask = askOf(this.#cursor.pass ?? this.#newPass(), tally.field, query);
      const { answer, taker } = await this.#deps.asker.ask(ask.request, () => this.#lines(ask), signal);
      if (answer.verdict.kind !== "page") this.#refused(ask, answer);
      else if (!(await this.#take(ask, taker, answer, signal))) return;
    }
  }

  /** Asks for what cannot be there: tells the server's time, and whether bounds on `created` are honoured. */
  async #begin(signal: AbortSignal): Promise<void> {
    const { asker, nowMs } = this.#deps;
    const { tally } = this;
    const bounds = { fromMs: nowMs() + PROBE_AHEAD_MS, untilMs: null };
    const filters = JSON.stringify(firstFilters(this.#plan.filters, tally.field, bounds));
    const request = { filters, sortField: tally.field, sortDirection: "asc", limit: LIMIT_MIN } as const;
    const { answer, taker } = await asker.ask(request, () => new Count(), signal);
    if (answer.verdict.kind !== "page" && answer.verdict.kind !== "too_large") throw asker.refusal(answer);
    tally.startedMs = answer.serverNowMs ?? nowMs();
    const range = rangeOf(this.#plan, tally.startedMs);
    tally.fromMs = range.fromMs;
    tally.untilMs = range.untilMs;
    if (taker.found > 0 && tally.field === "created") {
      this.#fallBack(`a bound on created in the future found ${taker.found} activities`);
    }
    this.#open();
  }

  #lines(ask: Ask): PageLines {
    const { pagesBytes, activityBytes } = this.#plan;
    const asked = { ...askedBounds(ask.pass), direction: ask.pass.direction };
    const context = { field: ask.field, asked, known: this.#known, previous: this.#previous };
    return new PageLines({ ...context, bytesMax: pagesBytes, activityBytesMax: activityBytes });
  }

  /** Writes a page and moves on; false at the end. */
  async #take(ask: Ask, page: PageLines, answer: Answer, signal: AbortSignal): Promise<boolean> {
    const { verdict } = answer;
    if (verdict.kind !== "page") return true;
    const { hasNext, nextFilters, total } = verdict;
    const facts = page.tally.facts({
      hasNext,
      nextFilters,
      total,
      serverNowMs: answer.serverNowMs ?? this.tally.startedMs,
    });
    if (!this.#honoured(ask, facts)) return true;
    const fold = foldPage(this.#cursor, ask, facts);
    const isRead = await this.#write(page, signal);
    this.#count(page, facts, fold);
    if (!isRead || fold.ended !== null || this.tally.activities === this.#plan.limit) return false;
    if (fold.stuck) throw failed("api_contract", "the API brings the scan no further, whatever is asked");
    this.#cursor = fold.reader;
    this.#previous = page.tally.ids;
    return true;
  }

  async #write(page: PageLines, signal: AbortSignal): Promise<boolean> {
    const { limit, idsBytes } = this.#plan;
    const left = limit === null ? page.lines.length : limit - this.tally.activities;
    const lines = page.lines.slice(0, left);
    for (const id of page.freshIds) this.#known.add(id);
    if (this.#known.bytes > idsBytes) {
      throw failed(
        "page_too_large",
        `the ids of ${this.#known.size} activities do not fit in memory.ids: scan shorter stretches, or raise it`,
      );
    }
    const isRead = await this.#deps.write(lines, signal);
    this.tally.activities += lines.length;
    return isRead;
  }

  #count(page: PageLines, facts: PageFacts, fold: Fold<Cursor>): void {
    const { tally } = this;
    tally.pages += 1;
    tally.repeats += page.repeats;
    tally.defects += page.defects;
    if (facts.highestMs !== null) tally.highestMs = Math.max(tally.highestMs ?? facts.highestMs, facts.highestMs);
    for (const { kind, detail } of fold.anomalies) {
      if (kind === "stall") this.#deps.note(detail);
    }
    if (fold.gap !== null) tally.gaps += 1;
    this.#deps.onPage(tally);
  }

  /** Whether the page may be written. With `auto` another field is taken, but only while nothing is written. */
  #honoured(ask: Ask, facts: PageFacts): boolean {
    const breach = notHonoured(ask, facts);
    const isUndecided = this.#plan.cursorField === "auto" && ask.field === "created" && this.tally.activities === 0;
    if (isUndecided) {
      const reason = breach ?? pagedOtherwise(ask, facts);
      if (reason === null) return true;
      this.#fallBack(reason);
      this.#open();
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
    this.#deps.note(`created is not honoured (${reason}): scanning along date, the time that activities happened`);
  }

  #refused(ask: Ask, answer: Answer): void {
    const { asker } = this.#deps;
    if (answer.verdict.kind === "too_large") {
      if (this.#limit <= LIMIT_MIN) throw asker.refusal(answer, `, though only ${LIMIT_MIN} activities were asked for`);
      this.#limit = Math.max(LIMIT_MIN, Math.floor(this.#limit / 2));
      return;
    }
    if (ask.pass.nextFilters === null) throw asker.refusal(answer);
    this.#restart("its next filters were refused");
  }

  /** The pass begins again; ids remove the repeats. */
  #restart(reason: string): void {
    this.#restarts += 1;
    if (this.#restarts > RESTARTS_MAX) {
      throw failed("api_contract", `the pass began again ${RESTARTS_MAX} times and does not end: ${reason}`);
    }
    this.#open();
  }

  /** A pass over the whole stretch. */
  #open(): void {
    const { fromMs, field } = this.tally;
    this.#cursor = { ...newCursor("", this.#plan.filters, fromMs), cursorField: field, pass: this.#newPass() };
    this.#previous = new Set();
  }

  #newPass() {
    const { fromMs, untilMs, startedMs } = this.tally;
    return newPass({ fromMs, untilMs, direction: "asc" }, startedMs);
  }
}

/** The stretch in epoch ms. @throws ConnectorError `config_invalid` when it is empty. */
export function rangeOf(plan: Pick<OneShotPlan, "since" | "until">, serverNowMs: number) {
  const fromMs = instantOf(plan.since, serverNowMs);
  const untilMs = plan.until === null || plan.until.kind === "now" ? null : instantOf(plan.until, serverNowMs);
  if (fromMs <= (untilMs ?? serverNowMs)) return { fromMs, untilMs };
  const [from, until] = [fromMs, untilMs ?? serverNowMs].map((ms) => new Date(ms).toISOString());
  throw failed("config_invalid", `--since (${from}) is later than --until (${until})`);
}

function instantOf(start: Start, serverNowMs: number): number {
  if (start.kind === "instant") return start.atMs;
  return start.kind === "age" ? serverNowMs - start.ageMs : serverNowMs;
}

/** Takes activities that should not be there. */
class Count {
  found = 0;

  take(_bytes: Buffer): boolean {
    this.found += 1;
    return true;
  }
}

function failed(code: "api_contract" | "config_invalid" | "page_too_large", message: string): ConnectorError {
  return new ConnectorError(code, message, { disposition: "fatal" });
}
