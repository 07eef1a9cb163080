import { randomUUID } from "node:crypto";
import type { Admin, IHeaders } from "kafkajs";
import { failureOf } from "./errors.ts";
import type { TopicPart, TopicRecord } from "./port.ts";
import type { StateLoad } from "./state-load.ts";
import { readPartition } from "./state-reader.ts";
import { attempted } from "./waiting.ts";

const FETCH_WAIT_MS = 200;
const ATTEMPTS_MAX = 5;
const ATTEMPT_WAIT_MS = 300;

/** As `KafkaPort.topicParts`. */
export async function partsOf(admin: Admin, topic: string, sinceMs: number): Promise<TopicPart[]> {
  // kafkajs asks in `read_committed`, so this `high` is the last stable offset.
  const offsets = await admin.fetchTopicOffsets(topic);
  const since = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, sinceMs));
  return offsets.map(({ partition, low, high }) => {
    const endOffset = BigInt(high);
    const first = since.find((each) => each.partition === partition);
    const fromOffset = first === undefined ? BigInt(low) : BigInt(first.offset);
    const isCut = BigInt(low) > 0n && fromOffset <= BigInt(low);
    return { topic, partition, fromOffset: fromOffset < endOffset ? fromOffset : endOffset, endOffset, isCut };
  });
}

/** As `KafkaPort.readPart`; goes on behind the last record where the brokers are merely away. */
export async function readTopicPart(
  load: Omit<StateLoad, "shard">,
  { topic, partition, fromOffset, endOffset }: TopicPart,
  onRecord: (record: TopicRecord) => void,
  signal: AbortSignal,
): Promise<void> {
  const { cursorsTopic, newClient, readIdleMs, clock, onLeft } = load;
  let position = fromOffset;
  const read = async (): Promise<void> => {
    const outcome = await readPartition(
      {
        kafka: newClient(),
        topic,
        partition,
        groupId: `${cursorsTopic}-verify-${randomUUID()}`,
        fromOffset: position,
        endOffset,
        fetchWaitMs: FETCH_WAIT_MS,
        idleMs: readIdleMs,
        onMessage: ({ offset, timestamp, key, value, headers }) => {
          position = BigInt(offset) + 1n;
          onRecord({ timestampMs: Number(timestamp), key, value, headers: textsOf(headers) });
        },
        onProgress: (reached) => {
          position = reached;
        },
        onLeft,
        clock,
      },
      signal,
    );
    if (outcome === "end") return;
    throw new Error(`reading stood still at offset ${position} of ${endOffset} for ${readIdleMs / 1_000} s`);
  };
  const again = (error: unknown): boolean => failureOf(error).kind === "unavailable";
  await attempted(read, { max: ATTEMPTS_MAX, waitMs: ATTEMPT_WAIT_MS, again, clock }, signal);
}

/** Of a header that comes more than once the first counts. */
function textsOf(headers: IHeaders | undefined): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) texts[name] = String(first);
  }
  return texts;
}
