import type { ScanConfig, Start } from "../config/config.ts";
import type { ErrorCode } from "../kit/errors.ts";
import type { Emit, ScanState } from "../observe/events.ts";
import { OVERLAP_MS } from "../scan/tail.ts";
import type { RecordPlan } from "./page.ts";
import type { ScanMemory } from "./scan-memory.ts";

/** The API's smallest page in scan mode. */
export const LIMIT_MIN = 500;
/** Assumed of an activity's encoded size before any was seen. */
const ACTIVITY_BYTES_FIRST = 8 * 1024;
/** Of the free page memory that one page may take. */
const FREE_SHARE = 0.75;

/** A scan while it runs: what it remembers, when it is due, and how it fares. */
export class ScanRun {
  readonly config: ScanConfig;
  readonly records: RecordPlan;
  /** Null until the scan has begun. */
  memory: ScanMemory | null = null;
  /** When it wants to ask next; monotonic ms. */
  dueMs = Number.NEGATIVE_INFINITY;
  /** When it asked last; monotonic ms. */
  servedMs = Number.NEGATIVE_INFINITY;
  /** When its pass began; monotonic ms. */
  passStartMs = 0;
  limit: number;
  /** What its remembered ids may occupy. */
  readonly idsBytesMax: number;
  /** Failures in a row that are this scan's own. */
  failures = 0;
  /** Times in a row, within a pass, that the API refused next filters which it gave itself. */
  refusals = 0;
  /** The ids of the page before, in this pass. */
  previous: ReadonlySet<string> = new Set();
  #activityBytes = ACTIVITY_BYTES_FIRST;
  #state: ScanState | null = null;
  #reason: string | null = null;
  readonly #emit: Emit;

  constructor(config: ScanConfig, records: RecordPlan, idsBytesMax: number, emit: Emit) {
    this.config = config;
    this.idsBytesMax = idsBytesMax;
    this.records = records;
    this.limit = config.pageSize;
    this.#emit = emit;
  }

  /**
   * The next page's limit, and what the page is expected to occupy, encoded: at most three quarters of what is
   * free, as long as the API takes so small a limit. So whoever hangs with a page on its way leaves room for others,
   * and a tenant alone has full pages.
   */
  pageWithin(freeBytes: number): { limit: number; bytes: number } {
    const fitting = Math.floor((FREE_SHARE * freeBytes) / this.#activityBytes);
    const limit = Math.min(this.limit, Math.max(LIMIT_MIN, fitting));
    return { limit, bytes: limit * this.#activityBytes };
  }

  /** Learns from a page how large activities are. */
  sized(activities: number, bytes: number): void {
    if (activities > 0) this.#activityBytes = Math.ceil(0.5 * this.#activityBytes + (0.5 * 1.1 * bytes) / activities);
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

/** Where a scan without a cursor begins. The overlap of the first pass is added, so that no earlier is asked. */
export function startMs(start: Start, serverNowMs: number): number {
  if (start.kind === "instant") return start.atMs + OVERLAP_MS;
  return serverNowMs - (start.kind === "age" ? start.ageMs : 0) + OVERLAP_MS;
}
