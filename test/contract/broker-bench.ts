import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire } from "node:module";
import kafkajs, { type Admin, type Kafka } from "kafkajs";
import { openKafka } from "../../src/kafka/kafkajs-port.ts";
import type { KafkaPort, Transaction } from "../../src/kafka/port.ts";
import { systemClock } from "../../src/kit/clock.ts";
import { startBroker } from "../real/broker.ts";
import { eventually } from "../real/process.ts";
import { type Bench, type Names, SHARDS, type VisibleRecord } from "./kafka-bench.ts";

/** A broker of its own for the suite; what goes past the port uses kafkajs as plainly as it can be. */
export async function brokerBench(): Promise<Bench> {
  const broker = await startBroker();
  const brokers = [broker.bootstrap];
  const kafka = new kafkajs.Kafka({ brokers, clientId: "bench", logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const ports: KafkaPort[] = [];
  const connect = (names: Names): KafkaPort => {
    const cursorsTopic = { name: names.cursors, partitions: SHARDS };
    const port = openKafka({ brokers, clientId: "contract", cursorsTopic }, { clock: systemClock });
    ports.push(port);
    return port;
  };
  return {
    process: connect,
    processFencingAfter(names, then) {
      beforeNextFence(then);
      return connect(names);
    },
    async createTopic(topic, numPartitions, compacted) {
      const configEntries = [{ name: "cleanup.policy", value: compacted ? "compact" : "delete" }];
      await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }], waitForLeaders: true });
    },
    visible: (topic) => visible(kafka, topic),
    abandon: (names, shard, transaction) => abandon(kafka, names, { shard, transaction }),
    now: () => Date.now(),
    monotonicMs: () => systemClock.monotonicMs(),
    async [Symbol.asyncDispose]() {
      for (const port of ports) await port[Symbol.asyncDispose]();
      await admin.disconnect();
      await broker[Symbol.asyncDispose]();
    },
  };
}

interface BrokerClass {
  initProducerId(request: unknown): Promise<unknown>;
  listOffsets(request: object): Promise<unknown>;
}
const { prototype }: { prototype: BrokerClass } = createRequire(import.meta.url)("kafkajs/src/broker");

function beforeNextFence(then: () => Promise<void>): void {
  const initProducerId = prototype.initProducerId;
  prototype.initProducerId = async function (this: BrokerClass, request: unknown) {
    prototype.initProducerId = initProducerId;
    await then();
    return await initProducerId.call(this, request);
  };
}

const uncommitted = new AsyncLocalStorage<true>();
const { listOffsets } = prototype;
prototype.listOffsets = function (this: BrokerClass, request) {
  return listOffsets.call(this, uncommitted.getStore() ? { ...request, isolationLevel: 0 } : request);
};

/**
 * Where the partitions end, once each transaction's markers are written: brokers say that it is committed before. An
 * admin of kafkajs is told the last stable offset only, and that is where an undecided transaction begins.
 */
async function decidedEnds(admin: Admin, topic: string): Promise<ReadonlyMap<number, bigint>> {
  const ends = async () =>
    new Map((await admin.fetchTopicOffsets(topic)).map((each) => [each.partition, BigInt(each.high)]));
  const decided = async () => {
    const [stable, all] = [await ends(), await uncommitted.run(true, ends)];
    return [...all].every(([partition, end]) => stable.get(partition) === end) ? all : null;
  };
  return await eventually(decided, 30_000, `the transactions of ${topic} to be decided`);
}

/** All that a `read_committed` consumer is given of a topic to which nobody writes. */
export async function visible(kafka: Kafka, topic: string): Promise<VisibleRecord[]> {
  const admin = kafka.admin();
  await admin.connect();
  const ends = await decidedEnds(admin, topic);
  const waiting = new Set([...ends].filter(([, high]) => high > 0n).map(([partition]) => partition));
  const records: (VisibleRecord & { offset: bigint })[] = [];
  const consumer = kafka.consumer({ groupId: `visible-${Math.random()}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const done = new Promise<void>((resolve, reject) => {
    if (waiting.size === 0) resolve();
    consumer.on("consumer.crash", ({ payload }) => reject(payload.error));
    consumer.on("consumer.end_batch_process", ({ payload }) => {
      if (BigInt(payload.lastOffset) + 1n >= (ends.get(payload.partition) ?? 0n)) waiting.delete(payload.partition);
      if (waiting.size === 0) resolve();
    });
  });
  const eachBatch: Parameters<typeof consumer.run>[0] = {
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      for (const { key, value, offset, headers, timestamp } of batch.messages) {
        const named = Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)]));
        const timestampMs = Number(timestamp);
        records.push({ partition: batch.partition, offset: BigInt(offset), key, value, headers: named, timestampMs });
      }
    },
  };
  await consumer.run(eachBatch);
  await done;
  await consumer.disconnect();
  await admin.disconnect();
  return records.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset));
}

async function abandon(kafka: Kafka, names: Names, what: { shard: number; transaction: Transaction }): Promise<void> {
  const { shard, transaction } = what;
  const producer = kafka.producer({
    transactionalId: `${names.cursors}-${shard}`,
    maxInFlightRequests: 1,
    retry: { initialRetryTime: 5 },
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const open = await producer.transaction();
  const messages = transaction.state.map(({ key, value }) => ({ key, value, partition: shard }));
  await open.send({ topic: names.cursors, messages });
  for (const { topic, partition, key, value } of transaction.records) {
    await open.send({ topic, messages: [{ partition, key, value }] });
  }
  await producer.disconnect();
}
