import { randomBytes } from "node:crypto";
import { Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import { expect, test } from "vitest";
import { correctBatchEnds } from "../../src/kafka/batch-ends.ts";
import { openKafka } from "../../src/kafka/kafkajs-port.ts";
import { systemClock } from "../../src/kit/clock.ts";
import { startBroker } from "../real/broker.ts";
import { ensureBuilt } from "../real/built.ts";
import { checkTopic } from "../real/checker.ts";
import { type LiveOptions, startLive, untilCaughtUp } from "../real/live-connector.ts";
import { batchCounts } from "../real/log-segments.ts";
import { eventually } from "../real/process.ts";
import { startRegistry } from "../real/registry.ts";
import { startMock } from "../real/stack.ts";

const TOPIC = "compacted";
const CURSORS = `${TOPIC}-cursors`;

/** The cleaner looks every 100 ms, and nothing is too young or too little for it. */
const EAGER_CLEANER = { "log.cleaner.backoff.ms": 100, "log.cleaner.threads": 1 };
const EAGER_TOPIC: Readonly<Record<string, string>> = {
  "cleanup.policy": "compact",
  "segment.ms": "200",
  "min.cleanable.dirty.ratio": "0.001",
  "min.compaction.lag.ms": "0",
  "max.compaction.lag.ms": "500",
  "delete.retention.ms": "0",
  "segment.bytes": String(1024 * 1024),
  "file.delete.delay.ms": "100",
};

function client(bootstrap: string): Kafka {
  correctBatchEnds();
  return new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50 } });
}

async function createCursorsTopic(bootstrap: string, topic: string, numPartitions: number): Promise<void> {
  const admin = client(bootstrap).admin();
  await admin.connect();
  const configEntries = Object.entries(EAGER_TOPIC).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }], waitForLeaders: true });
  await admin.disconnect();
}

interface Census {
  /** Records ever written to the topic, the ends of transactions included. */
  readonly written: number;
  /** Records that a reader from the beginning still finds. */
  readonly found: number;
}

/** Reads the cursors topic from its beginning to where it ends now. */
async function census(bootstrap: string, groupId: string): Promise<Census> {
  const kafka = client(bootstrap);
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(CURSORS);
  await admin.disconnect();
  const ends = new Map(offsets.filter(({ high }) => high !== "0").map((each) => [each.partition, Number(each.high)]));
  const written = [...ends.values()].reduce((sum, end) => sum + end, 0);
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic: CURSORS, fromBeginning: true });
  let found = 0;
  const read = new Promise<void>((resolve) => {
    consumer.on("consumer.end_batch_process", ({ payload }) => {
      if (Number(payload.lastOffset) + 1 >= (ends.get(payload.partition) ?? 0)) ends.delete(payload.partition);
      if (ends.size === 0) resolve();
    });
  });
  await consumer.run({
    eachBatch: async ({ batch }) => {
      found += batch.messages.length;
    },
  });
  try {
    await read;
  } finally {
    await consumer.disconnect();
  }
  return { written, found };
}

test("a cursors topic that the brokers have compacted brings the state back: nothing lost, nothing twice", async () => {
  await ensureBuilt();
  await using broker = await startBroker({ properties: EAGER_CLEANER });
  await using registry = await startRegistry();
  const { bootstrap } = broker;
  await createCursorsTopic(bootstrap, CURSORS, 4);
  // Two days: the ids of the first one are taken away again by tombstones.
  const backlog = ["--backlog", "20000", "--backlog-span", "48h", "--rate", "100"];
  await using mock = await startMock([...backlog, "--request-limit", "100000"], { built: true });
  const options: LiveOptions = {
    tenantUrl: mock.url,
    bootstrap,
    registry: registry.url,
    topic: TOPIC,
    requestsPerMinute: 3_000,
    start: "49h",
    logLevel: "debug",
  };

  const seen: Census[] = [];
  for (let life = 1; life <= 2; life++) {
    await using connector = await startLive(options);
    await connector.process.waitFor(() => connector.log.of("page_published").length >= 12);
    const compacted = async () => {
      const counts = await census(bootstrap, `census-${life}-${performance.now()}`);
      return counts.found < counts.written / 4 ? counts : null;
    };
    seen.push(await eventually(compacted, 90_000, "the cleaner to compact the cursors topic"));
    const pages = connector.log.of("page_published").length;
    await connector.process.waitFor(() => connector.log.of("page_published").length > pages);
    expect(await connector.process.kill9()).toMatchObject({ signal: "SIGKILL" });
  }
  await mock.control({ rate: 0 });
  await using connector = await startLive(options);
  await connector.ready();
  await untilCaughtUp(connector, { deadlineMs: 120_000 });
  const { report } = await checkTopic({
    bootstrap,
    topics: [TOPIC],
    registry: registry.url,
    truth: `${mock.url}/_truth`,
    dlq: `${TOPIC}-dlq`,
  });
  console.log(JSON.stringify({ seen, report }));

  expect(report).toMatchObject({ missing: 0, duplicate: 0, altered: 0, unknown: 0, mistimed: 0, undecodable: 0 });
  expect(report.published).toBeGreaterThan(20_000);
  expect(connector.log.troubles).toEqual([]);
}, 300_000);

test("a segment that ends with a batch emptied by compaction is read past", async () => {
  const name = "emptied-cursors";
  await using broker = await startBroker({ properties: EAGER_CLEANER });
  await createCursorsTopic(broker.bootstrap, name, 1);
  const createPartitioner = Partitioners.DefaultPartitioner;
  const [numbered, plain] = [{ createPartitioner, idempotent: true }, { createPartitioner }].map((options) =>
    client(broker.bootstrap).producer(options),
  ) as [Producer, Producer];
  await Promise.all([numbered.connect(), plain.connect()]);
  // Two of them are more than the smallest segment that brokers allow: the cleaner cannot join their segments.
  const half = randomBytes(600 * 1024);
  const send = (producer: Producer, key: string, text: Buffer | string) =>
    producer.send({ topic: name, messages: [{ key, value: text }] });
  await send(numbered, "stays", half);
  await send(numbered, "replaced", "0");
  // When another replaces what a numbered producer wrote last, the cleaner keeps its batch for the number alone.
  let value = 0;
  const emptied = async () => {
    await send(plain, "padding", half);
    await send(plain, "replaced", String(++value));
    const segments = batchCounts(broker, name);
    return segments.slice(0, -1).some((batches) => batches.at(-1) === 0) ? segments : null;
  };
  const counts = await eventually(emptied, 60_000, "the cleaner to leave a segment that ends with an emptied batch");
  await Promise.all([numbered.disconnect(), plain.disconnect()]);

  const cursorsTopic = { name, partitions: 1 };
  const options = { brokers: [broker.bootstrap], clientId: "reader", cursorsTopic, readIdleMs: 5_000 };
  await using port = openKafka(options, { clock: systemClock });
  const { state } = await port.readState(0, new AbortController().signal);
  console.log(JSON.stringify(counts));
  expect([...state.keys()].sort()).toEqual(["padding", "replaced", "stays"]);
  expect(String(state.get("replaced"))).toBe(String(value));
}, 180_000);
