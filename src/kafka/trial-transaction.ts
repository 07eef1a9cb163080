import type { Kafka, Message, Producer, Transaction } from "kafkajs";
import type { Clock } from "../kit/clock.ts";
import { failureOf, isConcurrentTransactions } from "./errors.ts";
import { attempted } from "./waiting.ts";

export interface TrialTransaction {
  /** Of no shard: whoever has it fences nobody but another trial. */
  readonly transactionalId: string;
  readonly places: readonly { readonly topic: string; readonly partition: number }[];
  readonly clock: Clock;
}

/** A trial that dies in the middle holds up readers of what follows for no longer than this. */
const TRANSACTION_TIMEOUT_MS = 10_000;
/** Trials side by side fence each other, for the moment that each takes. */
const TRIALS_MAX = 5;
const TRIAL_WAIT_MS = 150;
/** While the brokers are ending the trial before this one. */
const SENDS_MAX = 100;
const SEND_WAIT_MS = 20;
const KEY = JSON.stringify({ check: "transaction" });

/**
 * One transaction with a record for each place, aborted: no reader in `read_committed` ever sees anything of it.
 *
 * @returns what was answered instead of taking a topic's record, by topic.
 * @throws what kafkajs throws, above all where the transactional id is refused.
 */
export async function tryTransaction(
  kafka: Kafka,
  trial: TrialTransaction,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, unknown>> {
  const again = (error: unknown) => failureOf(error).kind === "fenced";
  const how = { max: TRIALS_MAX, waitMs: TRIAL_WAIT_MS, again, clock: trial.clock };
  return await attempted(() => tryOnce(kafka, trial, signal), how, signal);
}

async function tryOnce(kafka: Kafka, trial: TrialTransaction, signal: AbortSignal) {
  const producer = kafka.producer({
    transactionalId: trial.transactionalId,
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    retry: { retries: 0 },
    createPartitioner: () => explicitPartition,
  });
  try {
    await producer.connect();
    return await writeAndAbort(producer, trial, signal);
  } finally {
    await producer.disconnect().catch(() => undefined);
  }
}

async function writeAndAbort(producer: Producer, { places, clock }: TrialTransaction, signal: AbortSignal) {
  const opened: Transaction = await producer.transaction();
  const refused = new Map<string, unknown>();
  try {
    for (const { topic, partition } of places) {
      const message: Message = { key: KEY, value: "", partition };
      const send = () => opened.sendBatch({ acks: -1, topicMessages: [{ topic, messages: [message] }] });
      const how = { max: SENDS_MAX, waitMs: SEND_WAIT_MS, again: isConcurrentTransactions, clock };
      try {
        await attempted(send, how, signal);
      } catch (error) {
        if (signal.aborted || failureOf(error).kind === "fenced") throw error;
        refused.set(topic, error);
      }
    }
  } finally {
    await opened.abort();
  }
  return refused;
}

const explicitPartition = ({ message }: { message: Message }): number => message.partition ?? 0;
