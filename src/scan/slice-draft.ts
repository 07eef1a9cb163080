import { mixed } from "./digest.ts";
import { ID_BYTES, IdTable, SEGMENT_IDS } from "./id-table.ts";
import {
  chunkKey,
  closesByReading,
  encodeLedger,
  type Gap,
  type Ledger,
  ledgerKey,
  type StateEntry,
} from "./ledger.ts";
import { isOwn, PASSED_BY_MAX, type Pass } from "./pass.ts";
import { SLICE_MS, sliceOf } from "./slice.ts";
import type { Slices } from "./slices.ts";

/** What one page adds to one slice. */
export interface SliceAddition {
  readonly sliceMs: number;
  /** Ids that were not in memory, each once. */
  readonly ids: readonly Buffer[];
  readonly read: number;
  readonly duplicates: number;
  readonly deadLettered: number;
  readonly late: number;
  /** Of `ids`, those that are known not to be repeats, though ids are forgotten there. */
  readonly proven?: number;
}

/** Gaps of one reason that a slice's ledger keeps apart. */
const GAPS_MAX = 100;

interface DraftSlice {
  ledger: Ledger | null;
  ids: Buffer[];
  forgotten: boolean;
}

/**
 * A change of the slices that is to be committed: nothing is changed in memory before `apply`, and `state` is what
 * the transaction has to hold. Every step sees those before it.
 */
export class SliceDraft {
  readonly #slices: Slices;
  readonly #drafts = new Map<number, DraftSlice>();

  constructor(slices: Slices) {
    this.#slices = slices;
  }

  add(addition: SliceAddition): void {
    const draft = this.#of(addition.sliceMs);
    const before = this.ledgerOf(addition.sliceMs);
    // Where ids are forgotten an operator has allowed repeats: these are counted and not remembered either.
    if (before.remembered) draft.ids.push(...addition.ids);
    draft.ledger = {
      ...before,
      read: before.read + addition.read,
      published: before.published + addition.ids.length - addition.deadLettered,
      duplicates: before.duplicates + addition.duplicates,
      deadLettered: before.deadLettered + addition.deadLettered,
      late: before.late + addition.late,
      ids: before.ids + addition.ids.length,
      digest: mixed(before.digest, addition.ids),
      repeated: before.repeated + (before.remembered ? 0 : addition.ids.length - (addition.proven ?? 0)),
    };
  }

  /** Opens a gap, unless that stretch is open already for that reason. It belongs to the slice that it begins in. */
  openGap(gap: Gap): void {
    const sliceMs = sliceOf(gap.fromMs);
    const before = this.ledgerOf(sliceMs);
    const isSame = (open: Gap) =>
      open.fromMs === gap.fromMs && open.untilMs === gap.untilMs && open.reason === gap.reason;
    if (before.gaps.some(isSame)) return;
    this.#of(sliceMs).ledger = { ...before, gaps: joined([...before.gaps, gap]), settledMs: null };
  }

  /**
   * Closes the gaps that a completed pass has read.
   * @param isPublished whether the pass has published what it was shown at a gap.
   * @returns those.
   */
  closeGaps(pass: Pass, isPublished: (gap: Gap) => boolean): Gap[] {
    if (pass.passedBy.length >= PASSED_BY_MAX) return [];
    const isRead = (gap: Gap) =>
      closesByReading(gap) &&
      isPublished(gap) &&
      isOwn(pass, gap.fromMs) &&
      isOwn(pass, gap.untilMs) &&
      !pass.passedBy.some((atMs) => atMs >= gap.fromMs && atMs <= gap.untilMs);
    const closed: Gap[] = [];
    for (const [sliceMs] of this.#slices.ledgers) {
      const before = this.ledgerOf(sliceMs);
      const read = before.gaps.filter(isRead);
      if (read.length === 0) continue;
      closed.push(...read);
      this.#of(sliceMs).ledger = { ...before, gaps: before.gaps.filter((gap) => !read.includes(gap)) };
    }
    return closed;
  }

  /**
   * Notes what the API shows of a slice. Where that is what was published, it is the evidence that closes every gap
   * within the slice. @returns those.
   */
  verify(sliceMs: number, verified: NonNullable<Ledger["verified"]>): Gap[] {
    const before = this.ledgerOf(sliceMs);
    // An hour in which nothing ever was needs no ledger to say so.
    if (verified.equal && before.read === 0 && before.ids === 0 && before.gaps.length === 0) return [];
    const isWithin = (gap: Gap) => gap.fromMs >= sliceMs && gap.untilMs < sliceMs + SLICE_MS;
    const closed = verified.equal ? before.gaps.filter(isWithin) : [];
    const gaps = before.gaps.filter((gap) => !closed.includes(gap));
    this.#of(sliceMs).ledger = { ...before, verified, gaps };
    return closed;
  }

  settle(sliceMs: number, atMs: number): void {
    this.#of(sliceMs).ledger = { ...this.ledgerOf(sliceMs), settledMs: atMs };
  }

  /** Forgets the ids of a slice; its ledger stays. */
  forget(sliceMs: number): void {
    const draft = this.#of(sliceMs);
    draft.forgotten = true;
    draft.ledger = { ...this.ledgerOf(sliceMs), remembered: false };
  }

  /** Takes away the ledger of a slice whose ids are forgotten. */
  fold(sliceMs: number): void {
    this.#of(sliceMs).ledger = null;
  }

  ledgerOf(sliceMs: number): Ledger {
    return this.#drafts.get(sliceMs)?.ledger ?? this.#slices.ledgerOf(sliceMs);
  }

  /** The records of the change. */
  get state(): StateEntry[] {
    return [...this.#drafts].flatMap(([sliceMs, draft]) => this.#stateOf(sliceMs, draft));
  }

  /** The change is committed. */
  apply(): void {
    for (const [sliceMs, draft] of this.#drafts) {
      const { ledger } = draft;
      if (draft.forgotten || ledger?.remembered !== true) {
        this.#slices.put(sliceMs, null, ledger);
        continue;
      }
      const table = this.#slices.idsOf(sliceMs) ?? new IdTable();
      for (const id of draft.ids) table.add(id);
      this.#slices.put(sliceMs, table, ledger);
    }
  }

  #of(sliceMs: number): DraftSlice {
    const draft = this.#drafts.get(sliceMs) ?? { ledger: this.#slices.ledgerOf(sliceMs), ids: [], forgotten: false };
    this.#drafts.set(sliceMs, draft);
    return draft;
  }

  #stateOf(sliceMs: number, { ledger, ids, forgotten }: DraftSlice): StateEntry[] {
    const { scan, field } = this.#slices;
    const own = { key: ledgerKey(scan, field, sliceMs), value: ledger === null ? null : encodeLedger(ledger) };
    if (!forgotten) return [...this.#chunks(sliceMs, ids), own];
    const chunks = Math.ceil((this.#slices.idsOf(sliceMs)?.size ?? 0) / SEGMENT_IDS);
    const tombstones = Array.from({ length: chunks }, (_, chunk) => {
      return { key: chunkKey(scan, field, sliceMs, chunk), value: null };
    });
    return [...tombstones, own];
  }

  /** The chunk records that new ids make: the last one that is not full is written again, with what it has. */
  #chunks(sliceMs: number, ids: readonly Buffer[]): StateEntry[] {
    if (ids.length === 0) return [];
    const { scan, field } = this.#slices;
    const table = this.#slices.idsOf(sliceMs);
    const firstChunk = Math.floor((table?.size ?? 0) / SEGMENT_IDS);
    const all = Buffer.concat([table?.lastIds ?? Buffer.alloc(0), ...ids]);
    const records: StateEntry[] = [];
    for (let at = 0; at < all.length; at += SEGMENT_IDS * ID_BYTES) {
      const key = chunkKey(scan, field, sliceMs, firstChunk + records.length);
      records.push({ key, value: all.subarray(at, at + SEGMENT_IDS * ID_BYTES) });
    }
    return records;
  }
}

/** A slice's gaps; those of a reason that has too many become one over all of them. */
function joined(gaps: readonly Gap[]): Gap[] {
  const last = gaps.at(-1);
  const alike = gaps.filter((gap) => gap.reason === last?.reason);
  if (last === undefined || alike.length <= GAPS_MAX) return [...gaps];
  const fromMs = Math.min(...alike.map((gap) => gap.fromMs));
  const untilMs = Math.max(...alike.map((gap) => gap.untilMs));
  return [...gaps.filter((gap) => gap.reason !== last.reason), { fromMs, untilMs, reason: last.reason }];
}
