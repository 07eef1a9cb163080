import kafkajs, { type Batch, type Consumer, type Kafka, type KafkaMessage, type PartitionAssigner } from "kafkajs";
import type { Clock } from "../kit/clock.ts";
import { orAborted } from "./waiting.ts";

export interface PartitionRead {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partition: number;
  /** A group that nobody else uses: kafkajs cannot read without one. */
  readonly groupId: string;
  /** Read up to here, exclusive; control records count. */
  readonly endOffset: bigint;
  /** How long it may stand still. */
  readonly idleMs: number;
  /** Every committed message below `endOffset`, in order. Buffers are only good during the call. */
  readonly onMessage: (message: KafkaMessage) => void;
  /** Told as the read proceeds. */
  readonly onProgress?: (position: bigint) => void;
  /** What has to be tidied up after the read, going on unseen. */
  readonly onLeft: (leaving: Promise<void>) => void;
  readonly clock: Clock;
}

const FETCH_WAIT_MS = 200;
const FETCH_BYTES = 4 * 1024 * 1024;
const CHECK_MS = 250;

/**
 * Reads a partition from its beginning in `read_committed`. `end`: all of it up to `endOffset`. `idle`: nothing
 * came for `idleMs`, as behind an open transaction.
 *
 * @throws whatever kafkajs gives up with; the reason of `signal`.
 */
export async function readPartition(read: PartitionRead, signal: AbortSignal): Promise<"end" | "idle"> {
  if (read.endOffset <= 0n) return "end";
  const consumer = read.kafka.consumer({
    groupId: read.groupId,
    partitionAssigners: [only(read.partition)],
    readUncommitted: false,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: FETCH_BYTES,
    retry: { restartOnFailure: async () => false },
  });
  const over = new AbortController();
  try {
    return await orAborted(consume(consumer, read, over.signal), signal);
  } finally {
    over.abort();
    read.onLeft(leave(consumer, read));
  }
}

async function consume(consumer: Consumer, read: PartitionRead, over: AbortSignal): Promise<"end" | "idle"> {
  let position = 0n;
  let movedAtMs = read.clock.monotonicMs();
  await consumer.connect();
  await consumer.subscribe({ topic: read.topic, fromBeginning: true });
  const ended = new Promise<"end">((resolve, reject) => {
    consumer.on("consumer.crash", ({ payload }) => reject(payload.error));
    // Comes for batches of control records and aborted records too, which `eachBatch` never sees.
    consumer.on("consumer.end_batch_process", ({ payload }) => {
      position = BigInt(payload.lastOffset) + 1n;
      movedAtMs = read.clock.monotonicMs();
      read.onProgress?.(position);
      if (position >= read.endOffset) resolve("end");
    });
  });
  ended.catch(() => undefined);
  await consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => deliver(batch, read, over) });
  movedAtMs = read.clock.monotonicMs();
  const idle = async (): Promise<"idle"> => {
    while (read.clock.monotonicMs() - movedAtMs < read.idleMs) await read.clock.sleep(CHECK_MS, over);
    return "idle";
  };
  return await Promise.race([ended, idle()]);
}

function deliver(batch: Batch, read: PartitionRead, over: AbortSignal): void {
  for (const message of batch.messages) {
    if (over.aborted || BigInt(message.offset) >= read.endOffset) return;
    read.onMessage(message);
  }
}

/** Leaves the group and deletes it; a group that cannot be deleted expires by itself. */
async function leave(consumer: Consumer, read: PartitionRead): Promise<void> {
  const admin = read.kafka.admin();
  try {
    await consumer.disconnect();
    await admin.connect();
    await admin.deleteGroups([read.groupId]);
  } catch {
    // Best effort by contract.
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** Assigns one partition and no other: the group has a single member, so this is kafkajs's missing `assign`. */
function only(partition: number): PartitionAssigner {
  const name = "one-partition";
  const version = 1;
  return () => ({
    name,
    version,
    async assign({ members, topics }) {
      const assignment = Object.fromEntries(topics.map((topic) => [topic, [partition]]));
      return members.map(({ memberId }) => ({
        memberId,
        memberAssignment: kafkajs.AssignerProtocol.MemberAssignment.encode({
          version,
          assignment,
          userData: Buffer.alloc(0),
        }),
      }));
    },
    protocol: ({ topics }) => ({
      name,
      metadata: kafkajs.AssignerProtocol.MemberMetadata.encode({ version, topics, userData: Buffer.alloc(0) }),
    }),
  });
}
