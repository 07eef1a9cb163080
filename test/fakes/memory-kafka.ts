import type { KafkaPort, ShardState, TopicSpec } from "../../src/kafka/port.ts";
import { type Clock, systemClock } from "../../src/kit/clock.ts";
import { ConnectorError } from "../../src/kit/errors.ts";
import { MemoryGroup, type MemoryMembership } from "./memory-group.ts";
import { MemoryPort, type Step } from "./memory-kafka-port.ts";

export { STEPS, type Step } from "./memory-kafka-port.ts";

export interface StoredRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  /** By its writer's clock. */
  readonly timestampMs: number;
}

interface OpenTransaction {
  outcome: "open" | "committed" | "aborted";
}

interface Entry extends StoredRecord {
  readonly transaction: OpenTransaction;
}

interface Owner {
  epoch: number;
  /** Of whoever left the latest mark; 0: nobody yet. */
  markEpoch: number;
  current: OpenTransaction | null;
}

export interface StoredTopic {
  readonly kind: TopicSpec["kind"] | "uncompacted";
  readonly logs: Entry[][];
}

/** One connector process: what it holds of the cluster. */
export interface MemoryProcess {
  /** In the group. */
  readonly id: string;
  readonly port: KafkaPort;
  /** SIGKILL: nothing that it has begun or begins ever comes back; its open transactions stay undecided. */
  kill(): void;
  /** SIGSTOP and SIGCONT, as the group sees them. */
  fallSilent(): void;
  wake(): void;
}

/**
 * The brokers, in memory: partitions, transactions, fencing, last stable offsets. Deterministic: no timers, no
 * randomness; time passes only in `step`.
 */
export class MemoryCluster {
  readonly cursorsTopic: { readonly name: string; readonly partitions: number };
  #group: MemoryGroup;
  #processes = 0;
  readonly #topics = new Map<string, StoredTopic>();
  readonly #owners = new Map<number, Owner>();
  readonly #waiting = new Set<() => void>();

  constructor(cursorsTopic: { readonly name: string; readonly partitions: number }) {
    this.cursorsTopic = cursorsTopic;
    this.#group = new MemoryGroup(cursorsTopic.partitions);
  }

  get group(): MemoryGroup {
    return this.#group;
  }

  /** The coordinator forgets its members: who joins from now on gets shards that others believe to be theirs. */
  forgetGroup(): void {
    this.#group = new MemoryGroup(this.cursorsTopic.partitions);
  }

  /** A process of its own; `step` is called at each of its waits. Only the group needs its clock. */
  process(step: Step = async () => undefined, clock: Clock = systemClock): MemoryProcess {
    const life = { dead: false };
    const memberships = new Set<MemoryMembership>();
    const id = `process-${this.#processes++}`;
    const at: Step = async (name, shard) => {
      if (!life.dead) await step(name, shard);
      if (life.dead) await new Promise<never>(() => undefined);
    };
    return {
      id,
      port: new MemoryPort(this, { step: at, clock, id, memberships }),
      kill: () => {
        life.dead = true;
        for (const member of memberships) member.fallSilent();
      },
      fallSilent: () => {
        for (const member of memberships) member.fallSilent();
      },
      wake: () => {
        for (const member of memberships) member.wake();
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
    this.#tell();
    return ++owner.epoch;
  }

  /** The mark that the newest owner leaves. @returns whose there was before. @throws when the epoch is an old one. */
  mark(owner: { shard: number; epoch: number }): number {
    const held = this.#checked(owner);
    const before = held.markEpoch;
    held.markEpoch = owner.epoch;
    this.end(owner, "committed");
    return before;
  }

  /** How often a shard's owners have been fenced. */
  epoch(shard: number): number {
    return this.#owner(shard).epoch;
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
    this.#tell();
  }

  /** What an ordinary producer writes: committed at once, and seen once all before it is decided. */
  append(record: Omit<StoredRecord, "offset">): number {
    const log = this.#topics.get(record.topic)?.logs[record.partition];
    if (log === undefined) throw new Error(`there is no partition ${record.partition} of ${record.topic}`);
    const offset = log.length;
    log.push({ ...record, offset, transaction: { outcome: "committed" } });
    this.#tell();
    return offset;
  }

  /** The shard's partition in `read_committed`: it ends before the first record of an open transaction. */
  committedState(shard: number): ShardState {
    const state = new Map<string, Buffer>();
    for (const { key, value } of committedPart(this.#shard(shard))) {
      if (value === null) state.delete(String(key));
      else state.set(String(key), Buffer.from(value));
    }
    return state;
  }

  /** The last stable offset of a shard. */
  stableEnd(shard: number): number {
    return stablePart(this.#shard(shard)).length;
  }

  /** A shard's committed records from `from` on, `until` excluded. */
  committedBetween(shard: number, from: number, until: number): StoredRecord[] {
    return committedPart(this.#shard(shard)).filter(({ offset }) => offset >= from && offset < until);
  }

  /** A partition's committed records, and where the stable part of it ends. */
  part(topic: string, partition: number): { readonly records: StoredRecord[]; readonly end: number } {
    const log = this.#topics.get(topic)?.logs[partition] ?? [];
    return { records: committedPart(log), end: stablePart(log).length };
  }

  /** Resolves when something was decided or appended, or `signal` aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  #tell(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #shard(shard: number): readonly Entry[] {
    return this.#topics.get(this.cursorsTopic.name)?.logs[shard] ?? [];
  }

  #owner(shard: number): Owner {
    const owner = this.#owners.get(shard) ?? { epoch: 0, markEpoch: 0, current: null };
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
  return stablePart(log).filter((entry) => entry.transaction.outcome === "committed");
}

function stablePart(log: readonly Entry[]): readonly Entry[] {
  const firstOpen = log.findIndex((entry) => entry.transaction.outcome === "open");
  return firstOpen < 0 ? log : log.slice(0, firstOpen);
}
