import type { ScanConfig } from "../config/config.ts";
import type { Transaction } from "../kafka/port.ts";
import { canonicalJson } from "../kit/canonical.ts";
import { type Cursor, newCursor } from "../scan/cursor.ts";
import type { Fold, Reader } from "../scan/fold.ts";
import { type Job, jobName, newJob } from "../scan/job.ts";
import type { Gap } from "../scan/ledger.ts";
import { unreadFromMs, withAges } from "../scan/lookback.ts";
import { ScanDraft } from "../scan/scan-draft.ts";
import { SLICE_MS } from "../scan/slice.ts";
import type { SliceAddition } from "../scan/slice-draft.ts";
import { Slices } from "../scan/slices.ts";
import { restoreState, type ScanIdentity, type ScanState } from "../scan/state.ts";
import { OVERLAP_MS, tailFromMs } from "../scan/tail.ts";
import type { JudgedSlice } from "../scan/verify.ts";
import type { CursorField } from "../tenant/request.ts";
import { mergeAdditions } from "./additions.ts";
import { agesOf } from "./ages.ts";
import { type Beginning, beginningOf } from "./beginning.ts";
import type { Page } from "./page.ts";

/** Without anything to publish, the cursor is committed this often. */
const QUIET_COMMIT_MS = 60_000;
/** Recoveries open at once; with more outages than these the tail goes on in order. */
const RECOVERIES_MAX = 20;

/** A change of state and its records, to be committed as one and applied afterwards. */
export interface PagePlan {
  readonly transaction: Transaction;
  readonly cursorAfter: Cursor;
  /** Gaps that the change closes. */
  readonly closed: readonly Gap[];
  readonly opensGaps: boolean;
  /** The slices that a verify job has compared with it, and the range job that it ends; null: none. */
  readonly judged: readonly JudgedSlice[];
  readonly done: Job | null;
  apply(): ScanState;
}

/** When a page is planned: by the monotonic clock, and by the server's. */
export interface PlanTimes {
  readonly nowMs: number;
  readonly serverNowMs: number;
}

/** What a scan knows: its committed state, and what it has seen since without need to commit it. */
export class ScanMemory {
  readonly #scan: ScanConfig;
  #state: ScanState;
  /** The committed cursor's text, whatever order its members came in; null: none yet. */
  #committed: string | null;
  #committedAtMs = Number.NEGATIVE_INFINITY;
  /** What was seen on pages that were not worth a transaction; counted with the next one. */
  #quiet: readonly SliceAddition[] = [];
  /** Jobs whose passes were given up since the last commit: what is committed of them is to say so, too. */
  readonly #left = new Set<string>();
  /** What the remembered ids may occupy. */
  idsBytesMax: number;

  private constructor(scan: ScanConfig, state: ScanState, committed: string | null, idsBytesMax: number) {
    this.#scan = scan;
    this.#committed = committed;
    this.idsBytesMax = idsBytesMax;
    // Without a record there is nothing that was read before.
    this.#state = aged(scan, state, committed === null);
  }

  /**
   * From the shard's state; null when it has none of this scan.
   * @throws ConnectorError `cursor_corrupt` | `cursor_newer` | `cursor_foreign`
   */
  static load(scan: ScanConfig, records: ReadonlyMap<string, Buffer>, idsBytesMax: number): ScanMemory | null {
    const state = restoreState(identityOf(scan), records);
    return state === null ? null : new ScanMemory(scan, state, canonicalJson(state.cursor), idsBytesMax);
  }

  /** A scan that has no state, and begins as its configuration says. */
  static begin(scan: ScanConfig, serverNowMs: number, idsBytesMax: number): ScanMemory {
    const { tailMs, backfill }: Beginning = beginningOf(scan, serverNowMs);
    const cursor = newCursor(scan.tenant, scan.filters, tailMs);
    const jobs = new Map(backfill === null ? [] : [[jobName(backfill), backfill]]);
    const fromMs = tailMs - OVERLAP_MS;
    const began = { ...cursor, caughtUpMs: fromMs, beganMs: backfill?.fromMs ?? fromMs };
    const memory = new ScanMemory(
      scan,
      { cursor: began, jobs, slices: new Slices(scan.name, "created") },
      null,
      idsBytesMax,
    );
    if (scan.cursorField !== "auto") memory.decide(scan.cursorField);
    return memory;
  }

  get cursor(): Cursor {
    return this.#state.cursor;
  }

  get jobs(): ReadonlyMap<string, Job> {
    return this.#state.jobs;
  }

  get slices(): Slices {
    return this.#state.slices;
  }

  /** Everything visible at this moment has been published: the least over the tail and open recoveries. */
  get caughtUpMs(): number {
    const open = [...this.jobs.values()].flatMap((job) => job.caughtUpMs ?? []);
    return Math.min(this.cursor.caughtUpMs, ...open);
  }

  /** Whether the ids occupy more than they may, though all that can be forgotten is. */
  get isOverfull(): boolean {
    return this.slices.bytes > this.idsBytesMax;
  }

  /**
   * Settles which time the scan moves along; committed with the first page. Along another than was asked so far all
   * begins anew: what was found empty on the way says nothing of it, and nothing has been published yet.
   */
  decide(field: CursorField): void {
    const state = field === "created" ? this.#state : begunAnew(this.#state, new Slices(this.#scan.name, field));
    this.#state = aged(this.#scan, { ...state, cursor: { ...state.cursor, cursorField: field } }, true);
  }

  /** Whether it cannot be told any more what was published with this value of the cursor field. */
  isForgotten(valueMs: number): boolean {
    const { folded } = this.cursor;
    if (folded !== null && valueMs >= folded.fromMs && valueMs < folded.untilMs) return true;
    return this.slices.isForgotten(valueMs);
  }

  /** Gives up a reader's pass; its next one begins anew. Nothing is lost: ids remove the repeats. */
  leavePass(reader: string): void {
    const job = this.jobs.get(reader);
    if (job === undefined) this.#state = { ...this.#state, cursor: { ...this.cursor, pass: null } };
    else {
      this.setJob(reader, { ...job, pass: null });
      this.#left.add(reader);
    }
  }

  /** A job as it is now, in memory alone: a lookback that is given its next step. */
  setJob(name: string, job: Job): void {
    this.#state = { ...this.#state, jobs: new Map(this.jobs).set(name, job) };
  }

  /** All that is known, for those who judge it. */
  get state(): ScanState {
    return this.#state;
  }

  /** What is committed when there is no page: the state as it stands, and what `change` does to it. */
  plan(change: (draft: ScanDraft) => void = () => undefined): PagePlan {
    const draft = this.#draft();
    draft.count("tail", NOTHING, this.#quiet);
    for (const [name, job] of this.jobs) draft.setJob(name, job);
    change(draft);
    return this.#planOf(draft, []);
  }

  /** What a page of a reader changes; null when it changes nothing that has to be committed now. */
  planPage(reader: string, page: Page, fold: Fold, times: PlanTimes): PagePlan | null {
    const draft = this.#draft();
    draft.setReader(reader, fold.reader);
    const additions = mergeAdditions([...this.#quiet, ...page.additions()]);
    draft.count(reader, page.counts, additions);
    for (const gap of [...(fold.gap === null ? [] : [fold.gap]), ...page.outsideMemory]) draft.openGap(gap);
    const seen = page.handOver(Math.max(0, this.idsBytesMax - this.slices.bytes));
    draft.tell(reader, page.told);
    draft.repaired(reader, page.repaired);
    if (fold.ended !== null && seen !== null) draft.judge(reader, fold.ended, seen, times.serverNowMs);
    if (fold.ended !== null) draft.endPass(reader, fold.ended);
    if (this.#isQuiet(reader, page, fold, draft, times.nowMs)) {
      this.#state = { ...this.#state, cursor: draft.cursor, jobs: draft.jobs };
      this.#quiet = additions;
      return null;
    }
    if (fold.ended !== null) draft.tidy(times.serverNowMs);
    return this.#planOf(draft, page.records);
  }

  /**
   * The tail goes on at now, and what it has missed becomes a job of its own; null where it need not, or is not
   * to. Between passes, or where a pass was left behind by an earlier process.
   */
  planRecovery(serverNowMs: number, isResumed: boolean): PagePlan | null {
    const { cursor } = this;
    const { afterMs, order } = this.#scan.catchUp;
    const mayLeave = cursor.pass === null || isResumed;
    const isDue = mayLeave && order === "newest-first" && serverNowMs - cursor.caughtUpMs > afterMs;
    const recoveries = [...this.jobs.values()].filter((job) => job.origin === "recovery").length;
    const whole = { fromMs: tailFromMs(cursor), untilMs: serverNowMs - 1 };
    if (!isDue || recoveries >= RECOVERIES_MAX || whole.fromMs > whole.untilMs) return null;
    const { caughtUpMs } = cursor;
    const job = newJob({ origin: "recovery", order: "desc", whole, caughtUpMs });
    return this.plan((draft) => {
      draft.setJob(jobName(job), job);
      draft.cursor = { ...draft.cursor, pass: null, positionMs: serverNowMs, caughtUpMs: serverNowMs - 1 };
    });
  }

  /** Forgets the oldest ids for want of memory; null when none can be. Between passes only. */
  planShrink(serverNowMs: number): PagePlan | null {
    const firstAgeMs = this.cursor.lookbacks[0]?.ageMs ?? 0;
    const draft = this.#draft();
    draft.count("tail", NOTHING, this.#quiet);
    if (!draft.forgetOldest(serverNowMs - firstAgeMs - SLICE_MS)) return null;
    return this.#planOf(draft, []);
  }

  /** The plan's transaction is committed. */
  committed(plan: PagePlan, nowMs: number): void {
    this.#state = plan.apply();
    this.#committed = canonicalJson(plan.cursorAfter);
    this.#committedAtMs = nowMs;
    this.#quiet = [];
    this.#left.clear();
  }

  /**
   * What became of `plan` by the shard's state after a failed transaction, whose place this memory takes:
   * `committed`, `open` (nothing was: the same page may be planned again), or `other` (the page is outdated).
   * @throws ConnectorError as `load`
   */
  reload(plan: PagePlan, records: ReadonlyMap<string, Buffer>): "committed" | "open" | "other" {
    const state = restoreState(identityOf(this.#scan), records);
    const found = state === null ? null : canonicalJson(state.cursor);
    // Nothing was committed: what is in memory is still what is committed, and the page still fits it.
    if (found === this.#committed) return "open";
    if (state === null) throw new Error(`invariant broken: the state of scan ${this.#scan.name} is gone`);
    this.#state = aged(this.#scan, state);
    this.#committed = found;
    this.#quiet = [];
    this.#left.clear();
    return found === canonicalJson(plan.cursorAfter) ? "committed" : "other";
  }

  #draft(): ScanDraft {
    const draft = new ScanDraft(this.#scan.name, this.#state);
    for (const name of this.#left) draft.setJob(name, this.jobs.get(name) ?? null);
    return draft;
  }

  #planOf(draft: ScanDraft, records: Transaction["records"]): PagePlan {
    const state = draft.state();
    return {
      transaction: { state, records },
      cursorAfter: draft.cursor,
      closed: draft.closed,
      opensGaps: draft.opensGaps,
      judged: draft.judged,
      done: draft.done,
      apply: () => draft.apply(),
    };
  }

  /** A poll, or a lookback's step, that found nothing new. */
  #isQuiet(reader: string, page: Page, fold: Fold, draft: ScanDraft, nowMs: number): boolean {
    const before: Reader = this.jobs.get(reader) ?? this.cursor;
    const mayBe = reader === "tail" || ("origin" in before && before.origin === "lookback");
    return (
      mayBe &&
      page.counts.published + page.counts.deadLettered === 0 &&
      fold.ended !== null &&
      before.pass === null &&
      draft.closed.length === 0 &&
      !draft.opensGaps &&
      draft.cursor.positionMs === this.cursor.positionMs &&
      nowMs - this.#committedAtMs < QUIET_COMMIT_MS
    );
  }
}

const NOTHING = { read: 0, published: 0, duplicates: 0, deadLettered: 0, outsideMemory: 0 };

/** The state before anything was asked; a job that an operator has paused stays so. */
function begunAnew(state: ScanState, slices: Slices): ScanState {
  const { beganMs } = state.cursor;
  const jobs = new Map([...state.jobs].map(([name, job]) => [name, { ...newJob(job), paused: job.paused }]));
  const beside = [...jobs.values()].find((job) => job.whole.fromMs === beganMs);
  const positionMs = beside === undefined ? beganMs + OVERLAP_MS : beside.whole.untilMs + 1;
  const anew = { positionMs, caughtUpMs: positionMs - OVERLAP_MS, pass: null, lookbacks: [] };
  return { jobs, cursor: { ...state.cursor, ...anew }, slices };
}

/** The state with the ages to look back at that are configured now; undecided, as along `created`. */
function aged(scan: ScanConfig, state: ScanState, isNew = false): ScanState {
  const ages = agesOf(scan, state.cursor.cursorField ?? "created");
  // What an age that is not configured any more was reading is left.
  const jobs = new Map([...state.jobs].filter(([, job]) => job.ageMs === null || ages.includes(job.ageMs)));
  return { ...state, jobs, cursor: withAges(state.cursor, ages, isNew ? 0 : unreadFromMs(state)) };
}

const identityOf = ({ name, tenant, cursorField, filters }: ScanConfig): ScanIdentity => ({
  scan: name,
  tenant,
  cursorField,
  filters,
});
