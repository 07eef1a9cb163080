import { createRequire } from "node:module";
import kafkajs, { type Kafka } from "kafkajs";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { openKafka } from "../../src/kafka/kafkajs-port.ts";
import type { ClientLine, KafkaOptions } from "../../src/kafka/options.ts";
import type { KafkaPort, OutgoingRecord } from "../../src/kafka/port.ts";
import { systemClock } from "../../src/kit/clock.ts";
import type { Event } from "../../src/observe/events.ts";
import { visible } from "../contract/broker-bench.ts";
import { type Broker, startBroker } from "../real/broker.ts";
import {
  difference,
  NOTHING_WRONG,
  type Numbers,
  numbered,
  openUntil,
  prepared,
  publishNumbers,
  STATE_KEY,
} from "./numbered-records.ts";

const never = new AbortController().signal;
const require = createRequire(import.meta.url);

let broker: Broker;
let kafka: Kafka;
let port: KafkaPort;
let count = 0;
const lines: ClientLine[] = [];
const stages: Event[] = [];

beforeAll(async () => {
  broker = await startBroker({ properties: { "transaction.abort.timed.out.transaction.cleanup.interval.ms": 500 } });
  kafka = new kafkajs.Kafka({ brokers: [broker.bootstrap], logLevel: kafkajs.logLevel.NOTHING });
});
afterEach(async () => {
  await port?.[Symbol.asyncDispose]();
});
afterAll(async () => {
  await broker?.[Symbol.asyncDispose]();
});

function connect(names: { cursors: string }, options: Partial<KafkaOptions> = {}): KafkaPort {
  const cursorsTopic = { name: names.cursors, partitions: 3 };
  port = openKafka(
    { brokers: [broker.bootstrap], clientId: "faults", cursorsTopic, requestTimeoutMs: 5_000, ...options },
    { clock: systemClock, log: (line) => lines.push(line), emit: (event) => stages.push(event) },
  );
  return port;
}

async function fresh(
  options: Partial<KafkaOptions> = {},
): Promise<Numbers & { names: { cursors: string; topic: string } }> {
  const names = { cursors: `f${++count}-cursors`, topic: `f${count}-activities` };
  const connected = connect(names, options);
  // A broker that was just resumed may still be fenced by its controller.
  await expect.poll(() => prepared(connected, names, 1).catch(() => null), { timeout: 20_000 }).toEqual([]);
  return { log: connected.shard(0), topic: names.topic, partitions: 6, valueBytes: 2_000, names };
}

/** Another process with the same cursors topic; closed with the test. */
function rival({ cursors }: { cursors: string }): KafkaPort {
  const cursorsTopic = { name: cursors, partitions: 3 };
  const other = openKafka({ brokers: [broker.bootstrap], clientId: "rival", cursorsTopic }, { clock: systemClock });
  onTestFinished(() => other[Symbol.asyncDispose]());
  return other;
}

/** Calls `then`, synchronously, while the records of a transaction are on their way. */
function interrupting(records: OutgoingRecord[], at: number, then: () => void): OutgoingRecord[] {
  return records.map((record, i) => {
    if (i !== at) return record;
    return {
      ...record,
      get value() {
        then();
        return record.value;
      },
    };
  });
}

/** Blocks the whole process, as SIGSTOP does. */
function freeze(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test("a broker that is restarted between transactions is waited for", async () => {
  const numbers = await fresh();
  const deadlineMs = Date.now() + 60_000;
  await numbers.log.open(never);
  await publishNumbers(numbers, { from: 0, until: 300, count: 100, deadlineMs });
  await broker.stop();
  await broker.start();
  const failures = await publishNumbers(numbers, { from: 300, until: 600, count: 100, deadlineMs });
  expect(failures.every((error) => error.code === "publish_failed" && error.disposition === "retry")).toBe(true);
  expect(difference(await visible(kafka, numbers.topic), 600)).toEqual(NOTHING_WRONG);
});

test("a broker killed in the middle of a transaction costs that transaction and nothing else", async () => {
  const numbers = await fresh();
  const deadlineMs = Date.now() + 60_000;
  await numbers.log.open(never);
  await publishNumbers(numbers, { from: 0, until: 3_000, count: 3_000, deadlineMs });
  // Several calls: by this record some have been answered.
  const records = interrupting(numbered(numbers, 3_000, 3_000), 2_900, () => process.kill(broker.pid, "SIGKILL"));
  const torn = numbers.log.commit({ state: [{ key: STATE_KEY, value: "6000" }], records }, never);
  await expect(torn).rejects.toMatchObject({ code: "publish_failed", disposition: "retry" });
  await broker.stop();
  const down = numbers.log.open(never);
  await expect(down).rejects.toMatchObject({ code: "kafka_unavailable", disposition: "retry" });
  await broker.start();
  expect(await openUntil(numbers.log, deadlineMs)).toBe(3_000);
  await publishNumbers(numbers, { from: 3_000, until: 6_000, count: 3_000, deadlineMs });
  expect(difference(await visible(kafka, numbers.topic), 6_000)).toEqual(NOTHING_WRONG);
});

test.each([
  ["after the brokers have committed", true],
  ["before the brokers have heard of it", false],
])("when a commit fails %s, the state says which", async (_, takesEffect) => {
  const numbers = await fresh();
  await numbers.log.open(never);
  failNextEnd(takesEffect);
  const records = numbered(numbers, 0, 10);
  const failed = numbers.log.commit({ state: [{ key: STATE_KEY, value: "10" }], records }, never);
  await expect(failed).rejects.toMatchObject({ code: "publish_failed", disposition: "retry" });
  const next = await openUntil(numbers.log, Date.now() + 30_000);
  expect(next).toBe(takesEffect ? 10 : 0);
  await publishNumbers(numbers, { from: next, until: 20, count: 10, deadlineMs: Date.now() + 30_000 });
  expect(difference(await visible(kafka, numbers.topic), 20)).toEqual(NOTHING_WRONG);
});

test("a process frozen for longer than its transaction may take has failed, and is not called fenced", async () => {
  const numbers = await fresh({ transactionTimeoutMs: 1_000 });
  await numbers.log.open(never);
  const records = interrupting(numbered(numbers, 0, 10), 9, () => freeze(4_000));
  const frozen = numbers.log.commit({ state: [{ key: STATE_KEY, value: "10" }], records }, never);
  await expect(frozen).rejects.toMatchObject({ code: "publish_failed", disposition: "retry" });
  expect(await numbers.log.open(never)).toEqual(new Map());
});

test("a process frozen while another took over is told so, and does not take the shard back", async () => {
  const numbers = await fresh({ transactionTimeoutMs: 1_000 });
  await numbers.log.open(never);
  const taken = rival(numbers.names).shard(0);
  beforeNextEnd(async () => {
    await taken.open(never);
    await systemClock.sleep(1_100, never);
  });
  const late = numbers.log.commit(
    { state: [{ key: STATE_KEY, value: "10" }], records: numbered(numbers, 0, 10) },
    never,
  );
  const fenced = { code: "publish_fenced", disposition: "fatal" };
  await expect(late).rejects.toMatchObject({
    ...fenced,
    message: expect.stringContaining("another process with the same"),
  });
  await taken.commit({ state: [{ key: "mine", value: "1" }], records: [] }, never);
});

test("an owner whose transaction the brokers are ending for a newer one does not take the shard back", async () => {
  const numbers = await fresh();
  await numbers.log.open(never);
  const taken = rival(numbers.names).shard(0);
  // The newer one's mark comes only after the answer that its fencing has caused.
  let opening: Promise<unknown> = Promise.resolve();
  atNextEnd(async () => {
    opening = systemClock.sleep(700, never).then(() => taken.open(never));
    throw concurrentTransactions();
  });
  const transaction = { state: [{ key: STATE_KEY, value: "10" }], records: numbered(numbers, 0, 10) };
  await expect(numbers.log.commit(transaction, never)).rejects.toMatchObject({
    code: "publish_fenced",
    disposition: "fatal",
    message: expect.stringContaining("another process with the same"),
  });
  await opening;
  await taken.commit({ state: [{ key: "mine", value: "1" }], records: [] }, never);
});

test("an owner whose transaction the brokers are ending, but for nobody else, opens the shard again", async () => {
  const numbers = await fresh();
  await numbers.log.open(never);
  atNextEnd(async () => {
    throw concurrentTransactions();
  });
  const transaction = { state: [{ key: STATE_KEY, value: "10" }], records: numbered(numbers, 0, 10) };
  await expect(numbers.log.commit(transaction, never)).rejects.toMatchObject({ code: "publish_failed" });
  expect(await numbers.log.open(never)).toEqual(new Map());
});

test("a stop while records are on their way aborts the transaction, so that readers do not wait for it", async () => {
  const numbers = await fresh();
  await numbers.log.open(never);
  const stopping = new AbortController();
  const records = interrupting(numbered(numbers, 0, 6_000), 5_900, () => stopping.abort(new Error("SIGTERM")));
  const begunMs = Date.now();
  const stopped = numbers.log.commit({ state: [{ key: STATE_KEY, value: "6000" }], records }, stopping.signal);
  await expect(stopped).rejects.toMatchObject({ code: "publish_failed" });
  expect(Date.now() - begunMs).toBeLessThan(5_000);
  // An undecided transaction would hold the last stable offset at the records' beginning.
  await expect
    .poll(async () => (await offsets(numbers.topic)).every((high) => high > 100), { timeout: 5_000 })
    .toBe(true);
  expect(await visible(kafka, numbers.topic)).toEqual([]);
});

test("a stop while the broker hangs takes no longer than the grace", async () => {
  const numbers = await fresh({ requestTimeoutMs: 30_000 });
  await numbers.log.open(never);
  broker.pause();
  try {
    const stopping = new AbortController();
    const begunMs = Date.now();
    const state = [{ key: STATE_KEY, value: "1" }];
    const committing = numbers.log.commit({ state, records: numbered(numbers, 0, 1) }, stopping.signal);
    committing.catch(() => undefined);
    await systemClock.sleep(500, never); // its first request is out by then
    stopping.abort(new Error("SIGTERM"));
    await expect(committing).rejects.toThrow();
    await expect(numbers.log.open(AbortSignal.timeout(300))).rejects.toThrow();
    await port[Symbol.asyncDispose]();
    expect(Date.now() - begunMs).toBeLessThan(10_000);
  } finally {
    broker.resume();
  }
});

test("a long partition is read to its end, and says how far it is", async () => {
  const numbers = await fresh();
  await numbers.log.open(never);
  const value = Buffer.alloc(4_000, "x");
  for (let i = 0; i < 20; i++) {
    const state = Array.from({ length: 1_000 }, (_, n) => ({ key: `chunk-${(i * 1_000 + n) % 7_000}`, value }));
    await numbers.log.commit({ state, records: [] }, never);
  }
  const begunMs = Date.now();
  expect((await numbers.log.open(never)).size).toBe(7_000);
  process.stdout.write(`20,000 state records of 4 KB read back in ${Date.now() - begunMs} ms\n`);
  const told = stages.filter((event) => event.type === "stage" && event.stage.startsWith("reading state, "));
  expect(told.length).toBeGreaterThan(0);
});

test("nothing of all this was worth a warning of its own", () => {
  expect(lines.filter((line) => line.level === "warn")).toEqual([]);
});

interface BrokerClass {
  endTxn(request: unknown): Promise<unknown>;
}

/** The reply of the next EndTxn is lost, or the request is. */
function failNextEnd(takesEffect: boolean): void {
  atNextEnd(async (end) => {
    if (takesEffect) await end();
    throw new Error("the connection was reset");
  });
}

function beforeNextEnd(first: () => Promise<void>): void {
  atNextEnd(async (end) => {
    await first();
    return await end();
  });
}

function atNextEnd(instead: (end: () => Promise<unknown>) => Promise<unknown>): void {
  const prototype: BrokerClass = require("kafkajs/src/broker").prototype;
  const endTxn = prototype.endTxn;
  prototype.endTxn = async function (this: BrokerClass, request: unknown) {
    prototype.endTxn = endTxn;
    return await instead(() => endTxn.call(this, request));
  };
}

/** As kafkajs throws it when the brokers answer so. */
function concurrentTransactions(): Error {
  const { createErrorFromCode } = require("kafkajs/src/protocol/error");
  return createErrorFromCode(51);
}

async function offsets(topic: string): Promise<number[]> {
  const admin = kafka.admin();
  await admin.connect();
  const found = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return found.map((each) => Number(each.high));
}
