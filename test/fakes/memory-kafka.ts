import { partitionOfKey } from "../../src/kafka/partitions.ts";
import type { KafkaPort, ShardLog, ShardState, TopicProblem, TopicSpec, Transaction } from "../../src/kafka/port.ts";
import { assert, ConnectorError } from "../../src/kit/errors.ts";

/**
 * Every point at which a process waits for the brokers, in their order. `…ed` comes after the brokers have acted
 * and before the process knows.
 */
export const STEPS = [
  "topics.prepare",
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

export interface StoredRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

interface OpenTransaction {
  outcome: "open" | "committed" | "aborted";
}

interface Entry extends StoredRecord {
  readonly transaction: OpenTransaction;
}

interface Owner {
  epoch: number;
  current: OpenTransaction | null;
}

interface StoredTopic {
  readonly kind: TopicSpec["kind"] | "uncompacted";
  readonly logs: Entry[][];
}

/** One connector process: what it holds of the cluster. */
export interface MemoryProcess {
  readonly port: KafkaPort;
  /** SIGKILL: nothing that it has begun or begins ever comes back; its open transactions stay undecided. */
  kill(): void;
}

/**
 * The brokers, in memory: partitions, transactions, fencing, last stable offsets. Deterministic: no timers, no
 * randomness; time passes only in `step`.
 */
export class MemoryCluster {
  readonly cursorsTopic: { readonly name: string; readonly partitions: number };
  readonly #topics = new Map<string, StoredTopic>();
  readonly #owners = new Map<number, Owner>();

  constructor(cursorsTopic: { readonly name: string; readonly partitions: number }) {
    this.cursorsTopic = cursorsTopic;
  }

  /** A process of its own; `step` is called at each of its waits. */
  process(step: Step = async () => undefined): MemoryProcess {
    const life = { dead: false };
    const at: Step = async (name, shard) => {
      if (!life.dead) await step(name, shard);
      if (life.dead) await new Promise<never>(() => undefined);
    };
    return {
      port: new MemoryPort(this, at),
      kill: () => {
        life.dead = true;
      },
    };
  }

  /** What a `read_committed` reader sees of a topic: by partition, then offset. */
  committed(topic: string): StoredRecord[] {
    return (this.#topics.get(topic)?.logs ?? []).flatMap(committedPart);
  }

  /** As an operator would make it beforehand, rightly or wrongly. */
  createTopic(name: string, partitions: number, kind: StoredTopic["kind"]): void {
    this.#topics.set(name, { kind, logs: Array.from({ length: partitions }, () => []) });
  }

  topic(name: string): StoredTopic | undefined {
    return this.#topics.get(name);
  }

  /** InitProducerId: earlier owners are fenced and the open transaction is aborted. */
  fence(shard: number): number {
    const owner = this.#owner(shard);
    if (owner.current !== null) owner.current.outcome = "aborted";
    owner.current = null;
    return ++owner.epoch;
  }

  /** Writes into the owner's transaction, beginning it where none is open. @throws when the epoch is an old one. */
  write(owner: { shard: number; epoch: number }, record: Omit<StoredRecord, "offset">): void {
    const held = this.#checked(owner);
    held.current ??= { outcome: "open" };
    const log = this.#topics.get(record.topic)?.logs[record.partition];
    if (log === undefined) throw new Error(`there is no partition ${record.partition} of ${record.topic}`);
    log.push({ ...record, offset: log.length, transaction: held.current });
  }

  /** EndTxn. @throws when the epoch is an old one. */
  end(owner: { shard: number; epoch: number }, outcome: "committed" | "aborted"): void {
    const held = this.#checked(owner);
    if (held.current !== null) held.current.outcome = outcome;
    held.current = null;
  }

  /** The shard's partition in `read_committed`: it ends before the first record of an open transaction. */
  committedState(shard: number): ShardState {
    const state = new Map<string, Buffer>();
    for (const { key, value } of committedPart(this.#topics.get(this.cursorsTopic.name)?.logs[shard] ?? [])) {
      if (value === null) state.delete(String(key));
      else state.set(String(key), Buffer.from(value));
    }
    return state;
  }

  #owner(shard: number): Owner {
    const owner = this.#owners.get(shard) ?? { epoch: 0, current: null };
    this.#owners.set(shard, owner);
    return owner;
  }

  #checked({ shard, epoch }: { shard: number; epoch: number }): Owner {
    const owner = this.#owner(shard);
    if (owner.epoch === epoch) return owner;
    throw new ConnectorError("publish_fenced", `shard ${shard}: a newer owner has taken over`, {
      disposition: "fatal",
    });
  }
}

function committedPart(log: readonly Entry[]): Entry[] {
  const firstOpen = log.findIndex((entry) => entry.transaction.outcome === "open");
  const stable = firstOpen < 0 ? log : log.slice(0, firstOpen);
  return stable.filter((entry) => entry.transaction.outcome === "committed");
}

class MemoryPort implements KafkaPort {
  readonly #cluster: MemoryCluster;
  readonly #step: Step;
  readonly #seen = new Map<string, number>();

  constructor(cluster: MemoryCluster, step: Step) {
    this.#cluster = cluster;
    this.#step = step;
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
      problems.push(...check(spec, topic));
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

  shard(shard: number): ShardLog {
    return new MemoryShardLog(this.#cluster, this.#step, shard);
  }

  async readState(shard: number, signal: AbortSignal): Promise<ShardState> {
    await this.#wait("state.read", shard, signal);
    return this.#cluster.committedState(shard);
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
  /** Null before the first `open` and after any error. */
  #epoch: number | null = null;

  constructor(cluster: MemoryCluster, step: Step, shard: number) {
    this.shard = shard;
    this.#cluster = cluster;
    this.#step = step;
  }

  async open(signal: AbortSignal): Promise<ShardState> {
    this.#epoch = null;
    signal.throwIfAborted();
    try {
      await this.#wait("open.fence", signal);
      const owner = { shard: this.shard, epoch: this.#cluster.fence(this.shard) };
      await this.#wait("open.fenced", signal);
      await this.#wait("open.mark", signal);
      this.#cluster.end(owner, "committed");
      await this.#wait("open.marked", signal);
      await this.#wait("open.read", signal);
      const state = this.#cluster.committedState(this.shard);
      this.#epoch = owner.epoch;
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#epoch = null;
  }

  async #attempt(owner: { shard: number; epoch: number }, transaction: Transaction, signal: AbortSignal) {
    const topic = this.#cluster.cursorsTopic.name;
    try {
      await this.#wait("commit.state", signal);
      for (const { key, value } of transaction.state) {
        const bytes = value === null ? null : Buffer.from(value);
        this.#cluster.write(owner, { topic, partition: this.shard, key: Buffer.from(key), value: bytes, headers: {} });
      }
      await this.#wait("commit.records", signal);
      for (const record of transaction.records)
        this.#cluster.write(owner, { ...record, value: Buffer.from(record.value) });
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

function check(spec: TopicSpec, topic: StoredTopic | undefined): TopicProblem[] {
  if (topic === undefined) return [{ topic: spec.name, missing: true, problem: "does not exist", remedy: "create it" }];
  const problems: TopicProblem[] = [];
  if (topic.logs.length !== spec.partitions) {
    const problem = `has ${topic.logs.length} partitions, configured are ${spec.partitions}`;
    problems.push({ topic: spec.name, problem, remedy: `set the configured partitions to ${topic.logs.length}` });
  }
  if (spec.kind === "cursors" && topic.kind !== "cursors") {
    problems.push({ topic: spec.name, problem: 'cleanup.policy is "delete"', remedy: "set cleanup.policy=compact" });
  }
  return problems;
}

function unavailable(error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error;
  return new ConnectorError("kafka_unavailable", `brokers: ${String(error)}`, { disposition: "retry", cause: error });
}

function failed(error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error;
  return new ConnectorError("publish_failed", `transaction: ${String(error)}`, { disposition: "retry", cause: error });
}
