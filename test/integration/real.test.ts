import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import avsc from "avsc";
import { Kafka, logLevel, type Producer } from "kafkajs";
import { expect, onTestFinished, test } from "vitest";
import { type Broker, type BrokerOptions, startBroker, startCluster3 } from "../real/broker.ts";
import { type CheckOptions, checkTopic } from "../real/checker.ts";
import { discard, eventually, isAlive, scratchDir, start } from "../real/process.ts";
import { type Registry, startRegistry } from "../real/registry.ts";

async function broker(options: BrokerOptions = {}): Promise<Broker> {
  const started = await startBroker(options);
  onTestFinished(() => started[Symbol.asyncDispose]());
  return started;
}

async function registry(): Promise<Registry> {
  const started = await startRegistry();
  onTestFinished(() => started[Symbol.asyncDispose]());
  return started;
}

const client = (brokers: readonly string[]) => new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });

async function createTopic(brokers: readonly string[], topic: string): Promise<void> {
  const admin = client(brokers).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] });
  await admin.disconnect();
}

async function recordsIn(brokers: readonly string[], topic: string): Promise<number> {
  const admin = client(brokers).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
}

async function produce(brokers: readonly string[], topic: string, values: readonly (string | Buffer)[]): Promise<void> {
  const producer = client(brokers).producer();
  await producer.connect();
  await producer.send({ topic, messages: values.map((value) => ({ value })) });
  await producer.disconnect();
}

test("a broker that is killed comes back on the same port with its data", async () => {
  const node = await broker();
  await createTopic([node.bootstrap], "kept");
  await produce([node.bootstrap], "kept", ["1", "2", "3"]);
  const before = node.pid;
  await node.kill9();
  expect(node.isRunning()).toBe(false);
  await node.start();
  expect(node.pid).not.toBe(before);
  expect(await recordsIn([node.bootstrap], "kept")).toBe(3);
});

test("a broker that is paused answers nothing until it is resumed", async () => {
  const node = await broker();
  await createTopic([node.bootstrap], "paused");
  node.pause();

  const impatient = new Kafka({
    brokers: [node.bootstrap],
    logLevel: logLevel.NOTHING,
    requestTimeout: 500,
    retry: { retries: 0 },
  }).admin();
  await expect(impatient.connect().then(() => impatient.listTopics())).rejects.toThrow();
  await impatient.disconnect();
  node.resume();
  expect(await eventually(() => recordsIn([node.bootstrap], "paused").then(String), 30_000)).toBe("0");
});

test("a broker that cannot start says why, with the end of its log", async () => {
  await expect(startBroker({ properties: { "num.network.threads": "none" } })).rejects.toThrow(/num\.network\.threads/);
});

test("three brokers serve on when one is killed, and take it back", async () => {
  const cluster = await startCluster3();
  onTestFinished(() => cluster[Symbol.asyncDispose]());
  await createTopic(cluster.brokers, "replicated");
  await cluster.kill9(2);
  await eventually(
    () => produce(cluster.brokers, "replicated", ["1", "2"]).then(() => true),
    60_000,
    "two brokers to serve",
  );
  await cluster.start(2);
  expect(await recordsIn(cluster.brokers, "replicated")).toBe(2);
});

test("the registry keeps its schemas through a restart and refuses what is not backward compatible", async () => {
  const service = await registry();
  const register = (schema: object) =>
    fetch(`${service.url}/subjects/a-value/versions`, {
      method: "POST",
      headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
      body: JSON.stringify({ schema: JSON.stringify(schema) }),
    });
  const record = (...fields: object[]) => ({ type: "record", name: "A", fields });
  expect((await register(record({ name: "x", type: "long" }))).status).toBe(200);
  await service.kill9();
  await service.start();
  expect(await (await fetch(`${service.url}/subjects`)).json()).toEqual(["a-value"]);
  expect((await register(record({ name: "x", type: "long" }, { name: "y", type: "string" }))).status).toBe(409);
});

test("a broker with TLS lets in who trusts its authority, knows a password and has the rights", async () => {
  const node = await broker({ tls: true, acls: true });
  const security = node.security!;
  const connect = async (password: string, ca: string[]) => {
    const sasl = { mechanism: "scram-sha-512", username: "connector", password } as const;
    const retry = { retries: 0 };
    const kafka = new Kafka({ brokers: [node.bootstrap], logLevel: logLevel.NOTHING, ssl: { ca }, sasl, retry });
    const admin = kafka.admin();
    onTestFinished(() => admin.disconnect());
    await admin.connect();
    return await admin.listTopics();
  };
  await createTopic([security.adminBootstrap], "secret");
  expect(await connect("connector-secret", [security.ca])).toEqual([]);
  await expect(connect("wrong", [security.ca])).rejects.toThrow(/auth/i);
  await expect(connect("connector-secret", [])).rejects.toThrow(/certificate/i);
  const asAdmin = security.clientProperties("admin");
  const topics = await checkTopic(emptyCheck(node.bootstrap, { topics: ["secret"], config: asAdmin }));
  expect(topics.clean).toBe(true);
  await expect(
    checkTopic(emptyCheck(node.bootstrap, { topics: ["secret"], config: security.clientProperties("noacl") })),
  ).rejects.toThrow(/TopicAuthorizationException/);
});

function emptyCheck(bootstrap: string, more: Partial<CheckOptions>): CheckOptions {
  return { bootstrap, topics: ["none"], registry: "http://127.0.0.1:1", truth: truthFile([]), ...more };
}

test("what we start does not outlive us, even when we are killed", async () => {
  const orphan =
    "import('./test/real/process.ts').then((m) => console.log('pid', m.start(['sleep', '300'], { name: 'sleep' }).pid))";
  const parent = start([process.execPath, "--import", "tsx", "-e", `${orphan}; setInterval(() => {}, 1000)`], {
    name: "parent",
  });
  await parent.waitFor(/pid \d+/);
  const pid = Number(/pid (\d+)/.exec(parent.log())?.[1]);
  expect(isAlive(pid)).toBe(true);
  await parent.kill9();
  await eventually(() => !isAlive(pid), 5_000, "the child of a killed parent to be gone");
});

// --- the checker: each kind of difference is planted once and must be found ---

interface Line {
  readonly id: string;
  readonly sha256: string;
  readonly created: number;
  readonly timestamp: number;
}

const schema = {
  type: "record",
  name: "Activity",
  fields: [
    { name: "_id", type: "string" },
    { name: "scan", type: "string" },
    { name: "created", type: ["null", { type: "long", logicalType: "timestamp-millis" }], default: null },
    { name: "timestamp", type: ["null", { type: "long", logicalType: "timestamp-millis" }], default: null },
    { name: "raw", type: ["null", "string"], default: null },
  ],
} as const;
const type = avsc.Type.forSchema(schema as unknown as avsc.Schema);

const raw = (n: number) => `{"_id":"a${n}","text":"ünïcode ${n}"}`;
const hash = (text: string) => createHash("sha256").update(text).digest("hex");
const line = (n: number): Line => ({ id: `a${n}`, sha256: hash(raw(n)), created: 1000 + n, timestamp: 900 + n });

function encode(schemaId: number, n: number, changed: object = {}): Buffer {
  const { created, timestamp } = line(n);
  const activity = {
    _id: `a${n}`,
    scan: "all",
    created,
    timestamp,
    raw: raw(n),
    ...changed,
  };
  const header = Buffer.alloc(5);
  header.writeInt32BE(schemaId, 1);
  return Buffer.concat([header, type.toBuffer(activity)]);
}

function truthFile(lines: readonly Line[]): string {
  const dir = scratchDir("truth");
  onTestFinished(() => discard(dir));
  const file = join(dir, "truth.ndjson");
  writeFileSync(file, lines.map((each) => `${JSON.stringify(each)}\n`).join(""));
  return file;
}

async function transact(producer: Producer, topic: string, values: readonly Buffer[], end: "commit" | "abort") {
  const transaction = await producer.transaction();
  await transaction.send({ topic, messages: values.map((value) => ({ value })) });
  await transaction[end]();
}

test("the checker finds what is missing, repeated, altered, unknown, mistimed or not readable, and nothing else", async () => {
  const [node, service] = await Promise.all([broker(), registry()]);
  const registered = await fetch(`${service.url}/subjects/t-value/versions`, {
    method: "POST",
    headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  const { id } = (await registered.json()) as { id: number };
  const admin = client([node.bootstrap]).admin();
  await admin.connect();
  await admin.createTopics({ topics: ["good", "bad", "dlq"].map((topic) => ({ topic, numPartitions: 1 })) });
  await admin.disconnect();
  const producer = client([node.bootstrap]).producer({
    transactionalId: "t",
    maxInFlightRequests: 1,
    idempotent: true,
  });
  await producer.connect();
  const all = [1, 2, 3, 4, 5, 6].map(line);

  await transact(
    producer,
    "good",
    [1, 2, 3].map((n) => encode(id, n)),
    "commit",
  );
  await transact(
    producer,
    "good",
    [1, 2, 3].map((n) => encode(id, n)),
    "abort",
  );
  await transact(
    producer,
    "good",
    [4, 5, 6].map((n) => encode(id, n)),
    "commit",
  );
  const check = { bootstrap: node.bootstrap, registry: service.url, truth: truthFile(all) };
  const good = await checkTopic({ ...check, topics: ["good"], print: 1 });
  expect(good.report).toMatchObject({ expected: 6, published: 6, missing: 0, duplicate: 0, altered: 0, unknown: 0 });
  expect(good.clean).toBe(true);
  expect(good.printed).toContain("ünïcode 1");
  expect(good.printed).toContain("1970-01-01T00:00:01.001Z");

  const bad = [
    encode(id, 1),
    encode(id, 1),
    encode(id, 2, { raw: raw(2).replace(" ", "  ") }),
    encode(id, 3, { created: null }),
    encode(id, 9),
    Buffer.from("not avro"),
    Buffer.concat([encode(id, 4), Buffer.from([0])]),
  ];
  await transact(producer, "bad", bad, "commit");
  await transact(producer, "dlq", [Buffer.from(raw(5)), Buffer.from("never sent")], "commit");
  await producer.disconnect();
  const found = await checkTopic({ ...check, topics: ["bad"], dlq: "dlq" });
  expect(found.clean).toBe(false);
  expect(found.report).toMatchObject({
    published: 7,
    missing: 2,
    duplicate: 1,
    altered: 1,
    unknown: 2,
    mistimed: 1,
    undecodable: 2,
    deadLettered: 2,
  });
  expect(found.report.examples["missing"]?.toSorted()).toEqual(["a4", "a6"]);
});
