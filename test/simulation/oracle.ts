import type { Verdict } from "../../src/observe/events.ts";
import { SIM_CURSORS, SIM_TOPIC } from "../fakes/sim-connector.ts";
import type { SimActivity } from "../fakes/sim-tenant.ts";
import { CommittedState, type SeenCursor, type Stretch } from "./committed-state.ts";
import { KNOWN } from "./known-defects.ts";
import { guaranteeMs, OVERLAP_MS, type Scenario } from "./scenario.ts";
import type { WrittenRecord } from "./watched-cluster.ts";

/** How an answer lies: that the same comes next, or that nothing is there though it counts something. */
export type Lie = "circle" | "empty";
const HOUR_MS = 3_600_000;
/** How long a request may be on its way. */
const ARRIVES_MS = 3_000;
/** After so many answers that lied they are believed. */
const LIES_MAX = 2;
export type Breach =
  | "invented"
  | "too early"
  | "twice"
  | "wrong start"
  | "position back"
  | "position ahead"
  | "caught up falsely"
  | "gap without cause"
  | "over budget"
  | "asked while paused"
  | "not its own"
  | "mismatch without cause"
  | "mismatch not seen"
  | "lost"
  | "ended"
  | "blocked"
  | "no progress"
  | "unhandled"
  | "not the same twice";

export interface Failure {
  readonly breach: Breach;
  readonly detail: string;
}

/** Judges a run from outside: from the tenant's truth, its arrivals, and what is committed. Keeps the first failure. */
export class Oracle {
  failure: Failure | null = null;
  readonly #planted: SimActivity[] = [];
  /** When each verify was asked for. */
  readonly #verifyAskedMs: number[] = [];
  /** What becomes visible later is not waited for. */
  horizonMs = Number.POSITIVE_INFINITY;
  readonly published = new Set<string>();
  readonly state = new CommittedState();
  readonly #scenario: Scenario;
  readonly #truth: ReadonlyMap<string, SimActivity>;
  readonly #arrivalsMs: number[] = [];
  readonly #nowMs: () => number;
  readonly #lies: Record<Lie, number>;
  /** The last request of the process that has waited longest, when the pass that is read now began. */
  #passBeganMs = Number.NEGATIVE_INFINITY;
  /** Since when nothing is to be asked. */
  #pausedAtMs = Number.POSITIVE_INFINITY;
  /** By process: when its last request arrived. */
  readonly #lastByProcess = new Map<number, number>();

  constructor(scenario: Scenario, nowMs: () => number) {
    this.#scenario = scenario;
    this.#truth = new Map(scenario.activities.map((activity) => [activity.id, activity]));
    this.#nowMs = nowMs;
    this.#lies = { circle: 0, empty: scenario.tenant.emptyAtInstant ? 1 : 0 };
  }

  get requests(): number {
    return this.#arrivalsMs.length;
  }

  fail(breach: Breach, detail: string): void {
    this.failure ??= { breach, detail };
  }

  /** A request of a process arrives at the tenant. */
  arrived(process: number, request: { readonly isProbe: boolean; readonly lie: Lie | null }): void {
    if (request.lie !== null) this.#lies[request.lie] += 1;
    const nowMs = this.#nowMs();
    // What was on its way when the pause was committed may still arrive.
    if (nowMs > this.#pausedAtMs + ARRIVES_MS) this.fail("asked while paused", `by process ${process}, at ${nowMs}`);
    if (this.#isOneTooMany(nowMs)) this.fail("over budget", `by process ${process}, at ${nowMs}`);
    // A probe reads nothing: no pass begins with it.
    if (!request.isProbe) this.#lastByProcess.set(process, nowMs);
  }

  /** Nothing more comes of a process. */
  gone(process: number): void {
    this.#lastByProcess.delete(process);
  }

  committed(records: readonly WrittenRecord[]): void {
    const before = this.state.cursor;
    const jobs = this.state.jobs;
    const gaps: Stretch[] = [];
    for (const { topic, key, value } of records) {
      if (topic === SIM_CURSORS.name)
        gaps.push(...this.state.apply(String(key), value === null ? null : String(value)));
      else if (topic === SIM_TOPIC) this.#published(String(key));
      else this.fail("invented", `a dead letter for ${String(key)}`);
    }
    for (const gap of gaps) this.#judgeGap(gap);
    const { cursor } = this.state;
    if (cursor?.paused === undefined) this.#pausedAtMs = Number.POSITIVE_INFINITY;
    else this.#pausedAtMs = Math.min(this.#pausedAtMs, this.#nowMs());
    if (cursor !== null && cursor !== before) this.#judgeCursor(before, cursor, this.state.jobs > jobs);
  }

  /** An activity that shows so late that it must not be published any more. */
  plant(atMs: number): SimActivity {
    const planted = { id: "planted", createdMs: atMs, dateMs: atMs, visibleMs: this.#nowMs() };
    this.#planted.push(planted);
    return planted;
  }

  verifyAsked(): void {
    this.#verifyAskedMs.push(this.#nowMs());
  }

  /** A verify job has compared an hour: what the tenant shows and nobody has published is all that may differ. */
  verified(sliceMs: number, verdict: Verdict): void {
    if (this.isExcused || verdict === "unjudged") return;
    const missing = [...this.#scenario.activities, ...this.#planted].filter((activity) => {
      const valueMs = this.#valueOf(activity);
      return valueMs >= sliceMs && valueMs < sliceMs + HOUR_MS && !this.published.has(activity.id);
    });
    const [askedMs = Number.POSITIVE_INFINITY] = this.#verifyAskedMs;
    const shown = missing.filter(({ visibleMs }) => visibleMs <= (verdict === "equal" ? askedMs : this.#nowMs()));
    const ids = shown.map(({ id }) => id).join(" ");
    if (verdict === "different" && ids === "") this.fail("mismatch without cause", `the hour from ${sliceMs}`);
    if (verdict === "equal" && ids !== "") this.fail("mismatch not seen", `${ids} in the hour from ${sliceMs}`);
    if (verdict === "different" && !this.state.isMismatch(sliceMs)) {
      this.fail("mismatch not seen", `the hour from ${sliceMs} is not kept as one`);
    }
  }

  /** Everything that has to be published is, or lies in an open gap, or in what a job has still to read. */
  get isSound(): boolean {
    return this.state.beganAtMs !== null && (this.isExcused || this.#missing().length === 0);
  }

  /** It is sound, and no job has anything left to read. */
  get isComplete(): boolean {
    return this.isSound && (this.isExcused || this.state.jobs === 0);
  }

  /** It was not published because it showed too late for every reader. */
  isMissedRightly(activity: SimActivity): boolean {
    const ageMs = guaranteeMs(this.#scenario.scan.lookbacksMs);
    const isTooLate = activity.visibleMs > this.#valueOf(activity) + ageMs && activity.visibleMs <= this.#nowMs();
    return isTooLate && !this.published.has(activity.id);
  }

  /** What is missing may be missing. */
  get isExcused(): boolean {
    const isDecidedWrongly = this.#scenario.tenant.ignoreCreated && this.state.cursor?.cursorField === "created";
    return KNOWN.probeBelieved && isDecidedWrongly;
  }

  /** What has to be published and is not, for a message. */
  missing(): string {
    return this.#missing()
      .map(({ id }) => id)
      .concat(this.state.jobs > 0 ? ["(jobs that are not done)"] : [])
      .join(" ");
  }

  #missing(): SimActivity[] {
    const ageMs = guaranteeMs(this.#scenario.scan.lookbacksMs);
    return this.#scenario.activities.filter((activity) => this.#isDue(activity, ageMs) && !this.#isAccounted(activity));
  }

  /** Whoever asks, the budget is one. */
  #isOneTooMany(nowMs: number): boolean {
    const before = this.#arrivalsMs[this.#arrivalsMs.length - this.#scenario.requestsPerMinute];
    this.#arrivalsMs.push(nowMs);
    return before !== undefined && nowMs - before <= 60_000;
  }

  #published(id: string): void {
    const activity = this.#truth.get(id);
    if (activity === undefined) this.fail("invented", id);
    else if (activity.visibleMs > this.#nowMs()) this.fail("too early", id);
    if (this.published.has(id)) this.fail("twice", id);
    this.published.add(id);
  }

  /** @param hasJumped the tail has left a stretch to a new job: it goes on an overlap before its position. */
  #judgeCursor(before: SeenCursor | null, cursor: SeenCursor, hasJumped: boolean): void {
    if (before === null) this.#judgeStart();
    if (before === null || before.pass === null) {
      // Nobody alive has read anything: the tail has gone on at now, and nothing is passed by that.
      const isUnread = this.#lastByProcess.size === 0;
      this.#passBeganMs = isUnread ? Number.NEGATIVE_INFINITY : Math.min(...this.#lastByProcess.values());
    }
    if (before !== null && cursor.positionMs < before.positionMs && before.cursorField !== null) {
      this.fail("position back", `from ${before.positionMs} to ${cursor.positionMs}`);
    }
    if (before === null) return;
    for (const activity of this.#scenario.activities) {
      if (!this.#isDue(activity, OVERLAP_MS) || this.#isAccounted(activity)) continue;
      const valueMs = this.#valueOf(activity);
      // What lies hid is passed, to be read again by the lookbacks: at the end it is there, or in an open gap.
      const isLiedTo = this.#lies.empty >= LIES_MAX;
      const isPassed =
        !isLiedTo &&
        activity.visibleMs <= this.#passBeganMs &&
        valueMs <= cursor.positionMs - (hasJumped ? OVERLAP_MS : 0);
      if (isPassed && cursor.positionMs > before.positionMs && !this.isExcused) {
        this.fail("position ahead", `${activity.id}: position ${cursor.positionMs}, pass begun ${this.#passBeganMs}`);
      }
      const isCovered = Math.max(activity.visibleMs, valueMs) <= cursor.caughtUpMs;
      if (isCovered && cursor.caughtUpMs > before.caughtUpMs && this.#lies.circle + this.#lies.empty < LIES_MAX) {
        this.fail("caught up falsely", `${activity.id}: caught up ${cursor.caughtUpMs}`);
      }
    }
  }

  #judgeStart(): void {
    const { start } = this.#scenario.scan;
    const { beganAtMs } = this.state;
    const latestMs = start.kind === "instant" ? start.atMs : this.#nowMs() - (start.kind === "age" ? start.ageMs : 0);
    if (beganAtMs === null || beganAtMs > latestMs) this.fail("wrong start", `${beganAtMs}, not ${latestMs}`);
  }

  /** Only where more share an instant than a page holds, or where answers lie, pages get nowhere. */
  #judgeGap(gap: Stretch): void {
    if (this.#lies.circle + this.#lies.empty >= LIES_MAX) return;
    // Where pages are read by splitting the time, one answer with more to come at a single instant says it is overfull.
    const { next } = this.#scenario.tenant;
    if (this.#lies.circle > 0 && next !== "echo" && next !== "boundary") return;
    // It may show nothing at a bound and again a millisecond beside it.
    if (this.#scenario.tenant.emptyAtInstant) return;
    const onInstant = new Map<number, number>();
    for (const activity of this.#scenario.activities) {
      const valueMs = this.#valueOf(activity);
      const isThere = valueMs >= gap.fromMs && valueMs <= gap.untilMs && activity.visibleMs <= this.#nowMs();
      if (isThere) onInstant.set(valueMs, (onInstant.get(valueMs) ?? 0) + 1);
    }
    if (Math.max(0, ...onInstant.values()) >= this.#scenario.tenant.pageCeiling) return;
    this.fail("gap without cause", `${gap.fromMs} to ${gap.untilMs}`);
  }

  /**
   * Shown soon enough for readers that come back up to `ageMs` after a value; or before anybody began to read, and
   * then even the first pass over it finds it.
   */
  #isDue(activity: SimActivity, ageMs: number): boolean {
    const { beganAtMs } = this.state;
    const valueMs = this.#valueOf(activity);
    if (beganAtMs === null || valueMs < beganAtMs || activity.visibleMs > this.horizonMs) return false;
    return activity.visibleMs <= Math.max(valueMs + ageMs, this.#arrivalsMs[0] ?? Number.NEGATIVE_INFINITY);
  }

  #isAccounted(activity: SimActivity): boolean {
    return this.published.has(activity.id) || this.state.isOpen(this.#valueOf(activity));
  }

  #valueOf({ createdMs, dateMs }: SimActivity): number {
    return this.state.cursor?.cursorField === "date" ? dateMs : createdMs;
  }
}
