import { partitionOfKey } from "../../src/kafka/partitions.ts";
import type {
  CommittedState,
  GroupEvents,
  KafkaPort,
  OnRecord,
  ShardGroup,
  ShardLog,
  ShardState,
  TopicPart,
  TopicProblem,
  TopicRecord,
  TopicSpec,
  Transaction,
} from "../../src/kafka/port.ts";
import type { Clock } from "../../src/kit/clock.ts";
import { assert, ConnectorError } from "../../src/kit/errors.ts";
import { isCommandKey } from "../../src/scan/command.ts";
import { follow } from "./memory-follow.ts";
import { MemoryMembership } from "./memory-group.ts";
import type { MemoryCluster } from "./memory-kafka.ts";
import { partsOf, problemsOf, recordsOf } from "./memory-topics.ts";

/**
 * Every point at which a process waits for the brokers, in their order. `…ed` comes after the brokers have acted
 * and before the process knows. `state.read` is any read but that of an open, those of `follow` included, which a
 * failure there puts off until something else changes. A command is sent past the steps.
 */
export const STEPS = [
  "topics.prepare",
  "group.join",
  "open.fence",
  "open.fenced",
  "open.mark",
  "open.marked",
  "open.read",
  "commit.state",
  "commit.records",
  "commit.end",
  "commit.ended",
  "state.read",
] as const;
export type StepName = (typeof STEPS)[number];

/**
 * Called and awaited at each step. To throw is a failure of the brokers there: before they acted, or, at a step
 * in `…ed`, after. Never to resolve is the death of the process there (call `kill` as well).
 */
export type Step = (step: StepName, shard: number) => Promise<void>;

/** A process, as its port needs to know it. */
export interface ProcessParts {
  readonly step: Step;
  readonly clock: Clock;
  readonly id: string;
  /** Whom the process's death and stops concern. */
  readonly memberships: Set<MemoryMembership>;
}

/** What one process holds of the cluster. */
export class MemoryPort implements KafkaPort {
  readonly #cluster: MemoryCluster;
  readonly #process: ProcessParts;
  readonly #step: Step;
  readonly #seen = new Map<string, number>();

  constructor(cluster: MemoryCluster, process: ProcessParts) {
    this.#cluster = cluster;
    this.#process = process;
    this.#step = process.step;
  }

  async prepareTopics(specs: readonly TopicSpec[], create: boolean, signal: AbortSignal) {
    await this.#wait("topics.prepare", -1, signal);
    const problems: TopicProblem[] = [];
    for (const spec of specs) {
      if (create && this.#cluster.topic(spec.name) === undefined) {
        this.#cluster.createTopic(spec.name, spec.partitions, spec.kind);
      }
      const topic = this.#cluster.topic(spec.name);
      if (topic !== undefined) this.#seen.set(spec.name, topic.logs.length);
      problems.push(...problemsOf(spec, topic));
    }
    return problems;
  }

  shardOf(tenant: string): number {
    return partitionOfKey(Buffer.from(tenant), this.#cluster.cursorsTopic.partitions);
  }

  partitionOf(topic: string, key: Buffer): number {
    const partitions = this.#seen.get(topic);
    assert(partitions !== undefined, `topic ${topic} was prepared before its partitions are asked for`);
    return partitionOfKey(key, partitions);
  }

  group(inUse: ReadonlySet<number>, events: GroupEvents): ShardGroup {
    const { clock, id, memberships } = this.#process;
    const arrive = (signal: AbortSignal) => this.#wait("group.join", -1, signal);
    const member = new MemoryMembership({ group: this.#cluster.group, id, clock, inUse }, events, arrive);
    memberships.add(member);
    return member;
  }

  async members(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    return this.#cluster.group.size;
  }

  shard(shard: number, mayOpen: () => boolean = () => true): ShardLog {
    return new MemoryShardLog(this.#cluster, { step: this.#step, mayOpen, clock: this.#process.clock }, shard);
  }

  async readState(shard: number, signal: AbortSignal): Promise<CommittedState> {
    await this.#wait("state.read", shard, signal);
    return { state: this.#cluster.committedState(shard), endOffset: BigInt(this.#cluster.stableEnd(shard)) };
  }

  async sendCommand(shard: number, key: string, value: string | Buffer, signal: AbortSignal): Promise<bigint> {
    assert(isCommandKey(key), "others than a shard's owner write nothing but commands to it");
    signal.throwIfAborted();
    const { name: topic } = this.#cluster.cursorsTopic;
    const bytes = { key: Buffer.from(key), value: Buffer.from(value) };
    const record = { topic, partition: shard, ...bytes, headers: {}, timestampMs: this.#process.clock.nowMs() };
    try {
      return BigInt(this.#cluster.append(record));
    } catch (error) {
      throw unavailable(error);
    }
  }

  async followFrom(shard: number, offset: bigint, onRecord: OnRecord, signal: AbortSignal): Promise<void> {
    await follow({ cluster: this.#cluster, step: this.#step, shard }, Number(offset), onRecord, signal);
  }

  async topicParts(topic: string, sinceMs: number, signal: AbortSignal): Promise<TopicPart[]> {
    await this.#wait("state.read", -1, signal);
    return partsOf(this.#cluster, topic, sinceMs);
  }

  async readPart(part: TopicPart, onRecord: (record: TopicRecord) => void, signal: AbortSignal): Promise<void> {
    await this.#wait("state.read", -1, signal);
    for (const record of recordsOf(this.#cluster, part)) onRecord(record);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #wait(step: StepName, shard: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    try {
      await this.#step(step, shard);
    } catch (error) {
      throw unavailable(error);
    }
    signal.throwIfAborted();
  }
}

class MemoryShardLog implements ShardLog {
  readonly shard: number;
  readonly #cluster: MemoryCluster;
  readonly #step: Step;
  readonly #mayOpen: () => boolean;
  readonly #clock: Clock;
  /** Null before the first `open` and after any error. */
  #epoch: number | null = null;
  #stateEnd: number | null = null;
  /** Of all tries to open since the last that succeeded, that one included. */
  #epochs = new Set<number>();
  #isContinued = true;

  constructor(cluster: MemoryCluster, how: { step: Step; mayOpen: () => boolean; clock: Clock }, shard: number) {
    this.shard = shard;
    this.#cluster = cluster;
    this.#step = how.step;
    this.#mayOpen = how.mayOpen;
    this.#clock = how.clock;
  }

  get isContinued(): boolean {
    return this.#isContinued;
  }

  async open(signal: AbortSignal): Promise<ShardState> {
    this.#epoch = null;
    signal.throwIfAborted();
    try {
      await this.#wait("open.fence", signal);
      this.#checkMayOpen();
      const owner = { shard: this.shard, epoch: this.#cluster.fence(this.shard) };
      await this.#wait("open.fenced", signal);
      await this.#wait("open.mark", signal);
      this.#checkMayOpen();
      const before = this.#cluster.mark(owner);
      const isContinued = this.#stateEnd === null || this.#epochs.has(before);
      this.#epochs.add(owner.epoch);
      await this.#wait("open.marked", signal);
      await this.#wait("open.read", signal);
      const state = this.#cluster.committedState(this.shard);
      this.#stateEnd = this.#cluster.stableEnd(this.shard);
      this.#epoch = owner.epoch;
      this.#epochs = new Set([owner.epoch]);
      this.#isContinued = isContinued;
      return state;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw unavailable(error);
    }
  }

  async commit(transaction: Transaction, signal: AbortSignal): Promise<void> {
    const epoch = this.#epoch;
    assert(epoch !== null, "a shard is opened before it is committed to, and again after an error");
    assert(transaction.state.length > 0, "a transaction holds state");
    signal.throwIfAborted();
    const owner = { shard: this.shard, epoch };
    this.#epoch = null;
    try {
      await this.#attempt(owner, transaction, signal);
    } catch (error) {
      throw failed(error);
    }
    this.#epoch = epoch;
  }

  async follow(onRecord: OnRecord, signal: AbortSignal): Promise<void> {
    const from = this.#stateEnd;
    assert(from !== null, "a shard is opened before it is followed");
    const onCommand: OnRecord = (key, value) => {
      if (isCommandKey(key)) onRecord(key, value);
    };
    await follow({ cluster: this.#cluster, step: this.#step, shard: this.shard }, from, onCommand, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#epoch = null;
  }

  #checkMayOpen(): void {
    if (!this.#mayOpen()) throw new Error(`shard ${this.shard} may be another's`);
  }

  async #attempt(owner: { shard: number; epoch: number }, transaction: Transaction, signal: AbortSignal) {
    const topic = this.#cluster.cursorsTopic.name;
    const timestampMs = this.#clock.nowMs();
    try {
      await this.#wait("commit.state", signal);
      for (const { key, value } of transaction.state) {
        const bytes = { key: Buffer.from(key), value: value === null ? null : Buffer.from(value) };
        this.#cluster.write(owner, { topic, partition: this.shard, ...bytes, headers: {}, timestampMs });
      }
      await this.#wait("commit.records", signal);
      for (const record of transaction.records)
        this.#cluster.write(owner, { ...record, value: Buffer.from(record.value), timestampMs });
      await this.#wait("commit.end", signal);
    } catch (error) {
      if (signal.aborted) this.#cluster.end(owner, "aborted");
      throw error;
    }
    this.#cluster.end(owner, "committed");
    await this.#step("commit.ended", this.shard);
  }

  async #wait(step: StepName, signal: AbortSignal): Promise<void> {
    await this.#step(step, this.shard);
    signal.throwIfAborted();
  }
}

function unavailable(error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error;
  return new ConnectorError("kafka_unavailable", `brokers: ${String(error)}`, { disposition: "retry", cause: error });
}

function failed(error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error;
  return new ConnectorError("publish_failed", `transaction: ${String(error)}`, { disposition: "retry", cause: error });
}
