import { createRequire } from "node:module";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import kafkajs, { type Admin, type Kafka } from "kafkajs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openKafkaWith } from "../../src/kafka/kafkajs-port.ts";
import type { KafkaPort } from "../../src/kafka/port.ts";
import { SAFE, type SendRules } from "../../src/kafka/transaction.ts";
import { systemClock } from "../../src/kit/clock.ts";
import { visible } from "../contract/broker-bench.ts";
import { type Cluster, startCluster3 } from "../real/broker.ts";
import { say } from "../real/checkers.ts";
import { leadersOf } from "../real/cluster-view.ts";
import { eventually, root, start } from "../real/process.ts";
import { difference, NOTHING_WRONG, type Numbers, openUntil, prepared, publishNumbers } from "./numbered-records.ts";

/**
 * What kafkajs is known to do wrong with records, on three brokers that nobody kills: each fault is seen with the rules
 * that allow it, and not with those of production. DESIGN.md lists them all.
 */
const COUNT = 120;
const never = new AbortController().signal;

let cluster: Cluster;
let kafka: Kafka;
let admin: Admin;
beforeAll(async () => {
  // One replica each: so a partition moves as a whole, at once.
  cluster = await startCluster3({ properties: { "min.insync.replicas": 1 } });
  kafka = new kafkajs.Kafka({ brokers: [...cluster.brokers], logLevel: kafkajs.logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
});
afterAll(async () => {
  await admin?.disconnect();
  await cluster?.[Symbol.asyncDispose]();
});

interface BrokerClass {
  readonly nodeId: number;
  produce(request: { readonly topicData: readonly { readonly topic: string }[] }): Promise<unknown>;
  addPartitionsToTxn(request: unknown): Promise<unknown>;
}
const broker: { prototype: BrokerClass } = createRequire(import.meta.url)("kafkajs/src/broker");
const { produce } = broker.prototype;
afterEach(() => {
  broker.prototype.produce = produce;
});

/** What becomes of the answer to the next produce of `topic` (to one broker, or any). */
function atNextProduce(topic: string, node: number | null, answered: () => Promise<void>): void {
  broker.prototype.produce = async function (this: BrokerClass, request) {
    const isMeant = (node === null || this.nodeId === node) && request.topicData.some((each) => each.topic === topic);
    if (isMeant) broker.prototype.produce = produce;
    const answer = await produce.call(this, request);
    if (isMeant) await answered();
    return answer;
  };
}

const evenOn = (node: number) => [0, 2, 4].map((partition) => ({ partition, replicas: [node] }));
const ODD_ON_2 = [1, 3, 5].map((partition) => ({ partition, replicas: [2] }));

function portOf(tag: string, rules: SendRules = SAFE): KafkaPort {
  const cursorsTopic = { name: `${tag}-cursors`, partitions: 3 };
  return openKafkaWith({ brokers: cluster.brokers, clientId: tag, cursorsTopic }, { clock: systemClock }, rules);
}

/**
 * Publishes numbers; half-way the even partitions move from broker 1 to another, while the odd ones stay with 2, and
 * kafkajs is not told.
 */
async function publish(tag: string, rules: SendRules, half: { movesTo?: number; faulty?: (topic: string) => void }) {
  const names = { cursors: `${tag}-cursors`, topic: `${tag}-activities` };
  const topics = [{ topic: names.topic, replicaAssignment: [...evenOn(1), ...ODD_ON_2] }];
  await admin.createTopics({ topics, waitForLeaders: true });
  await using port = portOf(tag, rules);
  expect(await prepared(port, names, 1)).toEqual([]);
  const numbers: Numbers = { log: port.shard(0), topic: names.topic, partitions: 6, valueBytes: 100 };
  const range = { count: COUNT / 2, deadlineMs: Date.now() + 60_000 };
  await openUntil(numbers.log, range.deadlineMs);
  await publishNumbers(numbers, { ...range, from: 0, until: COUNT / 2 });
  if (half.movesTo !== undefined) await moveEven(names.topic, half.movesTo);
  half.faulty?.(names.topic);
  const failures = await publishNumbers(numbers, { ...range, from: COUNT / 2, until: COUNT });
  const words = failures.map((failure) => failure.message).join("\n");
  return { failures: words, difference: difference(await visible(kafka, names.topic), COUNT) };
}

async function moveEven(topic: string, node: number): Promise<void> {
  await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment: evenOn(node) }] });
  let inRow = 0;
  // Each question goes to one of the brokers at random: all of them know it.
  const isSo = async () => {
    const leaders = await leadersOf(admin, topic);
    inRow = evenOn(node).every(({ partition }) => leaders.get(partition) === node) ? inRow + 1 : 0;
    return inRow >= 10;
  };
  await eventually(isSo, 30_000, `the even partitions of ${topic} to be led by ${node}`);
}

const KAFKAJS_OWN = { retries: 10, guard: false };

test("bare kafkajs commits a transaction without the records of a partition whose leader has moved", async () => {
  const { code, out, err } = await say(process.execPath, [
    join(root, "test/reproduce/kafkajs-loss.mjs"),
    cluster.bootstrap,
  ]);
  expect(`${out}${err}`).toContain("partition 1: error code 0; committed without an error\n");
  expect(out).toContain("finds 150 of 200 records; lost: 50");
  expect(code).toBe(0);
});

test("a partition whose leader has moved is lost by kafkajs's own retries, seen by the guard, and harmless to us", async () => {
  const lossy = await publish("moved-lossy", KAFKAJS_OWN, { movesTo: 2 });
  expect(lossy).toMatchObject({ failures: "", difference: { missing: COUNT / 4 } });
  const guarded = await publish("moved-guarded", { retries: 10, guard: true }, { movesTo: 2 });
  expect(guarded.failures).toContain("answer is missing for moved-guarded-activities/0");
  expect(guarded.difference).toEqual(NOTHING_WRONG);
  const safe = await publish("moved-safe", SAFE, { movesTo: 2 });
  expect(safe.failures).not.toBe("");
  expect(safe.failures).not.toContain("answer is missing");
  expect(safe.difference).toEqual(NOTHING_WRONG);
});

test("a broker that is slower than kafkajs's retry is sent the same records twice, in one transaction; not by us", async () => {
  const slow = (topic: string) => atNextProduce(topic, 2, () => systemClock.sleep(1_500, never));
  const twice = await publish("slow-twice", KAFKAJS_OWN, { movesTo: 3, faulty: slow });
  expect(twice).toMatchObject({ failures: "", difference: { missing: 0, repeated: COUNT / 4 } });
  const safe = await publish("slow-safe", SAFE, { movesTo: 3, faulty: slow });
  expect(safe.failures).not.toBe("");
  expect(safe.difference).toEqual(NOTHING_WRONG);
});

const lost = async () => {
  throw Object.assign(new Error("the answer was lost"), { name: "KafkaJSConnectionError", retriable: true });
};

test("records without a key whose answer is lost are sent to another partition too; ours keep their place", async () => {
  const faulty = (ours: string) => atNextProduce(ours, null, lost);
  expect(await publish("place-kept", KAFKAJS_OWN, { faulty })).toEqual({ failures: "", difference: NOTHING_WRONG });
  const safe = await publish("place-safe", SAFE, { faulty });
  expect(safe.failures).toContain("the answer was lost");
  expect(safe.difference).toEqual(NOTHING_WRONG);

  const topic = "placeless";
  await admin.createTopics({ topics: [{ topic, numPartitions: 6 }], waitForLeaders: true });
  const producer = kafka.producer({ transactionalId: topic, maxInFlightRequests: 1 });
  await producer.connect();
  const transaction = await producer.transaction();
  atNextProduce(topic, null, lost);
  await transaction.send({ topic, messages: [{ value: "the only one" }] });
  await transaction.commit();
  await producer.disconnect();
  const found = await visible(kafka, topic);
  expect(new Set(found.map(({ partition }) => partition)).size).toBe(2);
});

test("kafkajs groups records in quadratic time; cut into calls they hold up nothing", async () => {
  const [topic, count] = ["grouped", 20_000];
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  const producer = kafka.producer();
  await producer.connect();
  const messages = Array.from({ length: count }, (_, at) => ({ key: String(at), value: "x", partition: 0 }));
  const bareMs = await longestTurnMs(() => producer.send({ topic, messages }));
  await producer.disconnect();
  await using port = portOf("cut");
  expect(await prepared(port, { cursors: "cut-cursors", topic: "cut-activities" }, 1)).toEqual([]);
  const numbers: Numbers = { log: port.shard(0), topic: "cut-activities", partitions: 1, valueBytes: 1 };
  await openUntil(numbers.log, Date.now() + 60_000);
  const range = { from: 0, until: count, count, deadlineMs: Date.now() + 60_000 };
  const oursMs = await longestTurnMs(() => publishNumbers(numbers, range));
  console.log(`${count} records to one partition: the longest turn ${bareMs} ms, ours ${oursMs} ms`);
  expect(bareMs).toBeGreaterThan(500);
  expect(oursMs).toBeLessThan(bareMs / 3);
});

test("right after a commit the brokers refuse the next transaction's first write: only that is repeated, at once", async () => {
  await using port = portOf("refused");
  expect(await prepared(port, { cursors: "refused-cursors", topic: "refused-activities" }, 1)).toEqual([]);
  const numbers: Numbers = { log: port.shard(0), topic: "refused-activities", partitions: 6, valueBytes: 10 };
  await openUntil(numbers.log, Date.now() + 60_000);
  const { addPartitionsToTxn } = broker.prototype;
  let refused = 0;
  broker.prototype.addPartitionsToTxn = async function (this: BrokerClass, request) {
    try {
      return await addPartitionsToTxn.call(this, request);
    } catch (error) {
      if ((error as { type?: string }).type === "CONCURRENT_TRANSACTIONS") refused += 1;
      throw error;
    }
  };
  const range = { from: 0, until: 300, count: 10, deadlineMs: Date.now() + 60_000 };
  const failures = await publishNumbers(numbers, range).finally(() => {
    broker.prototype.addPartitionsToTxn = addPartitionsToTxn;
  });
  expect(failures).toEqual([]);
  expect(refused).toBeGreaterThan(0);
  expect(difference(await visible(kafka, numbers.topic), 300)).toEqual(NOTHING_WRONG);
});

test("a connection on which nothing waits turns a thousand times a second with bare kafkajs, and not with ours", async () => {
  const turns = async (correct: string) => {
    const script = `import kafkajs from "kafkajs"; ${correct}
      const admin = new kafkajs.Kafka({ brokers: ["${cluster.brokers[0]}"] }).admin();
      await admin.connect(); await admin.listTopics();
      const { setTimeout: set } = globalThis; let timers = 0;
      globalThis.setTimeout = (...args) => { timers += 1; return set(...args); };
      await new Promise((resolve) => set(resolve, 1_000)); console.log(timers); await admin.disconnect();`;
    const { out, err } = await say(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script]);
    expect(out, err).toMatch(/^\d+\n$/);
    return Number(out);
  };
  const ours = `import { correctRequestQueue } from "./src/kafka/request-queue.ts"; correctRequestQueue();`;
  expect(await turns("")).toBeGreaterThan(100);
  expect(await turns(ours)).toBeLessThan(10);
});

test("a consumer that is left while the brokers change hangs its process with bare kafkajs, and not with ours", async () => {
  const leave = async (correct: string, withinMs: number) => {
    // Which brokers there are is changed in what kafkajs knows of them: so the moment is always the same.
    const script = `import { createRequire } from "node:module"; import kafkajs from "kafkajs"; ${correct}
      const pool = createRequire(import.meta.url)("kafkajs/src/cluster/brokerPool").prototype;
      const { getNodeIds } = pool; let gone = 0;
      pool.getNodeIds = function () { return getNodeIds.call(this).slice(gone); };
      let leaving = null;
      const logCreator = () => ({ log }) => {
        if (gone === 0 || leaving !== null || log.message !== "Stopping fetchers...") return;
        console.log("leaving"); leaving = Promise.resolve().then(() => consumer.stop());
      };
      const options = { brokers: ["${cluster.brokers[0]}"], logLevel: kafkajs.logLevel.DEBUG };
      const kafka = new kafkajs.Kafka({ ...options, logCreator });
      const consumer = kafka.consumer({ groupId: "left", maxWaitTimeInMs: 300 });
      await consumer.connect(); await consumer.subscribe({ topic: "left" });
      const joined = new Promise((resolve) => consumer.on("consumer.group_join", resolve));
      await consumer.run({ eachBatch: async () => undefined }); await joined;
      setTimeout(() => { gone = 1; }, 1_000);
      while (leaving === null) await new Promise((resolve) => setTimeout(resolve, 10));
      await leaving; await consumer.disconnect();`;
    const argv = [process.execPath, "--import", "tsx", "--input-type=module", "--eval", script];
    await using child = start(argv, { name: "leaving" });
    await child.waitFor("leaving");
    const exit = await Promise.race([child.exited, systemClock.sleep(withinMs, never).then(() => "hangs")]);
    await child.kill9();
    return exit;
  };
  await admin.createTopics({ topics: [{ topic: "left", numPartitions: 6 }], waitForLeaders: true });
  const ours = `import { correctFetchLoop } from "./src/kafka/fetch-loop.ts"; correctFetchLoop();`;
  expect(await leave(ours, 30_000)).toEqual({ code: 0, signal: null });
  expect(await leave("", 4_000)).toBe("hangs");
});

/** How long the event loop did nothing else at most, while something is done; ms. */
async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  const turns = monitorEventLoopDelay({ resolution: 1 });
  turns.enable();
  await work();
  turns.disable();
  return Math.round(turns.max / 1e6);
}
