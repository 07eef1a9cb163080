import type { Admin, Kafka, logCreator } from "kafkajs";
import { assert } from "../kit/errors.ts";
import { isCommandKey } from "../scan/command.ts";
import { compressionOf, createClient } from "./client.ts";
import { explainCoordinator } from "./coordinator.ts";
import { connectionError } from "./errors.ts";
import { follow } from "./follow.ts";
import { KafkaGroup } from "./group.ts";
import { type FullOptions, type KafkaDeps, type KafkaOptions, withDefaults } from "./options.ts";
import { partitionOfKey } from "./partitions.ts";
import type {
  CommittedState,
  GroupEvents,
  KafkaPort,
  OnRecord,
  ShardGroup,
  ShardLog,
  TopicPart,
  TopicProblem,
  TopicRecord,
  TopicSpec,
} from "./port.ts";
import { sendRecord } from "./send.ts";
import { KafkaShardLog } from "./shard-log.ts";
import { loadCommitted, type StateLoad } from "./state-load.ts";
import { partsOf, readTopicPart } from "./topic-read.ts";
import { prepareTopics } from "./topics.ts";
import { SAFE, type SendRules } from "./transaction.ts";
import { endsWithin, orAborted } from "./waiting.ts";

/**
 * The brokers by `options`. Nothing is connected until it is used.
 * @throws ConnectorError `config_invalid` for a compression that is not available.
 */
export function openKafka(options: KafkaOptions, deps: KafkaDeps): KafkaPort {
  return openKafkaWith(options, deps, SAFE);
}

/** As `openKafka`, with other rules for sending: for the test that shows what `SAFE` prevents, and nothing else. */
export function openKafkaWith(options: KafkaOptions, deps: KafkaDeps, rules: SendRules): KafkaPort {
  return new KafkajsPort(withDefaults(options), deps, rules);
}

const CLOSE_MAX_MS = 1_500;

class KafkajsPort implements KafkaPort {
  readonly #options: FullOptions;
  readonly #deps: KafkaDeps;
  readonly #rules: SendRules;
  readonly #kafka: Kafka;
  readonly #partitions = new Map<string, number>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #shards: ShardLog[] = [];

  constructor(options: FullOptions, deps: KafkaDeps, rules: SendRules) {
    compressionOf(options.compression);
    this.#options = options;
    this.#deps = deps;
    this.#rules = rules;
    this.#kafka = createClient(options, deps);
  }

  async prepareTopics(
    specs: readonly TopicSpec[],
    create: boolean,
    signal: AbortSignal,
  ): Promise<readonly TopicProblem[]> {
    const seen = (topic: string, partitions: number): void => {
      this.#partitions.set(topic, partitions);
    };
    const how = { create, batchBytes: this.#options.batchBytes, seen, clock: this.#deps.clock };
    return await this.#withAdmin(
      `checking topics ${specs.map((each) => each.name).join(", ")}`,
      (admin) => prepareTopics(admin, specs, how, signal),
      signal,
    );
  }

  shardOf(tenant: string): number {
    return partitionOfKey(Buffer.from(tenant), this.#options.cursorsTopic.partitions);
  }

  partitionOf(topic: string, key: Buffer): number {
    const partitions = this.#partitions.get(topic);
    assert(partitions !== undefined, `topic ${topic} was prepared before its partitions are asked for`);
    return partitionOfKey(key, partitions);
  }

  group(inUse: ReadonlySet<number>, events: GroupEvents): ShardGroup {
    const { cursorsTopic, sessionTimeoutMs, heartbeatIntervalMs } = this.#options;
    return new KafkaGroup({
      newClient: () => createClient(this.#options, this.#deps),
      cursorsTopic,
      inUse,
      sessionMs: sessionTimeoutMs,
      heartbeatMs: heartbeatIntervalMs,
      clock: this.#deps.clock,
      events,
      explain: (error) => this.#explain(error, null),
      onLeft: (leaving) => this.#track(leaving),
    });
  }

  shard(shard: number, mayOpen: () => boolean = () => true): ShardLog {
    const { cursorsTopic, transactionTimeoutMs, compression, batchBytes } = this.#options;
    const transactionalId = `${cursorsTopic.name}-${shard}`;
    const log = new KafkaShardLog({
      ...this.#load(),
      kafka: this.#kafka,
      transactionalId,
      shard,
      transactionTimeoutMs,
      compression: compressionOf(compression),
      batchBytes,
      rules: this.#rules,
      emit: this.#deps.emit ?? (() => undefined),
      explain: (error) => this.#explain(error, transactionalId),
      mayOpen,
    });
    this.#shards.push(log);
    return log;
  }

  async members(signal: AbortSignal): Promise<number> {
    const { name } = this.#options.cursorsTopic;
    const count = async (admin: Admin): Promise<number> => {
      const { groups } = await admin.describeGroups([name]);
      return groups.reduce((sum, { members }) => sum + members.length, 0);
    };
    return await this.#withAdmin(`asking who is in the group ${name}`, count, signal);
  }

  async readState(shard: number, signal: AbortSignal): Promise<CommittedState> {
    try {
      const { fold, endOffset } = await orAborted(loadCommitted({ ...this.#load(), shard }, signal), signal);
      return { state: fold.state, endOffset };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const doing = `reading shard ${shard} of ${this.#options.cursorsTopic.name}`;
      throw connectionError(await this.#explain(error, null), doing);
    }
  }

  async sendCommand(shard: number, key: string, value: string | Buffer, signal: AbortSignal): Promise<bigint> {
    assert(isCommandKey(key), "others than a shard's owner write nothing but commands to it");
    const where = { topic: this.#options.cursorsTopic.name, partition: shard };
    const record = { key, value, timestamp: String(this.#deps.clock.nowMs()) };
    const client = createClient(this.#options, this.#deps);
    try {
      return await orAborted(
        sendRecord(client, where, record, (leaving) => this.#track(leaving)),
        signal,
      );
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw connectionError(error, `sending a command to shard ${shard} of ${where.topic}`);
    }
  }

  async followFrom(shard: number, offset: bigint, onRecord: OnRecord, signal: AbortSignal): Promise<void> {
    await follow({ ...this.#load(), shard }, offset, onRecord, signal);
  }

  async topicParts(topic: string, sinceMs: number, signal: AbortSignal): Promise<readonly TopicPart[]> {
    const doing = `asking what topic ${topic} holds`;
    return await this.#withAdmin(doing, (admin) => partsOf(admin, topic, sinceMs), signal);
  }

  async readPart(part: TopicPart, onRecord: (record: TopicRecord) => void, signal: AbortSignal): Promise<void> {
    try {
      await readTopicPart(this.#load(), part, onRecord, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw connectionError(await this.#explain(error, null), `reading partition ${part.partition} of ${part.topic}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const shard of this.#shards) await shard[Symbol.asyncDispose]();
    await endsWithin(Promise.all(this.#leaving), CLOSE_MAX_MS, this.#deps.clock);
  }

  #load(): Omit<StateLoad, "shard"> {
    return {
      cursorsTopic: this.#options.cursorsTopic.name,
      newClient: () => createClient(this.#options, this.#deps),
      readIdleMs: this.#options.readIdleMs,
      clock: this.#deps.clock,
      onLeft: (leaving) => this.#track(leaving),
    };
  }

  #explain(error: unknown, transactionalId: string | null): Promise<unknown> {
    const client = (log: logCreator): Kafka => createClient(this.#options, this.#deps, log);
    return explainCoordinator(error, { client, transactionalId, groupId: `${this.#options.cursorsTopic.name}-read` });
  }

  async #withAdmin<T>(doing: string, work: (admin: Admin) => Promise<T>, signal: AbortSignal): Promise<T> {
    const admin = this.#kafka.admin();
    const working = admin.connect().then(() => work(admin));
    try {
      return await orAborted(working, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw connectionError(error, doing);
    } finally {
      this.#track(admin.disconnect().catch(() => undefined));
    }
  }

  #track(leaving: Promise<void>): void {
    this.#leaving.add(leaving);
    void leaving.finally(() => this.#leaving.delete(leaving));
  }
}
