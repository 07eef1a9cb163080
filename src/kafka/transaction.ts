import type {
  CompressionTypes,
  Kafka,
  Transaction as KafkaTransaction,
  Message,
  Producer,
  TopicMessages,
} from "kafkajs";
import type { Clock } from "../kit/clock.ts";
import { assert } from "../kit/errors.ts";
import { BATCH_MESSAGES, CALL_BYTES, type CallLimits, cutIntoCalls, type PlacedMessage, placeOf } from "./calls.ts";
import { isConcurrentTransactions } from "./errors.ts";
import type { OutgoingRecord, StateRecord, Transaction } from "./port.ts";
import { endsWithin } from "./waiting.ts";

/** The rules that make a transaction safe. Others than `SAFE` are only for the test that shows what they prevent. */
export interface SendRules {
  /** Attempts of kafkajs's own beyond the first: with them it can lose or repeat records (see `SAFE`). */
  readonly retries: number;
  /** Whether every (topic, partition) sent to must have answered before the commit. */
  readonly guard: boolean;
}

/**
 * One attempt: kafkajs keeps answers by broker across its own retries, so a partition whose leader moved meanwhile
 * may never be sent and the call still resolves; or a slow broker is sent the same records twice. The guard is the
 * second line of defence.
 */
export const SAFE: SendRules = { retries: 0, guard: true };

export interface ProducerOptions {
  readonly kafka: Kafka;
  readonly transactionalId: string;
  readonly cursorsTopic: string;
  readonly shard: number;
  readonly transactionTimeoutMs: number;
  readonly compression: CompressionTypes;
  readonly batchBytes: number;
  readonly rules: SendRules;
  readonly clock: Clock;
}

/** The brokers refuse the first write for some ms after each commit, while its markers are being written. */
const REFUSED_WAIT_MS = 2;
const REFUSED_MAX_MS = 20_000;
/** About what a record takes beside its key, value and headers. */
const RECORD_OVERHEAD_BYTES = 32;
const ABORT_MAX_MS = 3_000;

/** A call resolved though a partition had not answered for its records. */
class UnansweredError extends Error {
  constructor(places: readonly string[]) {
    super(`the brokers' answer is missing for ${places.join(", ")}`);
    this.name = "UnansweredError";
  }
}

/**
 * One life of a shard's transactional producer: made, initialised by its first transaction, thrown away at the
 * first error. After an error only a new one tells, by the state, what became of the last transaction.
 */
export class ShardProducer {
  readonly #options: ProducerOptions;
  readonly #limits: CallLimits;
  readonly #producer: Producer;

  constructor(options: ProducerOptions) {
    this.#options = options;
    this.#limits = { batchBytes: options.batchBytes, batchMessages: BATCH_MESSAGES, callBytes: CALL_BYTES };
    // `idempotent` stays unset: with it kafkajs insists on retries. A transaction is idempotent all the same.
    this.#producer = options.kafka.producer({
      transactionalId: options.transactionalId,
      transactionTimeout: options.transactionTimeoutMs,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: { retries: options.rules.retries },
      createPartitioner: () => explicitPartition,
    });
  }

  async connect(): Promise<void> {
    await this.#producer.connect();
  }

  /**
   * One attempt at one transaction: the state first and alone, then the records, then the commit. The first
   * transaction of a producer fences earlier ones and waits until their open transaction is decided.
   *
   * @param fenced called once earlier ones are fenced, before anything is written.
   * @returns the offset of the first state record.
   * @throws whatever went wrong; the reason of `signal` when it aborts before the commit was asked for.
   */
  async run(transaction: Transaction, signal: AbortSignal, fenced?: () => void): Promise<bigint> {
    assert(transaction.state.length > 0, "a transaction holds state");
    const opened = await this.#producer.transaction();
    try {
      fenced?.();
      const offset = await this.#sendState(opened, transaction.state, signal);
      for (const call of cutIntoCalls(this.#records(transaction.records), this.#limits)) {
        signal.throwIfAborted();
        await this.#send(opened, call);
      }
      signal.throwIfAborted();
      await opened.commit();
      return offset;
    } catch (error) {
      // Nobody may open this shard again soon: do not leave readers waiting for the transaction's time-out.
      if (signal.aborted && opened.isActive()) await endsWithin(opened.abort(), ABORT_MAX_MS, this.#options.clock);
      throw error;
    }
  }

  async disconnect(): Promise<void> {
    await this.#producer.disconnect();
  }

  async #sendState(opened: KafkaTransaction, state: readonly StateRecord[], signal: AbortSignal): Promise<bigint> {
    let first: bigint | null = null;
    for (const call of cutIntoCalls(this.#state(state), this.#limits)) {
      if (first === null) first = await this.#sendFirst(opened, call, signal);
      else await this.#send(opened, call);
    }
    assert(first !== null, "state makes at least one call");
    return first;
  }

  /** The only call that is repeated, and only where the brokers refused it before anything was written. */
  async #sendFirst(opened: KafkaTransaction, call: TopicMessages[], signal: AbortSignal): Promise<bigint> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + REFUSED_MAX_MS;
    for (;;) {
      signal.throwIfAborted();
      try {
        return await this.#send(opened, call);
      } catch (error) {
        if (!isConcurrentTransactions(error) || clock.monotonicMs() > untilMs) throw error;
      }
      await clock.sleep(REFUSED_WAIT_MS, signal);
    }
  }

  /** @returns the base offset of the call's first answered batch. */
  async #send(opened: KafkaTransaction, call: TopicMessages[]): Promise<bigint> {
    const { compression, rules } = this.#options;
    const answers = await opened.sendBatch({ acks: -1, compression, topicMessages: call });
    if (rules.guard) {
      const answered = new Set(
        answers.filter((each) => each.errorCode === 0).map((each) => placeOf(each.topicName, each.partition)),
      );
      const missing = placesOf(call).filter((place) => !answered.has(place));
      if (missing.length > 0) throw new UnansweredError(missing);
    }
    return BigInt(answers[0]?.baseOffset ?? -1);
  }

  *#state(state: readonly StateRecord[]): Generator<PlacedMessage> {
    const { cursorsTopic, shard, clock } = this.#options;
    const timestamp = String(clock.nowMs());
    for (const { key, value } of state) {
      const bytes = RECORD_OVERHEAD_BYTES + Buffer.byteLength(key) + (value === null ? 0 : Buffer.byteLength(value));
      yield { topic: cursorsTopic, partition: shard, message: { key, value, partition: shard, timestamp }, bytes };
    }
  }

  *#records(records: readonly OutgoingRecord[]): Generator<PlacedMessage> {
    const timestamp = String(this.#options.clock.nowMs());
    for (const { topic, partition, key, value, headers } of records) {
      const message: Message = { key, value, partition, headers, timestamp };
      yield { topic, partition, message, bytes: bytesOf(key, value, headers) };
    }
  }
}

function bytesOf(key: Buffer | null, value: Buffer, headers: Readonly<Record<string, string>>): number {
  let bytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + value.length;
  for (const [name, text] of Object.entries(headers)) bytes += name.length + Buffer.byteLength(text) + 2;
  return bytes;
}

/** kafkajs's own partitioners would choose again on a retry; here a record without a place is a bug. */
function explicitPartition({ message }: { message: Message }): number {
  assert(message.partition !== undefined, "every record names its partition");
  return message.partition;
}

function placesOf(call: readonly TopicMessages[]): string[] {
  const places = new Set<string>();
  for (const { topic, messages } of call) {
    for (const { partition } of messages) places.add(placeOf(topic, partition ?? -1));
  }
  return [...places];
}
