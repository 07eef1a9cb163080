import type { OnRecord } from "../../src/kafka/port.ts";
import type { MemoryCluster } from "./memory-kafka.ts";
import type { Step } from "./memory-kafka-port.ts";

interface Followed {
  readonly cluster: MemoryCluster;
  readonly step: Step;
  readonly shard: number;
}

/** Hands on a shard's committed records from `from` on, until `signal` aborts. */
export async function follow(
  { cluster, step, shard }: Followed,
  from: number,
  onRecord: OnRecord,
  signal: AbortSignal,
) {
  let position = from;
  while (!signal.aborted) {
    const end = cluster.stableEnd(shard);
    if (end > position && (await succeeds(step("state.read", shard)))) {
      for (const { key, value } of cluster.committedBetween(shard, position, end)) {
        if (!signal.aborted) onRecord(String(key), value === null ? null : Buffer.from(value));
      }
      position = end;
    } else {
      await cluster.changed(signal);
    }
  }
}

const succeeds = (work: Promise<void>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );
