import { createRequire } from "node:module";
import kafkajs, { type Admin, type Kafka } from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openKafkaWith } from "../../src/kafka/kafkajs-port.ts";
import { SAFE, type SendRules } from "../../src/kafka/transaction.ts";
import { systemClock } from "../../src/kit/clock.ts";
import { visible } from "../contract/broker-bench.ts";
import { type Cluster, startCluster3 } from "../real/broker.ts";
import { coordinatorOf, inSync, leadersOf } from "../real/cluster-view.ts";
import { eventually } from "../real/process.ts";
import { difference, NOTHING_WRONG, type Numbers, openUntil, prepared, publishNumbers } from "./numbered-records.ts";

/**
 * Why records are sent in one attempt and every partition has to answer: a leader dies while its produce request
 * is under way, and by the time kafkajs tries again the new leaders have already answered for other partitions.
 */
const RECORDS = 600;
const PARTITIONS = 6;

let cluster: Cluster;
let kafka: Kafka;
let admin: Admin;

beforeAll(async () => {
  cluster = await startCluster3();
  kafka = new kafkajs.Kafka({ brokers: [...cluster.brokers], logLevel: kafkajs.logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
});

afterAll(async () => {
  await admin?.disconnect();
  await cluster?.[Symbol.asyncDispose]();
});

/** The timing is forced, but not every round hits: a new leader may take longer than kafkajs tries. */
const ROUNDS_MAX = 3;

test("kafkajs's own retries without the guard lose records in a committed transaction, without an error", async () => {
  for (let round = 1; ; round++) {
    const result = await loseLeader(`mutant${round}`, { retries: 10, guard: false });
    if (result.failures.length > 0 && round < ROUNDS_MAX) continue;
    expect(result.failures).toEqual([]);
    expect(result.difference.missing).toBeGreaterThan(0);
    return;
  }
});

test("with kafkajs's own retries the guard alone sees it, and the transaction is done again", async () => {
  for (let round = 1; ; round++) {
    const result = await loseLeader(`guard${round}`, { retries: 10, guard: true });
    expect(result.difference).toEqual(NOTHING_WRONG);
    const seen = result.failures.join().includes("answer is missing");
    if (!seen && round < ROUNDS_MAX) continue;
    expect(result.failures.join()).toContain("answer is missing");
    return;
  }
});

test("as it is sent in production nothing is lost and nothing repeated", async () => {
  const result = await loseLeader("safe", SAFE);
  expect(result.failures.length).toBeGreaterThan(0);
  expect(result.failures.join()).not.toContain("answer is missing");
  expect(result.difference).toEqual(NOTHING_WRONG);
});

async function loseLeader(tag: string, rules: SendRules) {
  const names = { cursors: `${tag}-cursors`, topic: `${tag}-activities` };
  const cursorsTopic = { name: names.cursors, partitions: 3 };
  const options = { brokers: cluster.brokers, clientId: tag, cursorsTopic, requestTimeoutMs: 10_000 };
  await using port = openKafkaWith(options, { clock: systemClock }, rules);
  expect(await prepared(port, names, 3)).toEqual([]);
  await port.shard(0).open(new AbortController().signal); // the transaction log exists from here on
  const { shard, victim } = await choose(names);
  const numbers: Numbers = { log: port.shard(shard), topic: names.topic, partitions: PARTITIONS, valueBytes: 2_000 };
  const deadlineMs = Date.now() + 60_000;
  await openUntil(numbers.log, deadlineMs);
  const range = { count: RECORDS / 3, deadlineMs };
  await publishNumbers(numbers, { ...range, from: 0, until: RECORDS / 3 });
  const held = holdProduce(victim, names.topic);
  const failures = await publishNumbers(numbers, { ...range, from: RECORDS / 3, until: RECORDS });
  expect(held.fired()).toBe(true);
  await cluster.start(victim);
  await inSync(admin, [names.topic, names.cursors]);
  return { failures, difference: difference(await visible(kafka, names.topic), RECORDS) };
}

/** A broker that leads some of the records' partitions, but not the shard's, nor its transactions. */
async function choose(names: { cursors: string; topic: string }): Promise<{ shard: number; victim: number }> {
  const [cursors, activities] = [await leadersOf(admin, names.cursors), await leadersOf(admin, names.topic)];
  for (const [shard, cursorsLeader] of cursors) {
    const coordinator = await coordinatorOf(admin, "transactions", `${names.cursors}-${shard}`);
    const victim = [...activities.values()].find((node) => node !== cursorsLeader && node !== coordinator);
    if (victim !== undefined) return { shard, victim };
  }
  throw new Error("no broker can be spared");
}

interface ProduceRequest {
  readonly topicData: readonly { readonly topic: string }[];
}
interface BrokerClass {
  readonly nodeId: number;
  produce(request: ProduceRequest): Promise<unknown>;
}

/** The next produce of `topic` to `victim` kills it, comes back only when others lead in its place, and fails. */
function holdProduce(victim: number, topic: string): { fired(): boolean } {
  const require = createRequire(import.meta.url);
  const prototype: BrokerClass = require("kafkajs/src/broker").prototype;
  const produce = prototype.produce;
  let fired = false;
  prototype.produce = async function (this: BrokerClass, request: ProduceRequest) {
    if (this.nodeId !== victim || !request.topicData.some((each) => each.topic === topic)) {
      return await produce.call(this, request);
    }
    prototype.produce = produce;
    fired = true;
    await cluster.kill9(victim);
    await movedAwayFrom(victim, topic);
    const [host, port] = cluster.node(victim).bootstrap.split(":");
    const { KafkaJSConnectionClosedError } = require("kafkajs/src/errors");
    throw new KafkaJSConnectionClosedError("Closed connection", { host, port: Number(port) });
  };
  return { fired: () => fired };
}

/** In the eyes of every broker that is left: each question goes to one of them at random. */
async function movedAwayFrom(victim: number, topic: string): Promise<void> {
  let inRow = 0;
  const isSo = async () => {
    const leaders = [...(await leadersOf(admin, topic)).values()];
    inRow = leaders.every((leader) => leader !== victim && leader >= 0) ? inRow + 1 : 0;
    return inRow >= 10;
  };
  await eventually(isSo, 40_000, `${topic} to be led by others`);
}
