import type { ScanConfig } from "../config/config.ts";
import type { Clock } from "../kit/clock.ts";
import type { ErrorCode } from "../kit/errors.ts";
import type { Emit, ScanState } from "../observe/events.ts";
import { pausedText } from "../scan/apply-command.ts";
import type { PassIds } from "../scan/pass-ids.ts";
import { type Due, wantsOf } from "../scan/planner.ts";
import type { Page } from "./page.ts";
import type { RecordPlan } from "./page-records.ts";
import type { ScanMemory } from "./scan-memory.ts";
import { SilenceWatch } from "./silence-watch.ts";

/** The API's smallest page in scan mode. */
export const LIMIT_MIN = 500;
/** Assumed of an activity's encoded size before any was seen. */
const ACTIVITY_BYTES_FIRST = 8 * 1024;
/** Of the free page memory that one page may take. */
const FREE_SHARE = 0.75;
/** New activities that a page is expected to hold at least, where little is. */
const EXPECTED_LEAST = 50;
/** Who asks the wider query of a silent scan; no reader of pages. */
export const PROBE = "probe";

/** A reader while it runs. */
export interface ReaderRun {
  /** When it asked last; monotonic ms. */
  servedMs: number;
  /** When its pass began; monotonic ms. */
  passStartMs: number;
  /** Times in a row, within a pass, that the API refused next filters which it gave itself. */
  refusals: number;
  /** The ids of the page before, in this pass. */
  previous: ReadonlySet<string>;
  /** New activities on the first page of its last pass. */
  freshFirst: number;
  /** Whether a page that was expected to be small has outgrown its memory: the next one has room for all. */
  wantsRoom: boolean;
  /** Of a verify job: what its pass was shown; null: nothing yet. */
  seen: PassIds | null;
}

/** Now, by the monotonic clock and by the server's; the server's time is null until it has answered once. */
export interface Now {
  readonly nowMs: number;
  readonly serverNowMs: number | null;
}

/** A scan while it runs: what it remembers, when its readers are due, and how it fares. */
export class ScanRun {
  readonly config: ScanConfig;
  readonly records: RecordPlan;
  /** Null until the scan has begun. */
  memory: ScanMemory | null = null;
  /** When the tail wants to ask next; monotonic ms. */
  dueMs = Number.NEGATIVE_INFINITY;
  /** Until when no reader of the scan asks, after a failure that is the scan's own; monotonic ms. */
  heldUntilMs = Number.NEGATIVE_INFINITY;
  /** Whether the tail has asked since this process has the scan. */
  hasAsked = false;
  limit: number;
  /** Failures in a row that are this scan's own. */
  failures = 0;
  readonly silence: SilenceWatch;
  readonly #readers = new Map<string, ReaderRun>();
  #activityBytes = ACTIVITY_BYTES_FIRST;
  #idsBytesMax: number;
  #state: ScanState | null = null;
  #reason: string | null = null;
  readonly #emit: Emit;

  constructor(config: ScanConfig, records: RecordPlan, idsBytesMax: number, emit: Emit) {
    this.config = config;
    this.#idsBytesMax = idsBytesMax;
    this.records = records;
    this.limit = config.pageSize;
    this.#emit = emit;
    this.silence = new SilenceWatch(config, emit);
  }

  /** What its remembered ids may occupy. */
  get idsBytesMax(): number {
    return this.#idsBytesMax;
  }

  set idsBytesMax(bytes: number) {
    this.#idsBytesMax = bytes;
    if (this.memory !== null) this.memory.idsBytesMax = bytes;
  }

  /** It has a state now. That its ids may occupy something else may have been told meanwhile. */
  begun(memory: ScanMemory): void {
    memory.idsBytesMax = this.#idsBytesMax;
    this.memory = memory;
  }

  /** @param name `tail`, or a job's name. */
  reader(name: string): ReaderRun {
    const known = this.#readers.get(name);
    if (known !== undefined) return known;
    const reader: ReaderRun = {
      servedMs: Number.NEGATIVE_INFINITY,
      passStartMs: 0,
      refusals: 0,
      previous: new Set(),
      freshFirst: 0,
      wantsRoom: false,
      seen: null,
    };
    this.#readers.set(name, reader);
    return reader;
  }

  /** An operator has changed the state: the tail looks at once, whatever held it, unless the scan is paused. */
  commanded(): void {
    this.reader("tail").previous = new Set();
    this.dueMs = Number.NEGATIVE_INFINITY;
    this.heldUntilMs = Number.NEGATIVE_INFINITY;
    const wasPaused = this.#state === "paused";
    this.tellPaused();
    if (!wasPaused || this.isPaused) return;
    // It goes on as after an outage: a pass from before the pause does not come before what is new.
    this.hasAsked = false;
    this.is("starting");
  }

  /** Whether an operator has paused it: no request is made for it, whatever is owed. */
  get isPaused(): boolean {
    return this.memory !== null && this.memory.cursor.paused !== null;
  }

  /** Says that it is paused, where it is. */
  tellPaused(): void {
    const paused = this.memory?.cursor.paused ?? null;
    if (paused !== null) this.is("paused", `${pausedText(paused)}: \`scan resume\` lets it go on`);
  }

  /** Forgets the readers whose jobs are done. */
  forgetReaders(): void {
    for (const name of this.#readers.keys()) {
      if (name !== "tail" && this.memory?.jobs.has(name) !== true) this.#readers.delete(name);
    }
  }

  /** Who of its readers wants to ask, and when; by the monotonic clock. */
  dues({ nowMs, serverNowMs }: Now): Due[] {
    const { memory, heldUntilMs } = this;
    if (this.isPaused) return [];
    const tail = { reader: "tail", class: "tail" as const, dueMs: Math.max(this.dueMs, heldUntilMs) };
    const others = memory === null || serverNowMs === null ? [] : wantsOf(memory.cursor, memory.jobs, serverNowMs);
    const wants = others.map((want) => {
      const dueMs = want.dueMs === Number.NEGATIVE_INFINITY ? want.dueMs : nowMs + (want.dueMs - (serverNowMs ?? 0));
      return { ...want, dueMs: Math.max(dueMs, heldUntilMs) };
    });
    // Of the least weight: it can wait for whoever reads.
    const probe = { reader: PROBE, class: "verify" as const, dueMs: heldUntilMs };
    const asking = this.silence.wantsProbe ? [tail, ...wants, probe] : [tail, ...wants];
    return asking.map((want) => ({ ...want, servedMs: this.reader(want.reader).servedMs }));
  }

  /**
   * The next page's limit, and what the page is expected to occupy, encoded. A page that may be full: at most three
   * quarters of what is free, as long as the API takes so small a limit, so whoever hangs with a page on its way
   * leaves room for others, and a tenant alone has full pages. One that should be small has room for a few: it may grow
   * while memory is free, and hundreds of tenants that are slow to answer do not wait for one another.
   */
  pageWithin(freeBytes: number, reader: ReaderRun, mayBeFull: boolean): { limit: number; bytes: number } {
    const size = this.#activityBytes;
    const expected = this.#expected(reader, mayBeFull);
    if (expected !== null) return { limit: this.limit, bytes: expected * size };
    const fitting = Math.floor((FREE_SHARE * freeBytes) / size);
    const limit = Math.min(this.limit, Math.max(LIMIT_MIN, fitting));
    return { limit, bytes: limit * size };
  }

  /** Whether a page outgrew its memory because it was expected to be small: the next one has room for all. */
  hasOutgrown(reader: ReaderRun, mayBeFull: boolean): boolean {
    if (this.#expected(reader, mayBeFull) === null) return false;
    reader.wantsRoom = true;
    return true;
  }

  /** Learns from a page how large activities are, and how many of them to expect of a pass's first page. */
  sized(reader: ReaderRun, { fresh, bytes }: Pick<Page, "fresh" | "bytes">, isFirst: boolean): void {
    reader.wantsRoom = false;
    if (isFirst) reader.freshFirst = fresh.length;
    if (fresh.length === 0) return;
    this.#activityBytes = Math.ceil(0.5 * this.#activityBytes + (0.5 * 1.1 * bytes) / fresh.length);
  }

  /** How many new activities the next page should hold at most; null: it may be full. */
  #expected(reader: ReaderRun, mayBeFull: boolean): number | null {
    const few = Math.max(EXPECTED_LEAST, 2 * reader.freshFirst);
    return mayBeFull || reader.wantsRoom || few >= this.limit ? null : few;
  }

  /** A page of the tail is done with. `caughtUp`: it was the last of a pass that reached now. */
  polled(activities: number, caughtUp: boolean, clock: Clock): void {
    this.silence.polled(activities, caughtUp, clock);
    if (caughtUp) this.is(...this.#calm());
    else this.is("reading");
  }

  /** A wider query has said something of the scan's silence; trouble that the tail has is not its matter. */
  judged(): void {
    if (this.#state === "idle" || this.#state === "suspect") this.is(...this.#calm());
  }

  /** What a scan is that has read to now. */
  #calm(): [ScanState, string | null] {
    const { suspicion } = this.silence;
    return suspicion === null ? ["idle", null] : ["suspect", suspicion];
  }

  /** Tells what the scan does now; said once, until it changes. */
  is(state: ScanState, reason: string | null = null, code: ErrorCode | null = null): void {
    if (state === this.#state && reason === this.#reason) return;
    this.#state = state;
    this.#reason = reason;
    const { tenant, name } = this.config;
    this.#emit({ type: "scan_state", tenant, scan: name, state, reason, ...(code === null ? {} : { code }) });
  }
}
