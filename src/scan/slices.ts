import { ConnectorError } from "../kit/errors.ts";
import type { CursorField } from "../tenant/request.ts";
import { EMPTY_DIGEST, mixed } from "./digest.ts";
import { ID_BYTES, IdTable } from "./id-table.ts";
import { decodeLedger, isMismatch, type Ledger, newLedger } from "./ledger.ts";
import { sliceOf } from "./slice.ts";

/**
 * The ids published in each remembered slice of a scan, and the slices' ledgers, as committed. Membership is asked
 * of the whole scan, never of one slice. Changes are made through a `SliceDraft`, after their commit.
 */
export class Slices {
  readonly scan: string;
  readonly field: CursorField;
  readonly #ids = new Map<number, IdTable>();
  readonly #ledgers = new Map<number, Ledger>();

  constructor(scan: string, field: CursorField) {
    this.scan = scan;
    this.field = field;
  }

  /** Whether `id` has been published, in whichever remembered slice. */
  has(id: Buffer): boolean {
    for (const slice of this.#ids.values()) if (slice.has(id)) return true;
    return false;
  }

  /** Whether the ids of a value's slice were remembered once and are not any more. */
  isForgotten(valueMs: number): boolean {
    return this.#ledgers.get(sliceOf(valueMs))?.remembered === false;
  }

  get ids(): number {
    let ids = 0;
    for (const slice of this.#ids.values()) ids += slice.size;
    return ids;
  }

  /** What the remembered ids occupy. */
  get bytes(): number {
    let bytes = 0;
    for (const slice of this.#ids.values()) bytes += slice.bytes;
    return bytes;
  }

  /** The slices whose ids are remembered, the oldest first. */
  get remembered(): number[] {
    return [...this.#ids.keys()].sort((a, b) => a - b);
  }

  /** Every slice that has a ledger, the oldest first. */
  get ledgers(): readonly (readonly [sliceMs: number, ledger: Ledger])[] {
    return [...this.#ledgers].sort(([a], [b]) => a - b);
  }

  get openGaps(): number {
    let gaps = 0;
    for (const ledger of this.#ledgers.values()) gaps += ledger.gaps.length;
    return gaps;
  }

  /** The slices that a verify job has found to differ, the oldest first. */
  get mismatches(): readonly (readonly [sliceMs: number, ledger: Ledger])[] {
    return [...this.#ledgers].filter(([, ledger]) => isMismatch(ledger)).sort(([a], [b]) => a - b);
  }

  ledgerOf(sliceMs: number): Ledger {
    return this.#ledgers.get(sliceMs) ?? newLedger();
  }

  idsOf(sliceMs: number): IdTable | undefined {
    return this.#ids.get(sliceMs);
  }

  /** Puts a slice's committed state in place; null: its ids, or its ledger, are gone. */
  put(sliceMs: number, ids: IdTable | null, ledger: Ledger | null): void {
    if (ids === null) this.#ids.delete(sliceMs);
    else this.#ids.set(sliceMs, ids);
    if (ledger === null) this.#ledgers.delete(sliceMs);
    else this.#ledgers.set(sliceMs, ledger);
  }

  /**
   * Takes a slice back from its records, and proves that the ids are those that its ledger counted.
   * @throws ConnectorError `cursor_corrupt`
   */
  restore(sliceMs: number, ledgerValue: Buffer | undefined, chunks: readonly Buffer[]): void {
    const where = `scan ${this.scan}, slice ${new Date(sliceMs).toISOString()}`;
    const ledger = ledgerValue === undefined ? newLedger() : decodeLedger(ledgerValue, where);
    if (!ledger.remembered && chunks.length === 0) {
      this.put(sliceMs, null, ledger);
      return;
    }
    const ids = idsOf(chunks, where);
    const found = mixed(EMPTY_DIGEST, chunks);
    if (ids.size !== ledger.ids || found !== ledger.digest) {
      throw corrupt(
        `${where}: its ledger counts ${ledger.ids} ids with digest ${ledger.digest}, its id records hold ` +
          `${ids.size} with digest ${found}`,
      );
    }
    this.put(sliceMs, ids, ledger);
  }
}

function idsOf(chunks: readonly Buffer[], where: string): IdTable {
  const table = new IdTable();
  table.reserve(chunks.reduce((sum, chunk) => sum + Math.floor(chunk.length / ID_BYTES), 0));
  for (const chunk of chunks) {
    if (chunk.length % ID_BYTES !== 0) {
      throw corrupt(`${where}: one of its id records has ${chunk.length} bytes, no multiple of ${ID_BYTES}`);
    }
    table.adopt(chunk);
  }
  return table;
}

const corrupt = (message: string): ConnectorError =>
  new ConnectorError("cursor_corrupt", message, { disposition: "fatal" });
