import { MemoryCluster, type StoredRecord } from "../fakes/memory-kafka.ts";
import { SIM_CURSORS } from "../fakes/sim-connector.ts";

export type WrittenRecord = Omit<StoredRecord, "offset">;

/** Brokers that tell of each transaction that is committed, with its records, as it happens. */
export class WatchedCluster extends MemoryCluster {
  readonly #committed: (records: readonly WrittenRecord[]) => void;
  /** By shard: what its open transaction holds. */
  readonly #open = new Map<number, WrittenRecord[]>();

  constructor(committed: (records: readonly WrittenRecord[]) => void) {
    super(SIM_CURSORS);
    this.#committed = committed;
  }

  override fence(shard: number): number {
    this.#open.delete(shard);
    return super.fence(shard);
  }

  override write(owner: { shard: number; epoch: number }, record: WrittenRecord): void {
    super.write(owner, record);
    const open = this.#open.get(owner.shard);
    if (open === undefined) this.#open.set(owner.shard, [record]);
    else open.push(record);
  }

  override end(owner: { shard: number; epoch: number }, outcome: "committed" | "aborted"): void {
    super.end(owner, outcome);
    const records = this.#open.get(owner.shard);
    this.#open.delete(owner.shard);
    if (outcome === "committed" && records !== undefined) this.#committed(records);
  }
}
