import { createHash } from "node:crypto";
import { ConnectorError } from "../kit/errors.ts";
import type { CursorField } from "../tenant/request.ts";
import { ID_BYTES, IdTable } from "./id-table.ts";
import { chunkKey, decodeLedger, encodeLedger, type Ledger, ledgerKey, newLedger, type StateEntry } from "./ledger.ts";

export const SLICE_MS = 3_600_000;
/** Ids a chunk record holds; only a slice's last chunk is ever rewritten. */
const CHUNK_IDS = 256;

/** The aligned hour that a cursor-field value belongs to. */
export const sliceOf = (valueMs: number): number => Math.floor(valueMs / SLICE_MS) * SLICE_MS;

/** An activity's 16-byte identity. */
export const idHash = (id: string): Buffer => createHash("sha256").update(id, "utf8").digest().subarray(0, ID_BYTES);

/** What one page adds to one slice. */
export interface SliceAddition {
  readonly sliceMs: number;
  /** Ids that were not in memory, each once. */
  readonly ids: readonly Buffer[];
  readonly read: number;
  readonly duplicates: number;
  readonly deadLettered: number;
}

/** A stretch of the cursor field that could not be read to the end; inclusive, epoch ms. */
export interface Gap {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly reason: string;
}

interface Slice {
  readonly table: IdTable;
  ledger: Ledger;
  /** The ids of the last, not yet full chunk. */
  lastChunk: Buffer;
}

/** The records of a change, and the change itself to make once they are committed. */
export interface SliceChange {
  readonly state: readonly StateEntry[];
  apply(): void;
}

/**
 * The ids published in each remembered slice of a scan, and the slices' ledgers. Membership is asked of the
 * whole scan, never of one slice. Nothing changes in memory before its records are committed: `plan…` returns
 * both, and the caller applies the change after the commit.
 */
export class Slices {
  readonly #scan: string;
  readonly #field: CursorField;
  readonly #slices = new Map<number, Slice>();
  /** Ledgers of slices whose ids are forgotten. */
  readonly #ledgers = new Map<number, Ledger>();

  constructor(scan: string, field: CursorField) {
    this.#scan = scan;
    this.#field = field;
  }

  /** Whether `id` has been published, in whichever remembered slice. */
  has(id: Buffer): boolean {
    for (const slice of this.#slices.values()) if (slice.table.has(id)) return true;
    return false;
  }

  get ids(): number {
    let ids = 0;
    for (const slice of this.#slices.values()) ids += slice.table.size;
    return ids;
  }

  get bytes(): number {
    let bytes = 0;
    for (const slice of this.#slices.values()) bytes += slice.table.bytes;
    return bytes;
  }

  get openGaps(): number {
    const ledgers = [...[...this.#slices.values()].map((slice) => slice.ledger), ...this.#ledgers.values()];
    return ledgers.reduce((sum, ledger) => sum + ledger.gaps.length, 0);
  }

  /** Whether exactly this stretch is open as a gap already. */
  hasGap(gap: Gap): boolean {
    const sliceMs = sliceOf(gap.fromMs);
    const ledger = this.#slices.get(sliceMs)?.ledger ?? this.#ledgers.get(sliceMs);
    return ledger?.gaps.some((open) => open.fromMs === gap.fromMs && open.untilMs === gap.untilMs) ?? false;
  }

  /** What a page adds, and a gap that it opens. */
  planPage(additions: readonly SliceAddition[], gap: Gap | null): SliceChange {
    const plans = new Map<number, SliceAddition>(additions.map((addition) => [addition.sliceMs, addition]));
    if (gap !== null && !plans.has(sliceOf(gap.fromMs))) {
      const sliceMs = sliceOf(gap.fromMs);
      plans.set(sliceMs, { sliceMs, ids: [], read: 0, duplicates: 0, deadLettered: 0 });
    }
    const state: StateEntry[] = [];
    const changes: (() => void)[] = [];
    for (const addition of plans.values()) {
      const ownGap = gap !== null && sliceOf(gap.fromMs) === addition.sliceMs ? gap : null;
      const change = this.#planSlice(addition, ownGap);
      state.push(...change.state);
      changes.push(() => change.apply());
    }
    return {
      state,
      apply: () => {
        for (const change of changes) change();
      },
    };
  }

  /** Forgets the ids of every slice that ends at or before `untilMs`, but for `spared`; their ledgers stay. */
  planForget(untilMs: number, spared: ReadonlySet<number>): SliceChange {
    const gone = [...this.#slices.keys()].filter((at) => at + SLICE_MS <= untilMs && !spared.has(at));
    const state = gone.flatMap((sliceMs) => {
      const chunks = Math.ceil((this.#slices.get(sliceMs)?.table.size ?? 0) / CHUNK_IDS);
      const tombstones = Array.from({ length: chunks }, (_, chunk) => ({
        key: chunkKey(this.#scan, this.#field, sliceMs, chunk),
        value: null,
      }));
      const ledger = { ...this.#ledgerOf(sliceMs), remembered: false };
      return [...tombstones, { key: ledgerKey(this.#scan, this.#field, sliceMs), value: encodeLedger(ledger) }];
    });
    return {
      state,
      apply: () => {
        for (const sliceMs of gone) {
          this.#ledgers.set(sliceMs, { ...this.#ledgerOf(sliceMs), remembered: false });
          this.#slices.delete(sliceMs);
        }
      },
    };
  }

  /**
   * Takes a slice back from its records, and proves that the ids are those that its ledger counted.
   * @throws ConnectorError `cursor_corrupt`
   */
  restore(sliceMs: number, ledgerValue: Buffer | undefined, chunks: readonly Buffer[]): void {
    const where = `scan ${this.#scan}, slice ${new Date(sliceMs).toISOString()}`;
    const ledger = ledgerValue === undefined ? newLedger() : decodeLedger(ledgerValue, where);
    if (!ledger.remembered && chunks.length === 0) {
      this.#ledgers.set(sliceMs, ledger);
      return;
    }
    const slice: Slice = { table: new IdTable(), ledger, lastChunk: Buffer.alloc(0) };
    const digest = Buffer.alloc(ID_BYTES);
    for (const chunk of chunks) {
      if (chunk.length % ID_BYTES !== 0) {
        const problem = `one of its id records has ${chunk.length} bytes, no multiple of ${ID_BYTES}`;
        throw new ConnectorError("cursor_corrupt", `${where}: ${problem}`, { disposition: "fatal" });
      }
      for (let at = 0; at < chunk.length; at += ID_BYTES) {
        const id = chunk.subarray(at, at + ID_BYTES);
        slice.table.add(id);
        mix(digest, id);
      }
      slice.lastChunk = chunk.length < CHUNK_IDS * ID_BYTES ? Buffer.from(chunk) : Buffer.alloc(0);
    }
    if (slice.table.size !== ledger.ids || digest.toString("hex") !== ledger.digest) {
      throw new ConnectorError(
        "cursor_corrupt",
        `${where}: its ledger counts ${ledger.ids} ids with digest ${ledger.digest}, its id records hold ` +
          `${slice.table.size} with digest ${digest.toString("hex")}`,
        { disposition: "fatal" },
      );
    }
    this.#slices.set(sliceMs, slice);
  }

  #ledgerOf(sliceMs: number): Ledger {
    return this.#slices.get(sliceMs)?.ledger ?? this.#ledgers.get(sliceMs) ?? newLedger();
  }

  #planSlice(addition: SliceAddition, gap: Gap | null): SliceChange {
    const { sliceMs, ids } = addition;
    const before = this.#ledgerOf(sliceMs);
    const digest = Buffer.from(before.digest, "hex");
    for (const id of ids) mix(digest, id);
    const newGap = gap !== null && !this.hasGap(gap);
    const ledger: Ledger = {
      ...before,
      remembered: true,
      read: before.read + addition.read,
      published: before.published + ids.length - addition.deadLettered,
      duplicates: before.duplicates + addition.duplicates,
      deadLettered: before.deadLettered + addition.deadLettered,
      ids: before.ids + ids.length,
      digest: digest.toString("hex"),
      gaps: newGap ? [...before.gaps, gap] : before.gaps,
    };
    const { records, lastChunk } = this.#planChunks(sliceMs, ids);
    const state = [...records, { key: ledgerKey(this.#scan, this.#field, sliceMs), value: encodeLedger(ledger) }];
    return { state, apply: () => this.#apply(sliceMs, ids, ledger, lastChunk) };
  }

  #planChunks(sliceMs: number, ids: readonly Buffer[]): { records: StateEntry[]; lastChunk: Buffer } {
    const slice = this.#slices.get(sliceMs);
    const firstChunk = Math.floor((slice?.table.size ?? 0) / CHUNK_IDS);
    let lastChunk = slice?.lastChunk ?? Buffer.alloc(0);
    if (ids.length === 0) return { records: [], lastChunk };
    const all = Buffer.concat([lastChunk, ...ids]);
    const records: StateEntry[] = [];
    for (let at = 0; at < all.length; at += CHUNK_IDS * ID_BYTES) {
      const chunk = all.subarray(at, at + CHUNK_IDS * ID_BYTES);
      records.push({ key: chunkKey(this.#scan, this.#field, sliceMs, firstChunk + records.length), value: chunk });
      lastChunk = chunk.length < CHUNK_IDS * ID_BYTES ? chunk : Buffer.alloc(0);
    }
    return { records, lastChunk };
  }

  #apply(sliceMs: number, ids: readonly Buffer[], ledger: Ledger, lastChunk: Buffer): void {
    const slice = this.#slices.get(sliceMs) ?? { table: new IdTable(), ledger, lastChunk };
    for (const id of ids) slice.table.add(id);
    slice.ledger = ledger;
    slice.lastChunk = Buffer.from(lastChunk);
    this.#slices.set(sliceMs, slice);
  }
}

/** Folds an id into an order-independent digest. */
function mix(digest: Buffer, id: Buffer): void {
  for (let at = 0; at < ID_BYTES; at++) digest[at] = (digest[at] ?? 0) ^ (id[at] ?? 0);
}
