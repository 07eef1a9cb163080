import type { ConnectorError } from "../kit/errors.ts";

/** A record for an activities or dead-letter topic; the partition is always explicit. */
export interface OutgoingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** A record for the shard's partition of the cursors topic; a null value is a tombstone. */
export interface StateRecord {
  readonly key: string;
  readonly value: string | Buffer | null;
}

/** What is committed as one: readers in `read_committed` see all of it or nothing. */
export interface Transaction {
  readonly state: readonly StateRecord[];
  readonly records: readonly OutgoingRecord[];
}

/** The latest value of each key in a shard's partition; tombstoned keys and owners' marks are absent. */
export type ShardState = ReadonlyMap<string, Buffer>;

/** All that was committed to a shard below an offset, and nothing from above it. */
export interface CommittedState {
  readonly state: ShardState;
  readonly endOffset: bigint;
}

/** A committed record; a null value is a tombstone. The value is the receiver's to keep. */
export type OnRecord = (key: string, value: Buffer | null) => void;

/**
 * One shard of the cursors topic, as its owner holds it. Calls are made one at a time; `follow` runs beside them.
 *
 *   open ──▶ commit ──▶ commit ──▶ … any error ──▶ open ──▶ …
 */
export interface ShardLog extends AsyncDisposable {
  readonly shard: number;
  /**
   * Whether nobody else has owned the shard between the last two openings: otherwise nothing counts of what was known
   * of its state before the last. True after the first.
   */
  readonly isContinued: boolean;
  /**
   * Fences every earlier owner, waits until its open transaction is decided, commits this owner's mark and
   * returns the state up to the mark, never read from behind an open transaction. May be called again at
   * any time, above all after a failed commit: the state then tells whether it was committed. What `mayOpen` says is
   * asked right before the fencing and again before the mark: where it is false, nothing more is written.
   *
   * @throws ConnectorError `publish_fenced` (fatal, but to whom the group still gives the shard) when a newer owner
   *   has fenced this one in the meantime; `kafka_refused` (fatal) when the brokers deny access;
   *   `kafka_unavailable` (retry) for all else, `mayOpen` included.
   */
  open(signal: AbortSignal): Promise<ShardState>;
  /**
   * One attempt at one transaction. Resolved: committed. `transaction.state` must not be empty.
   *
   * @throws ConnectorError `publish_fenced` (fatal, but to whom the group still gives the shard) when a newer owner has
   *   fenced this one; `publish_failed` (retry) for all else. After either only `open` may be called next: it tells
   *   whether the transaction was committed, which after `publish_failed` is not known.
   */
  commit(transaction: Transaction, signal: AbortSignal): Promise<void>;
  /**
   * Delivers, in order and each once, the records with a command's key that others append to the shard behind the
   * state which the last `open` returned; what was pending before is in that state. A record comes once every
   * transaction begun before it is decided. This owner's own records with such keys may come too, above all the
   * tombstones of what it has applied: a null value asks for nothing. Goes on, from where it is, when the shard is
   * opened again: what it delivers may then be in that state as well.
   *
   * Resolves, however the brokers are, once `signal` aborts: nothing is delivered from then on. Failures of the
   * brokers are waited out. `onRecord` must not throw.
   */
  follow(onRecord: OnRecord, signal: AbortSignal): Promise<void>;
}

/** A shard that the group has given to this process, from one assignment until `lost`. */
export interface Lease {
  readonly shard: number;
  /**
   * Aborted, before anything else happens, once the shard is another's or may be: the group has given it away, a whole
   * session has passed without proof, or this process has left.
   */
  readonly lost: AbortSignal;
  /**
   * Whether nobody else can have been given the shard yet: the membership is proven by what was sent within a session
   * less 1 s, and no join is under way. To be asked in the very turn in which a request leaves.
   *
   * @param afterMs monotonic ms: only what was sent later proves it.
   */
  isProven(afterMs?: number): boolean;
  /** Waits until `isProven(afterMs)`. @throws the reason of `lost`, or of `signal`. */
  proven(afterMs: number, signal: AbortSignal): Promise<void>;
}

/** What the group tells, each synchronously. None may throw. */
export interface GroupEvents {
  /** This process is to own a shard. A rebalance that leaves a shard in place tells nothing, and ends no lease. */
  gained(lease: Lease): void;
  /** A member, with whatever shards: after the first join, and after each that follows on `left`. */
  joined(): void;
  /** The client gave up and joins again by itself; `reason` is for a person. */
  left(reason: string): void;
  /** No joining helps: the brokers refuse it. */
  failed(error: ConnectorError): void;
}

/**
 * The group of all processes with the same cursors topic: it gives each shard to one of them, and gives it on when that
 * one leaves or dies. To be disposed of after the last transaction: it leaves at once, and every lease is lost.
 */
export interface ShardGroup extends AsyncDisposable {
  /**
   * Joins, and stays a member from then on, whatever happens to brokers and other members. After an error it may be
   * called again.
   * @throws ConnectorError `kafka_unavailable` (retry) | `kafka_refused` (fatal)
   */
  join(signal: AbortSignal): Promise<void>;
}

/** What a topic has to be. `partitions` is checked where it matters: a changed count moves keys and shards. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly kind: "activities" | "cursors" | "dlq";
}

/** What is wrong with a topic that exists, or why it cannot be made. `remedy` is for a person. */
export interface TopicProblem {
  readonly topic: string;
  /** True when all that is wrong is that the topic is not there. */
  readonly missing?: boolean;
  readonly problem: string;
  readonly remedy: string;
}

/** A record of an activities or dead-letter topic, as a consumer in `read_committed` has it. */
export interface TopicRecord {
  /** Of the record; epoch ms. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  /** Only good during the call, as the key. */
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** A stretch of a partition. */
export interface TopicPart {
  readonly topic: string;
  readonly partition: number;
  /** Included. */
  readonly fromOffset: bigint;
  /** Excluded: the last stable offset when it was asked for. */
  readonly endOffset: bigint;
  /** Whether records are gone that may have belonged into it: by retention, or by hand. */
  readonly isCut: boolean;
}

/** The broker as the connector needs it. The fake and the kafkajs adapter pass one contract suite. */
export interface KafkaPort extends AsyncDisposable {
  /**
   * Creates what is missing (unless `create` is false: then a missing topic is a problem) with the right
   * settings, and checks what is there: partition counts, and for `cursors` that it is compacted.
   * @throws ConnectorError `kafka_unavailable` | `kafka_refused`
   */
  prepareTopics(specs: readonly TopicSpec[], create: boolean, signal: AbortSignal): Promise<readonly TopicProblem[]>;
  /** The shard that a tenant's state lives in: murmur2 of its name modulo the cursors topic's partitions. */
  shardOf(tenant: string): number;
  /** The partition of a key in a topic that `prepareTopics` has seen, as the Java client's default computes it. */
  partitionOf(topic: string, key: Buffer): number;
  /** @param mayOpen see `ShardLog.open`; by default nobody else is reckoned with. */
  shard(shard: number, mayOpen?: () => boolean): ShardLog;
  /**
   * The group named like the cursors topic, once its topics are prepared.
   * @param inUse the shards that tenants live in: these are spread evenly.
   */
  group(inUse: ReadonlySet<number>, events: GroupEvents): ShardGroup;
  /**
   * How many members that group has: processes that own shards, or are about to.
   * @throws ConnectorError `kafka_unavailable` | `kafka_refused`
   */
  members(signal: AbortSignal): Promise<number>;
  /** A shard's committed state, read without fencing anybody. */
  readState(shard: number, signal: AbortSignal): Promise<CommittedState>;
  /**
   * Appends a command to a shard, outside of any transaction: nobody is fenced. It may be there more than once, and
   * after an error once or not at all: commands have ids.
   *
   * @param key a command's key: nobody but its owner may write others.
   * @returns where it is, for `followFrom`.
   * @throws ConnectorError `kafka_unavailable` | `kafka_refused`
   */
  sendCommand(shard: number, key: string, value: string | Buffer, signal: AbortSignal): Promise<bigint>;
  /** As `follow`, without owning the shard: every record from `offset` on, whatever its key, but for owners' marks. */
  followFrom(shard: number, offset: bigint, onRecord: OnRecord, signal: AbortSignal): Promise<void>;
  /**
   * What each partition of a topic holds that was written at `sinceMs` (epoch ms, by the records' timestamps) or later.
   * @throws ConnectorError `kafka_unavailable` | `kafka_refused`
   */
  topicParts(topic: string, sinceMs: number, signal: AbortSignal): Promise<readonly TopicPart[]>;
  /**
   * Every committed record of a part, in order and each once. `onRecord` must not throw.
   * @throws ConnectorError `kafka_unavailable` | `kafka_refused`
   */
  readPart(part: TopicPart, onRecord: (record: TopicRecord) => void, signal: AbortSignal): Promise<void>;
}
