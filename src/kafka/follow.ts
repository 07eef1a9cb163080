import { randomUUID } from "node:crypto";
import type { OnRecord } from "./port.ts";
import { MARK_KEY } from "./state-fold.ts";
import type { StateLoad } from "./state-load.ts";
import { readPartition } from "./state-reader.ts";

/** One long-poll at a time; a stop waits for no more than it. */
const FETCH_WAIT_MS = 1_000;
const AGAIN_WAIT_MS = 1_000;

/**
 * Hands on a shard's committed records from `fromOffset` on, in order and each once, but for owners' marks. Resolves
 * once `stop` aborts, and not before: whatever ends the read, it goes on behind the last record with a new client.
 */
export async function follow(
  load: StateLoad,
  fromOffset: bigint,
  onRecord: OnRecord,
  stop: AbortSignal,
): Promise<void> {
  // As long as a process lives, one listener a shard would hang on the one signal that stops it all.
  const signal = AbortSignal.any([stop]);
  const { cursorsTopic, shard, readIdleMs, clock, onLeft } = load;
  let position = fromOffset;
  while (!signal.aborted) {
    const read = readPartition(
      {
        kafka: load.newClient(),
        topic: cursorsTopic,
        partition: shard,
        groupId: `${cursorsTopic}-follow-${randomUUID()}`,
        fromOffset: position,
        endOffset: null,
        fetchWaitMs: FETCH_WAIT_MS,
        idleMs: readIdleMs,
        onMessage: ({ key, value, offset }) => {
          position = BigInt(offset) + 1n;
          if (signal.aborted || String(key) === MARK_KEY) return;
          // A copy: the value is a slice of a whole response, which it would keep in memory.
          onRecord(String(key), value === null ? null : Buffer.from(value));
        },
        onProgress: (reached) => {
          position = reached;
        },
        onLeft,
        clock,
      },
      signal,
    );
    // What kafkajs gives up with, it has logged.
    await read.catch(() => undefined);
    await clock.sleep(AGAIN_WAIT_MS, signal).catch(() => undefined);
  }
}
