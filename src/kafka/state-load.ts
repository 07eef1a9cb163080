import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import type { Clock } from "../kit/clock.ts";
import { failureOf } from "./errors.ts";
import { StateFold } from "./state-fold.ts";
import { readPartition } from "./state-reader.ts";
import { attempted } from "./waiting.ts";

export interface StateLoad {
  readonly cursorsTopic: string;
  readonly shard: number;
  /** A client of its own for each read, as kafkajs keeps something for every group it has seen. */
  readonly newClient: () => Kafka;
  /** How long reading may stand still. */
  readonly readIdleMs: number;
  readonly clock: Clock;
  readonly onProgress?: (position: bigint) => void;
  /** Told of what goes on after the read: a consumer that leaves. */
  readonly onLeft: (leaving: Promise<void>) => void;
}

const FETCH_WAIT_MS = 200;
const ATTEMPTS_MAX = 5;
const ATTEMPT_WAIT_MS = 300;

/**
 * A shard's committed records below `endOffset`, folded. A read has no effects, so it is tried again where the
 * brokers are merely away or not ready, as a group's coordinator after a restart.
 *
 * @throws what the last attempt failed with; the reason of `signal`.
 */
export async function loadState(load: StateLoad, endOffset: bigint, signal: AbortSignal): Promise<StateFold> {
  const again = (error: unknown): boolean => {
    return !(error instanceof StoodStillError) && failureOf(error).kind === "unavailable";
  };
  const how = { max: ATTEMPTS_MAX, waitMs: ATTEMPT_WAIT_MS, again, clock: load.clock };
  return await attempted(() => loadOnce(load, endOffset, signal), how, signal);
}

/** As `loadState`, up to the last stable offset: all that is committed, and nothing from behind an open transaction. */
export async function loadCommitted(
  load: StateLoad,
  signal: AbortSignal,
): Promise<{ fold: StateFold; endOffset: bigint }> {
  const admin = load.newClient().admin();
  try {
    await admin.connect();
    // kafkajs asks in `read_committed`, so this `high` is the last stable offset.
    const offsets = await admin.fetchTopicOffsets(load.cursorsTopic);
    const end = offsets.find((each) => each.partition === load.shard);
    const endOffset = BigInt(end?.high ?? 0);
    return { fold: await loadState(load, end?.low === end?.high ? 0n : endOffset, signal), endOffset };
  } finally {
    load.onLeft(admin.disconnect().catch(() => undefined));
  }
}

class StoodStillError extends Error {}

async function loadOnce(load: StateLoad, endOffset: bigint, signal: AbortSignal): Promise<StateFold> {
  const { cursorsTopic, shard, readIdleMs, clock, onLeft } = load;
  const fold = new StateFold();
  let reached = 0n;
  const outcome = await readPartition(
    {
      kafka: load.newClient(),
      topic: cursorsTopic,
      partition: shard,
      groupId: `${cursorsTopic}-read-${randomUUID()}`,
      fromOffset: 0n,
      endOffset,
      fetchWaitMs: FETCH_WAIT_MS,
      idleMs: readIdleMs,
      onMessage: ({ key, value }) => fold.add(String(key), value),
      onProgress: (position) => {
        reached = position;
        load.onProgress?.(position);
      },
      onLeft,
      clock,
    },
    signal,
  );
  if (outcome === "end") return fold;
  throw new StoodStillError(`reading stood still at offset ${reached} of ${endOffset} for ${readIdleMs / 1000} s`);
}
