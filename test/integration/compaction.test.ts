import { Kafka, logLevel } from "kafkajs";
import { expect, test } from "vitest";
import { startBroker } from "../real/broker.ts";
import { ensureBuilt } from "../real/built.ts";
import { checkTopic } from "../real/checker.ts";
import { type LiveOptions, startLive, untilCaughtUp } from "../real/live-connector.ts";
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
  "file.delete.delay.ms": "100",
};

function client(bootstrap: string): Kafka {
  return new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50 } });
}

async function createCursorsTopic(bootstrap: string): Promise<void> {
  const admin = client(bootstrap).admin();
  await admin.connect();
  const configEntries = Object.entries(EAGER_TOPIC).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ topics: [{ topic: CURSORS, numPartitions: 4, configEntries }], waitForLeaders: true });
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
  await createCursorsTopic(bootstrap);
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
