import kafkajs, { type Batch, type Consumer, type Kafka, type KafkaMessage, type PartitionAssigner } from "kafkajs";
import type { Clock } from "../kit/clock.ts";
import { orAborted } from "./waiting.ts";

export interface PartitionRead {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partition: number;
  /** A group that nobody else uses: kafkajs cannot read without one. */
  readonly groupId: string;
  /** Read from here, inclusive. */
  readonly fromOffset: bigint;
  /** Read up to here, exclusive; control records count. Null: for ever. */
  readonly endOffset: bigint | null;
  /** How long a fetch waits at the brokers for something to come. */
  readonly fetchWaitMs: number;
  /** How long it may stand still: without anything new, or, where there is no end, without any answer. */
  readonly idleMs: number;
  /** Every committed message in the range, in order and once. Buffers are only good during the call. */
  readonly onMessage: (message: KafkaMessage) => void;
  /** Told as the read proceeds: all below is read. */
  readonly onProgress?: (position: bigint) => void;
  /** What has to be tidied up after the read, going on unseen. */
  readonly onLeft: (leaving: Promise<void>) => void;
  readonly clock: Clock;
}

const FETCH_BYTES = 4 * 1024 * 1024;

/**
 * Reads a partition in `read_committed`. `end`: all of it up to `endOffset`. `idle`: it stood still for `idleMs`,
 * as behind an open transaction.
 *
 * @throws whatever kafkajs gives up with; the reason of `signal`.
 */
export async function readPartition(read: PartitionRead, signal: AbortSignal): Promise<"end" | "idle"> {
  if (read.endOffset !== null && read.endOffset <= read.fromOffset) return "end";
  const consumer = read.kafka.consumer({
    groupId: read.groupId,
    partitionAssigners: [only(read.partition)],
    readUncommitted: false,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: read.fetchWaitMs,
    maxBytesPerPartition: FETCH_BYTES,
    retry: { restartOnFailure: async () => false },
  });
  const over = new AbortController();
  try {
    return await orAborted(new Reading(consumer, read, over.signal).run(), signal);
  } finally {
    over.abort();
    read.onLeft(leave(consumer, read));
  }
}

/** One consumer's way through the partition. */
class Reading {
  readonly #consumer: Consumer;
  readonly #read: PartitionRead;
  readonly #over: AbortSignal;
  /** All below is delivered, or is none of ours. */
  #position: bigint;
  #movedAtMs: number;

  constructor(consumer: Consumer, read: PartitionRead, over: AbortSignal) {
    this.#consumer = consumer;
    this.#read = read;
    this.#over = over;
    this.#position = read.fromOffset;
    this.#movedAtMs = read.clock.monotonicMs();
  }

  async run(): Promise<"end" | "idle"> {
    const { topic } = this.#read;
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topic, fromBeginning: true });
    const ended = this.#ended();
    ended.catch(() => undefined);
    await this.#consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => this.#deliver(batch) });
    this.#moved();
    return await Promise.race([ended, this.#idle()]);
  }

  #ended(): Promise<"end"> {
    const { endOffset } = this.#read;
    return new Promise<"end">((resolve, reject) => {
      this.#consumer.on("consumer.crash", ({ payload }) => reject(payload.error));
      // A group without committed offsets begins at the beginning, each time it is joined.
      this.#consumer.on("consumer.group_join", () => this.#seek());
      if (endOffset === null) this.#consumer.on("consumer.fetch", () => this.#moved());
      // Comes for batches of control records and aborted records too, which `eachBatch` never sees.
      this.#consumer.on("consumer.end_batch_process", ({ payload }) => {
        const position = BigInt(payload.lastOffset) + 1n;
        if (position > this.#position) this.#position = position;
        this.#moved();
        this.#read.onProgress?.(this.#position);
        if (endOffset !== null && this.#position >= endOffset) resolve("end");
      });
    });
  }

  #seek(): void {
    const { topic, partition } = this.#read;
    if (this.#position > 0n) this.#consumer.seek({ topic, partition, offset: String(this.#position) });
  }

  #moved(): void {
    this.#movedAtMs = this.#read.clock.monotonicMs();
  }

  async #idle(): Promise<"idle"> {
    const { clock, idleMs } = this.#read;
    for (;;) {
      const leftMs = this.#movedAtMs + idleMs - clock.monotonicMs();
      if (leftMs <= 0) return "idle";
      await clock.sleep(leftMs, this.#over);
    }
  }

  #deliver(batch: Batch): void {
    const { endOffset, onMessage } = this.#read;
    for (const message of batch.messages) {
      const offset = BigInt(message.offset);
      if (this.#over.aborted || (endOffset !== null && offset >= endOffset)) return;
      if (offset < this.#position) continue;
      onMessage(message);
      this.#position = offset + 1n;
    }
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
