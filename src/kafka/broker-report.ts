import type { ConnectorError } from "../kit/errors.ts";
import type { ShardState, TopicProblem, TopicSpec } from "./port.ts";
import type { Right } from "./rights.ts";

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
