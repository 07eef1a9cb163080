import type { Admin } from "kafkajs";
import type { Clock } from "../kit/clock.ts";
import type { BrokerQuestions, BrokerReport, CheckBrokers, TopicReport, Trial } from "./broker-report.ts";
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

const DENIED_CREATION = ["TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED"];

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
      if (!DENIED_CREATION.some((name) => isNamed(error, name))) {
        const { found, remedy } = failureOf(error);
        return [{ topic: spec.name, problem: `cannot be created: ${found}`, remedy }];
      }
      this.#lacking.push(...createRight(spec));
      return [missing];
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
      this.#states.set(shard, (await port.readState(shard, signal)).state);
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
