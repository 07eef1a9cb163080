import type { ScanConfig } from "../config/config.ts";
import type { StateRecord, Transaction } from "../kafka/port.ts";
import { type Cursor, encodeCursor, newCursor } from "../scan/cursor.ts";
import type { Fold } from "../scan/fold.ts";
import { cursorKey } from "../scan/ledger.ts";
import { SLICE_MS, type SliceAddition, type SliceChange, Slices, sliceOf } from "../scan/slices.ts";
import { restoreState, type ScanIdentity, type ScanState } from "../scan/state.ts";
import type { CursorField } from "../tenant/request.ts";
import type { Page } from "./page.ts";

/** Slices that ended this long before the position are forgotten: the tail never asks for them again. */
const KEEP_MS = 24 * SLICE_MS;
/** And this long, once the ids outgrow their memory. */
const KEEP_LEAST_MS = SLICE_MS;
/** Without anything to publish, the cursor is committed this often. */
const QUIET_COMMIT_MS = 60_000;

/** A page's change of state and its records, to be committed as one and applied afterwards. */
export interface PagePlan {
  readonly transaction: Transaction;
  readonly cursorAfter: Cursor;
  apply(): void;
}

/** The id of the change that a committed cursor shows. */
type CursorText = string;

/** What a scan knows: its committed cursor and slices, and what it has seen since without need to commit it. */
export class ScanMemory {
  readonly identity: ScanIdentity;
  #cursor: Cursor;
  #slices: Slices | null;
  #committed: CursorText | null;
  #committedAtMs = Number.NEGATIVE_INFINITY;
  /** Repeats seen on pages that were not worth a transaction; counted with the next one. */
  #quietAdditions: readonly SliceAddition[] = [];
  readonly #idsBytesMax: number;

  private constructor(identity: ScanIdentity, state: ScanState, committed: CursorText | null, idsBytesMax: number) {
    this.#idsBytesMax = idsBytesMax;
    this.identity = identity;
    this.#cursor = state.cursor;
    this.#slices = state.slices;
    this.#committed = committed;
  }

  /**
   * From the shard's state; null when it has none of this scan.
   * @throws ConnectorError `cursor_corrupt` | `cursor_newer` | `cursor_foreign`
   */
  static load(scan: ScanConfig, records: ReadonlyMap<string, Buffer>, idsBytesMax: number): ScanMemory | null {
    const state = restoreState(identityOf(scan), records);
    return state === null ? null : new ScanMemory(identityOf(scan), state, encodeCursor(state.cursor), idsBytesMax);
  }

  /** A scan that begins at `startMs`. */
  static begin(scan: ScanConfig, startMs: number, idsBytesMax: number): ScanMemory {
    const { name, tenant, cursorField, filters } = scan;
    const identity = identityOf(scan);
    const cursor = newCursor(tenant, filters, startMs);
    if (cursorField === "auto") return new ScanMemory(identity, { cursor, slices: null }, null, idsBytesMax);
    return new ScanMemory(identity, decided({ cursor, slices: null }, name, cursorField), null, idsBytesMax);
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  get slices(): Slices | null {
    return this.#slices;
  }

  /** Whether the ids occupy more than they may, though all that can be forgotten is. */
  get isOverfull(): boolean {
    return (this.#slices?.bytes ?? 0) > this.#idsBytesMax;
  }

  /** Settles which time the scan moves along; committed with the first page. */
  decide(field: CursorField): void {
    const { cursor, slices } = decided({ cursor: this.#cursor, slices: null }, this.identity.scan, field);
    this.#cursor = cursor;
    this.#slices = slices;
  }

  /** Gives up the pass; the next one begins at the position. Nothing is lost: ids remove the repeats. */
  leavePass(): void {
    this.#cursor = { ...this.#cursor, pass: null };
  }

  /** What is committed when there is no page: the cursor as it stands. */
  planCursor(): PagePlan {
    return this.#plan(this.#cursor, [], []);
  }

  /** What a page changes; null when it changes nothing that has to be committed now. */
  planPage(page: Page, fold: Fold, nowMs: number): PagePlan | null {
    const { counts } = fold.cursor;
    const forgottenMs = fold.passEnded ? sliceOf(fold.cursor.positionMs - KEEP_MS) : fold.cursor.rememberedFromMs;
    const cursorAfter: Cursor = {
      ...fold.cursor,
      rememberedFromMs: Math.max(fold.cursor.rememberedFromMs, forgottenMs),
      counts: {
        ...counts,
        read: counts.read + page.activities,
        published: counts.published + page.fresh.length - page.deadLettered,
        duplicates: counts.duplicates + page.duplicates,
        deadLettered: counts.deadLettered + page.deadLettered,
      },
    };
    const quiet =
      page.fresh.length === 0 &&
      fold.gap === null &&
      fold.cursor.pass === null &&
      this.#cursor.pass === null &&
      cursorAfter.positionMs === this.#cursor.positionMs &&
      nowMs - this.#committedAtMs < QUIET_COMMIT_MS;
    const additions = mergeAdditions([...this.#quietAdditions, ...page.additions()]);
    if (quiet) {
      this.#cursor = cursorAfter;
      this.#quietAdditions = additions;
      return null;
    }
    if (this.#slices === null) return this.#plan(cursorAfter, [], page.records);
    return this.#plan(cursorAfter, this.#planSlices(this.#slices, additions, fold, cursorAfter), page.records);
  }

  /** Forgets all that the tail will not ask for again; null when that is nothing. Between passes only. */
  planShrink(): PagePlan | null {
    const slices = this.#slices;
    if (slices === null) return null;
    const rememberedFromMs = sliceOf(this.#cursor.positionMs - KEEP_LEAST_MS);
    const additions = this.#quietAdditions;
    const forget = slices.planForget(rememberedFromMs, new Set(additions.map((addition) => addition.sliceMs)));
    if (forget.state.length === 0) return null;
    const cursorAfter = {
      ...this.#cursor,
      rememberedFromMs: Math.max(this.#cursor.rememberedFromMs, rememberedFromMs),
    };
    return this.#plan(cursorAfter, [slices.planPage(additions, null), forget], []);
  }

  /** The plan's transaction is committed. */
  committed(plan: PagePlan, nowMs: number): void {
    plan.apply();
    this.#cursor = plan.cursorAfter;
    this.#committed = encodeCursor(plan.cursorAfter);
    this.#committedAtMs = nowMs;
    this.#quietAdditions = [];
  }

  /**
   * What became of `plan` by the shard's state after a failed transaction, whose place this memory takes:
   * `committed`, `open` (nothing was: the same page may be planned again), or `other` (the page is outdated).
   * @throws ConnectorError as `load`
   */
  reload(plan: PagePlan, scan: ScanConfig, records: ReadonlyMap<string, Buffer>): "committed" | "open" | "other" {
    const state = restoreState(this.identity, records);
    const found = state === null ? null : encodeCursor(state.cursor);
    if (found === encodeCursor(plan.cursorAfter)) {
      this.#take(state, found);
      return "committed";
    }
    if (found === this.#committed) {
      // Nothing was committed: what is in memory is still what is committed, and the page still fits it.
      return "open";
    }
    if (state === null) throw new Error(`invariant broken: the state of scan ${scan.name} is gone`);
    this.#take(state, found);
    return "other";
  }

  #take(state: ScanState | null, found: CursorText | null): void {
    if (state === null) return;
    this.#cursor = state.cursor;
    this.#slices = state.slices;
    this.#committed = found;
    this.#quietAdditions = [];
  }

  #planSlices(slices: Slices, additions: readonly SliceAddition[], fold: Fold, after: Cursor): SliceChange[] {
    const touched = new Set(additions.map((addition) => addition.sliceMs));
    const changes = [slices.planPage(additions, fold.gap)];
    // Below what is asked again, and never by where the scan began: its first pass asks an overlap below that.
    if (fold.passEnded) changes.push(slices.planForget(sliceOf(after.positionMs - KEEP_MS), touched));
    return changes;
  }

  #plan(cursorAfter: Cursor, changes: readonly SliceChange[], records: Transaction["records"]): PagePlan {
    const cursor: StateRecord = { key: cursorKey(this.identity.scan), value: encodeCursor(cursorAfter) };
    return {
      transaction: { state: [cursor, ...changes.flatMap((change) => change.state)], records },
      cursorAfter,
      apply: () => {
        for (const change of changes) change.apply();
      },
    };
  }
}

const identityOf = ({ name, tenant, cursorField, filters }: ScanConfig): ScanIdentity => ({
  scan: name,
  tenant,
  cursorField,
  filters,
});

/** One addition a slice. */
function mergeAdditions(additions: readonly SliceAddition[]): SliceAddition[] {
  const merged = new Map<number, SliceAddition>();
  for (const addition of additions) {
    const before = merged.get(addition.sliceMs) ?? { ids: [], read: 0, duplicates: 0, deadLettered: 0 };
    merged.set(addition.sliceMs, {
      sliceMs: addition.sliceMs,
      ids: before.ids.length === 0 ? addition.ids : [...before.ids, ...addition.ids],
      read: before.read + addition.read,
      duplicates: before.duplicates + addition.duplicates,
      deadLettered: before.deadLettered + addition.deadLettered,
    });
  }
  return [...merged.values()];
}

function decided(state: ScanState, scan: string, cursorField: CursorField): ScanState {
  return { cursor: { ...state.cursor, cursorField }, slices: new Slices(scan, cursorField) };
}
