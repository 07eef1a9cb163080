import type { Admin } from "kafkajs";
import type { Clock } from "../kit/clock.ts";
import type { ConnectorError } from "../kit/errors.ts";
import { createClient } from "./client.ts";
import { connectionError, failureOf, isNamed } from "./errors.ts";
import { Hearing } from "./hearing.ts";
import { openKafka } from "./kafkajs-port.ts";
import { type KafkaDeps, type KafkaOptions, withDefaults } from "./options.ts";
import type { KafkaPort, ShardState, TopicProblem, TopicSpec } from "./port.ts";
import { createRight, groupRights, type Right, topicRights, transactionRights } from "./rights.ts";
import { missingProblem, topicAdvice, topicConfig, topicProblems } from "./topic-settings.ts";
import { partitionsOf, settingsOf } from "./topics.ts";
import { tryTransaction } from "./trial-transaction.ts";
import { orAborted } from "./waiting.ts";

export interface BrokerQuestions {
  readonly specs: readonly TopicSpec[];
  /** Whether `run` creates the topics that are missing. */
  readonly create: boolean;
  /** The last lookback age of the scans that publish to a topic. */
  readonly oldestMs: (topic: string) => number;
  /** Whose state is read; empty: the topics alone are looked at. */
  readonly shards: readonly number[];
}

/** What became of something that was tried; not tried at all is what a refusal before it stands in the way of. */
export type Trial = { readonly kind: "done" | "untried" } | { readonly kind: "failed"; readonly error: ConnectorError };

export interface BrokerReport {
  readonly topics: readonly TopicReport[];
  /** `done`: one was begun, with a record for each topic that is there and takes it, and aborted. */
  readonly transaction: Trial;
  /** `done`: the group of the connector may be joined, and the groups that reading needs, and be deleted. */
  readonly group: Trial;
  /** Each shard's committed state, as far as it may be read. */
  readonly states: ReadonlyMap<number, ShardState>;
  /** What was asked for and refused. */
  readonly lacking: readonly Right[];
}

export interface TopicReport {
  readonly spec: TopicSpec;
  /** `hidden`: the connector's user may not see it. */
  readonly state: "there" | "missing" | "hidden";
  /** What `run` does not start with. */
  readonly problems: readonly TopicProblem[];
  /** What it starts with all the same. */
  readonly advice: readonly TopicProblem[];
}

/**
 * Tries all that `run` asks of the brokers. Nothing is created, committed or deleted; no shard is fenced, as the
 * transactional id is none of a shard's; the group that shares the shards out is not joined.
 *
 * @throws ConnectorError `kafka_unavailable` | `kafka_refused` where the brokers cannot be talked to at all.
 */
export type CheckBrokers = (questions: BrokerQuestions, signal: AbortSignal) => Promise<BrokerReport>;

/** `CheckBrokers` on real brokers. @throws as `openKafka` */
export function brokerCheck(options: KafkaOptions, deps: KafkaDeps): CheckBrokers {
  const full = withDefaults(options);
  return async (questions, signal) => {
    const hearing = new Hearing((log) => createClient(full, deps, log));
    await using port = openKafka(options, deps);
    const admin = hearing.kafka.admin();
    const { cursorsTopic, batchBytes } = full;
    const parts = { hearing, admin, port, cursorsTopic: cursorsTopic.name, batchBytes, clock: deps.clock };
    const doing = `asking ${options.brokers.join(", ")}`;
    try {
      return await orAborted(new Examination(parts, questions).run(signal), signal);
    } catch (error) {
      signal.throwIfAborted();
      throw connectionError(error, doing);
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  };
}

interface Parts {
  readonly hearing: Hearing;
  readonly admin: Admin;
  readonly port: KafkaPort;
  readonly cursorsTopic: string;
  readonly batchBytes: number;
  readonly clock: Clock;
}

/** One run through all questions; what is refused does not end it. */
class Examination {
  readonly #parts: Parts;
  readonly #questions: BrokerQuestions;
  readonly #lacking: Right[] = [];
  readonly #states = new Map<number, ShardState>();
  /** How many partitions each topic has. */
  readonly #partitions = new Map<string, number>();

  constructor(parts: Parts, questions: BrokerQuestions) {
    this.#parts = parts;
    this.#questions = questions;
  }

  async run(signal: AbortSignal): Promise<BrokerReport> {
    await this.#parts.hearing.explained(() => this.#parts.admin.connect());
    const topics: TopicReport[] = [];
    for (const spec of this.#questions.specs) topics.push(await this.#topic(spec));
    const report = { topics, states: this.#states, lacking: this.#lacking };
    if (this.#questions.shards.length === 0) {
      return { ...report, transaction: { kind: "untried" }, group: { kind: "untried" } };
    }
    const there = topics.filter(({ state }) => state === "there").map(({ spec }) => spec);
    const transaction = await this.#transaction(there, signal);
    return { ...report, transaction, group: await this.#group(there, signal) };
  }

  async #topic(spec: TopicSpec): Promise<TopicReport> {
    const { admin, batchBytes } = this.#parts;
    const report = { spec, problems: [], advice: [] };
    let state: TopicReport["state"] = "hidden";
    try {
      const partitions = await partitionsOf(admin, spec.name);
      if (partitions === null) return { ...report, state: "missing", problems: await this.#creation(spec) };
      this.#partitions.set(spec.name, partitions.length);
      state = "there";
      const found = { partitions, settings: await settingsOf(admin, spec.name) };
      const advice = topicAdvice(spec, found, this.#questions.oldestMs(spec.name));
      return { spec, state, problems: topicProblems(spec, found, batchBytes), advice };
    } catch (error) {
      const rights = topicRights(spec);
      this.#refuse(error, "TOPIC_AUTHORIZATION_FAILED", state === "there" ? only(rights, "DescribeConfigs") : rights);
      return { ...report, state };
    }
  }

  /** Whether `run` could create it, which is only asked. */
  async #creation(spec: TopicSpec): Promise<TopicProblem[]> {
    const missing = missingProblem(spec);
    if (!this.#questions.create) return [missing];
    try {
      await this.#parts.admin.createTopics({ topics: [topicConfig(spec)], validateOnly: true, waitForLeaders: false });
      return [missing];
    } catch (error) {
      const denied = ["TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED"].find((each) =>
        isNamed(error, each),
      );
      if (denied !== undefined) this.#refuse(error, denied, createRight(spec));
      const { found, remedy } = failureOf(error);
      return denied !== undefined ? [missing] : [{ topic: spec.name, problem: `cannot be created: ${found}`, remedy }];
    }
  }

  async #transaction(there: readonly TopicSpec[], signal: AbortSignal): Promise<Trial> {
    const { hearing, cursorsTopic, clock } = this.#parts;
    const [shard = 0] = this.#questions.shards;
    const isIn = (topic: string) => shard < (this.#partitions.get(topic) ?? 0);
    const places = there.map(({ name, kind }) => {
      return { topic: name, partition: kind === "cursors" && isIn(name) ? shard : 0 };
    });
    const trial = { transactionalId: `${cursorsTopic}-check`, places, clock };
    try {
      const refused = await hearing.explained((kafka) => tryTransaction(kafka, trial, signal));
      for (const [topic, error] of refused) {
        const rights = there.filter(({ name }) => name === topic).flatMap(topicRights);
        this.#refuse(error, "TOPIC_AUTHORIZATION_FAILED", only(rights, "Write"));
      }
      return { kind: "done" };
    } catch (error) {
      return this.#denied(error, transactionRights(cursorsTopic), "trying a transaction", signal);
    }
  }

  /** Behind the transaction, so that there is something to be read, if only what was aborted. */
  async #group(there: readonly TopicSpec[], signal: AbortSignal): Promise<Trial> {
    const { hearing, admin, cursorsTopic } = this.#parts;
    const rights = groupRights(cursorsTopic);
    const doing = `trying the group ${cursorsTopic}`;
    try {
      await hearing.explained(() => admin.describeGroups([cursorsTopic]));
    } catch (error) {
      return this.#denied(error, rights, doing, signal);
    }
    try {
      // There is no such group: whether it could be deleted is told all the same.
      await hearing.explained(() => admin.deleteGroups([`${cursorsTopic}-check`]));
    } catch (error) {
      const isAllowed = isNamed(error, "GROUP_ID_NOT_FOUND");
      const denied = isAllowed ? null : this.#denied(error, only(rights, "Delete"), doing, signal);
      if (denied?.kind === "failed") return denied;
    }
    // With another count of partitions the state would be looked for in the wrong shard.
    const isReadable = there.some(
      ({ name, kind, partitions }) => kind === "cursors" && this.#partitions.get(name) === partitions,
    );
    return isReadable ? await this.#reading(there, signal) : { kind: "untried" };
  }

  async #reading(there: readonly TopicSpec[], signal: AbortSignal): Promise<Trial> {
    const { port, cursorsTopic } = this.#parts;
    const read = async (shard: number) => {
      this.#states.set(shard, await port.readState(shard, signal));
    };
    try {
      await Promise.all(this.#questions.shards.map(read));
      return { kind: "done" };
    } catch (error) {
      const ofTopic = isNamed(error, "TOPIC_AUTHORIZATION_FAILED");
      const rights = ofTopic ? there.flatMap(topicRights) : groupRights(cursorsTopic);
      return this.#denied(error, only(rights, "Read"), `reading the state in ${cursorsTopic}`, signal);
    }
  }

  /** What was refused is lacking; all else is a failure. */
  #denied(error: unknown, rights: readonly Right[], doing: string, signal: AbortSignal): Trial {
    signal.throwIfAborted();
    if (failureOf(error).kind !== "refused") return { kind: "failed", error: connectionError(error, doing) };
    this.#lacking.push(...rights);
    return { kind: "untried" };
  }

  /** @throws `error`, where it is another than the refusal `name`. */
  #refuse(error: unknown, name: string, rights: readonly Right[]): void {
    if (!isNamed(error, name)) throw error;
    this.#lacking.push(...rights);
  }
}

const only = (rights: readonly Right[], operation: Right["operation"]): Right[] =>
  rights.filter((right) => right.operation === operation);
