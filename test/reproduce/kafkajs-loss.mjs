/**
 * kafkajs 2.2.4 loses records without an error: a send to two brokers resolves, and a commit after it too, though one
 * partition's records were never written. Needs kafkajs and a cluster of two brokers or more, and nothing else:
 *
 *   npm install kafkajs@2.2.4
 *   node kafkajs-loss.mjs HOST:PORT[,HOST:PORT...]
 *
 * No timing is forced and nothing of kafkajs is changed. Between two sends of an ordinary producer a partition's leader
 * moves to the broker that leads the other partition, as after any restart of a broker. kafkajs does not know yet:
 *
 *   1. it sends each partition's records to the leader it knows; one broker answers, the other is no longer the leader;
 *   2. it asks for the leaders anew and tries again, but only with brokers that have not answered before
 *      (src/producer/sendMessages.js, `responsePerBroker`). The new leader has, for the other partition;
 *   3. so nobody is asked, and the send resolves.
 *
 * What gives it away is the answer: it lists one partition of the two. Exit code 0: records were lost, as described.
 * 1: nothing was lost. 2: it could not be tried.
 */
import kafkajs from "kafkajs";

const brokers = (process.argv[2] ?? "").split(",").filter((address) => address !== "");
if (brokers.length === 0) {
  console.error("usage: node kafkajs-loss.mjs HOST:PORT[,HOST:PORT...]   (a cluster of two brokers or more)");
  process.exit(2);
}
const topic = `kafkajs-loss-${Date.now()}`;
const COUNT = 100;

const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
const admin = kafka.admin();
await admin.connect();
const nodes = (await admin.describeCluster()).brokers.map(({ nodeId }) => nodeId);
const [first, second] = nodes;
if (second === undefined) {
  console.error("this cluster has one broker: no partition's leader can move");
  await admin.disconnect();
  process.exit(2);
}

await admin.createTopics({
  topics: [
    {
      topic,
      replicaAssignment: [
        { partition: 0, replicas: [first] },
        { partition: 1, replicas: [second] },
      ],
      configEntries: [{ name: "min.insync.replicas", value: "1" }],
    },
  ],
  waitForLeaders: true,
});

const producer = kafka.producer({ transactionalId: topic, maxInFlightRequests: 1 });
await producer.connect();
const batch = (from) =>
  Array.from({ length: COUNT }, (_, at) => ({ key: String(from + at), value: "x", partition: at % 2 }));

/** One transaction; what the send answered. */
async function send(from) {
  const transaction = await producer.transaction();
  const answers = await transaction.send({ topic, acks: -1, messages: batch(from) });
  await transaction.commit();
  return answers.map(({ partition, errorCode }) => `partition ${partition}: error code ${errorCode}`);
}

console.log(`1st transaction, ${COUNT} records: ${(await send(0)).join(", ")}`);
await admin.alterPartitionReassignments({
  topics: [{ topic, partitionAssignment: [{ partition: 0, replicas: [second] }] }],
});
await leaderMoved();
console.log(`the leader of partition 0 has moved from broker ${first} to ${second}`);
console.log(`2nd transaction, ${COUNT} records: ${(await send(COUNT)).join(", ")}; committed without an error`);

const found = await readAll();
const lost = Array.from({ length: 2 * COUNT }, (_, at) => String(at)).filter((key) => !found.has(key));
console.log(`a read_committed consumer finds ${found.size} of ${2 * COUNT} records; lost: ${lost.length}`);
await producer.disconnect();
await admin.deleteTopics({ topics: [topic] });
await admin.disconnect();
process.exit(lost.length > 0 ? 0 : 1);

async function leaderMoved() {
  for (let tries = 0; tries < 300; tries++) {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const leader = topics[0].partitions.find(({ partitionId }) => partitionId === 0)?.leader;
    // Every broker knows by then, as a question goes to one of them at random.
    if (leader === second && tries > 20) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the leader of partition 0 did not move within 30 s");
}

async function readAll() {
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, BigInt(high)]));
  const keys = new Set();
  const consumer = kafka.consumer({ groupId: topic });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("not read to the end within 60 s")), 60_000);
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      if (BigInt(payload.lastOffset) + 1n >= ends.get(payload.partition)) ends.delete(payload.partition);
      if (ends.size > 0) return;
      clearTimeout(timer);
      resolve();
    });
    const eachMessage = async ({ message }) => void keys.add(String(message.key));
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  return keys;
}
