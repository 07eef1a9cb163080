import { excuseOf, type Known, publishesAt } from "./comparable.ts";
import type { Stretch } from "./coverage.ts";
import { type Cursor, encodeCursor } from "./cursor.ts";
import { mixed } from "./digest.ts";
import type { EndedPass, Reader } from "./fold.ts";
import { encodeJob, isDone, isLeftIn, type Job, jobName } from "./job.ts";
import { cursorKey, type Gap, isMismatch, type Ledger, readerKey, type StateEntry } from "./ledger.ts";
import { coverByPass, excuse, isSettled } from "./lookback.ts";
import type { PassIds } from "./pass-ids.ts";
import { repairLeft } from "./repair.ts";
import { encodeShown, shownKey } from "./shown.ts";
import { SLICE_MS, sliceOf } from "./slice.ts";
import { type SliceAddition, SliceDraft } from "./slice-draft.ts";
import type { ScanState } from "./state.ts";
import { tailFromMs } from "./tail.ts";
import { type JudgedSlice, judge } from "./verify.ts";

/** Slices forgotten in one transaction: their ids are tombstones there. */
const FORGET_MAX = 8;
/** Ledgers are kept this long, by the server's time, before they are folded into the cursor; so many at once. */
const LEDGER_KEPT_MS = 30 * 24 * SLICE_MS;
const FOLD_MAX = 50;

/** What a page showed, counted. */
export interface PageCounts {
  readonly read: number;
  readonly published: number;
  readonly duplicates: number;
  readonly deadLettered: number;
  readonly outsideMemory: number;
}

/** A change of a scan's state that is to be committed as one: nothing changes before `apply`. Steps see those before. */
export class ScanDraft {
  readonly #scan: string;
  readonly #slices: SliceDraft;
  readonly #before: ScanState;
  readonly #jobs: Map<string, Job>;
  readonly #touched = new Set<string>();
  readonly #told: StateEntry[] = [];
  cursor: Cursor;
  /** The gaps that this change closes, with evidence. */
  readonly closed: Gap[] = [];
  opensGaps = false;
  /** The slices that a verify job's pass has judged. */
  judged: readonly JudgedSlice[] = [];
  /** The range job that is done with this change. */
  done: Job | null = null;

  constructor(scan: string, before: ScanState) {
    this.#scan = scan;
    this.#before = before;
    this.#slices = new SliceDraft(before.slices);
    this.#jobs = new Map(before.jobs);
    this.cursor = before.cursor;
  }

  get jobs(): ReadonlyMap<string, Job> {
    return this.#jobs;
  }

  /** The slices whose ids are in the state before the change, the oldest first. */
  get remembered(): readonly number[] {
    return this.#before.slices.remembered;
  }

  /** @param name `tail`, or the job's name. */
  setReader(name: string, reader: Reader): void {
    if ("origin" in reader) this.setJob(name, reader);
    else this.cursor = reader;
  }

  setJob(name: string, job: Job | null): void {
    this.#touched.add(name);
    if (job === null) this.#jobs.delete(name);
    else this.#jobs.set(name, job);
  }

  /** Adds up what a page of a reader showed. */
  count(name: string, page: PageCounts, additions: readonly SliceAddition[]): void {
    const { outsideMemory, ...ofReader } = page;
    const { counts } = this.cursor;
    const added = addUp(counts, ofReader);
    const digest = additions.reduce((sum, addition) => mixed(sum, addition.ids), this.cursor.digest);
    const outside = counts.outsideMemory + outsideMemory;
    this.cursor = { ...this.cursor, digest, counts: { ...counts, ...added, outsideMemory: outside } };
    const job = this.#jobs.get(name);
    if (job !== undefined) this.setJob(name, { ...job, counts: { ...job.counts, ...addUp(job.counts, ofReader) } });
    for (const addition of additions) this.#slices.add(addition);
  }

  /** What a page showed to a verify job, for whoever compares ids: records that the job counts. */
  tell(name: string, bodies: readonly Buffer[]): void {
    const job = this.#jobs.get(name);
    if (job === undefined || job.verify === null || bodies.length === 0) return;
    const { told } = job.verify;
    const key = shownKey(this.#scan, name);
    this.#told.push(...bodies.map((body, at) => ({ key, value: encodeShown(told + at, body) })));
    this.setJob(name, { ...job, verify: { ...job.verify, told: told + bodies.length } });
  }

  /** What a page publishes by name is not to be published so again; after it is counted. */
  repaired(name: string, ids: readonly Buffer[]): void {
    const job = this.#jobs.get(name);
    if (job === undefined || job.repair === null) return;
    const before = (sliceMs: number) => this.#before.slices.ledgerOf(sliceMs);
    const after = (sliceMs: number) => this.#slices.ledgerOf(sliceMs);
    this.setJob(name, { ...job, repair: repairLeft(job.repair, ids, { before, after }) });
  }

  openGap(gap: Gap): void {
    this.opensGaps = true;
    this.#slices.openGap(gap);
  }

  /** What a completed pass proves: stretches covered, gaps closed, jobs done. */
  endPass(name: string, { pass }: EndedPass): void {
    const job = this.#jobs.get(name);
    const isVerifying = job?.origin === "verify";
    if (pass.doubtful) {
      // What the tail was not shown its lookbacks ask for again, where there are any. What a verify job was not shown
      // others have read before: it is not judged, and that is told.
      const mayPass = !isVerifying && (name !== "tail" || this.cursor.lookbacks.length === 0);
      const untilMs = pass.reachMs ?? Math.max(pass.baseMs, pass.serverStartMs);
      if (mayPass) this.#passOver(job?.ageMs ?? null, { fromMs: pass.baseMs, untilMs });
    } else {
      this.cursor = coverByPass(this.cursor, pass);
      this.closed.push(...this.#slices.closeGaps(pass, (gap) => !isVerifying || publishesAt(this.#known, gap.fromMs)));
    }
    if (job === undefined || job.origin === "lookback" || !isDone(job)) return;
    this.setJob(name, null);
    this.done = job;
  }

  /**
   * Compares what a verify job's completed pass has seen; before the pass is ended.
   * @param seen what the pass was shown, this page included.
   */
  judge(name: string, { pass }: EndedPass, seen: PassIds, serverNowMs: number): void {
    const job = this.#jobs.get(name);
    if (job === undefined || job.verify === null) return;
    const known = this.#known;
    const judges = { ...known, whole: job.whole, excuse: (sliceMs: number) => excuseOf(known, sliceMs) };
    const { verify, slices } = judge(job.verify, pass, seen, judges);
    this.judged = slices;
    for (const { sliceMs, verdict, shown: ids, digest } of slices) {
      if (verdict === "unjudged") continue;
      const verified = { atMs: serverNowMs, ids, digest, equal: verdict === "equal" };
      this.closed.push(...this.#slices.verify(sliceMs, verified));
    }
    this.setJob(name, { ...job, verify });
  }

  /** A stretch that showed nothing against its own total: a gap, and a lookback does not ask for it for ever. */
  #passOver(ofAgeMs: number | null, stretch: { readonly fromMs: number; readonly untilMs: number }): void {
    // Slice by slice: so each is kept until it is judged, and a later step of a slice can close it.
    for (let fromMs = stretch.fromMs; fromMs <= stretch.untilMs; fromMs = sliceOf(fromMs) + SLICE_MS) {
      const untilMs = Math.min(stretch.untilMs, sliceOf(fromMs) + SLICE_MS - 1);
      this.openGap({ fromMs, untilMs, reason: "doubtful" });
    }
    if (ofAgeMs === null) return;
    this.cursor = excuse(this.cursor, { fromMs: stretch.fromMs, untilMs: stretch.untilMs + 1 }, ofAgeMs);
  }

  /** Marks what is settled, forgets ids that nobody needs any more, and folds old ledgers. */
  tidy(serverNowMs: number): void {
    const { slices } = this.#before;
    const draft = this.#slices;
    let forgotten = 0;
    for (const sliceMs of slices.remembered) {
      if (forgotten >= FORGET_MAX || !this.#isIdle(sliceMs) || !isSettled(this.cursor, sliceMs)) continue;
      const { gaps, settledMs } = draft.ledgerOf(sliceMs);
      // To close a gap its ids are needed.
      if (gaps.length > 0) continue;
      if (settledMs === null) draft.settle(sliceMs, serverNowMs);
      draft.forget(sliceMs);
      forgotten += 1;
    }
    this.#foldLedgers(serverNowMs - LEDGER_KEPT_MS);
  }

  /**
   * Forgets the oldest ids, for want of memory, though lookbacks are still owed: those are refused there and the
   * slice stays open as a gap. False when there is nothing that can be forgotten.
   * @param keptFromMs slices that end after this are kept.
   */
  forgetOldest(keptFromMs: number): boolean {
    const draft = this.#slices;
    const sliceMs = this.#before.slices.remembered.find((each) => this.#isIdle(each) && each + SLICE_MS <= keptFromMs);
    if (sliceMs === undefined) return false;
    if (!isSettled(this.cursor, sliceMs)) {
      this.openGap({ fromMs: sliceMs, untilMs: sliceMs + SLICE_MS - 1, reason: "memory" });
      this.cursor = excuse(this.cursor, { fromMs: sliceMs, untilMs: sliceMs + SLICE_MS }, "all");
    }
    draft.forget(sliceMs);
    return true;
  }

  /** The records of the change, the cursor first: it goes up by one revision. Jobs' ends come last: they are waited for. */
  state(): StateEntry[] {
    this.cursor = { ...this.cursor, revision: this.#before.cursor.revision + 1 };
    const cursor = { key: cursorKey(this.#scan), value: encodeCursor(this.cursor) };
    const jobs = [...this.#touched].flatMap((name) => this.#jobState(name));
    return [cursor, ...this.#slices.state, ...this.#told, ...jobs];
  }

  #jobState(name: string): StateEntry[] {
    const key = readerKey(this.#scan, name);
    const job = this.#jobs.get(name);
    if (job !== undefined) return [{ key, value: encodeJob(job) }];
    const { done } = this;
    const before = this.#before.jobs.get(name);
    // A verify job says what it came to before it goes, for whoever follows it.
    const last = done?.verify != null && jobName(done) === name ? [{ key, value: encodeJob(done) }] : [];
    const told = before?.origin === "verify" ? [{ key: shownKey(this.#scan, name), value: null }] : [];
    return [...last, ...told, { key, value: null }];
  }

  /** The change is committed: the state from now on. */
  apply(): ScanState {
    this.#slices.apply();
    return { cursor: this.cursor, jobs: this.#jobs, slices: this.#before.slices };
  }

  get #known(): Known {
    return {
      cursor: this.cursor,
      jobs: [...this.#jobs.values()],
      ledgerOf: (sliceMs) => this.#slices.ledgerOf(sliceMs),
    };
  }

  /** Whether no reader needs a slice's ids any more, but for lookbacks: a verify job does with its ledger. */
  #isIdle(sliceMs: number): boolean {
    const stretch = { fromMs: sliceMs, untilMs: sliceMs + SLICE_MS };
    const others = [...this.#jobs.values()].filter((job) => job.origin !== "verify");
    return stretch.untilMs <= tailFromMs(this.cursor) && !isWanted(stretch, others);
  }

  #foldLedgers(beforeMs: number): void {
    const { slices } = this.#before;
    let count = 0;
    for (const [sliceMs] of slices.ledgers) {
      if (sliceMs + SLICE_MS > beforeMs || count >= FOLD_MAX) return;
      const ledger = this.#slices.ledgerOf(sliceMs);
      if (ledger.remembered || ledger.gaps.length > 0 || isMismatch(ledger)) continue;
      if (this.#fold(sliceMs, ledger)) count += 1;
    }
  }

  /** False where the folded stretch would hold what a job has still to read: that counts as not published yet. */
  #fold(sliceMs: number, ledger: Ledger): boolean {
    const { folded } = this.cursor;
    const fromMs = Math.min(folded?.fromMs ?? sliceMs, sliceMs);
    const untilMs = Math.max(folded?.untilMs ?? sliceMs, sliceMs + SLICE_MS);
    if (isWanted({ fromMs, untilMs }, this.#jobs.values())) return false;
    const published = (folded?.published ?? 0) + ledger.published;
    const deadLettered = (folded?.deadLettered ?? 0) + ledger.deadLettered;
    this.cursor = { ...this.cursor, folded: { fromMs, untilMs, published, deadLettered } };
    this.#slices.fold(sliceMs);
    return true;
  }
}

/** Whether one of the jobs has something of a stretch left to ask for. */
function isWanted(stretch: Stretch, jobs: Iterable<Job>): boolean {
  return [...jobs].some((job) => !(job.origin === "lookback" && job.pass === null) && isLeftIn(job, stretch));
}

type Counted = Omit<PageCounts, "outsideMemory">;

const addUp = (before: Counted, page: Counted): Counted => ({
  read: before.read + page.read,
  published: before.published + page.published,
  duplicates: before.duplicates + page.duplicates,
  deadLettered: before.deadLettered + page.deadLettered,
});
