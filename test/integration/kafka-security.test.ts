import kafkajs, { type AclEntry, type Admin } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openKafka } from "../../src/kafka/kafkajs-port.ts";
import type { ClientLine, KafkaOptions } from "../../src/kafka/options.ts";
import type { KafkaPort } from "../../src/kafka/port.ts";
import { systemClock } from "../../src/kit/clock.ts";
import { ConnectorError } from "../../src/kit/errors.ts";
import { Secret } from "../../src/kit/secret.ts";
import { type Broker, type Security, startBroker } from "../real/broker.ts";
import { prepared } from "./numbered-records.ts";

const never = new AbortController().signal;
const NAMES = { cursors: "mdca-cursors", topic: "mdca-activities" };

let broker: Broker;
let security: Security;
let admin: Admin;
const ports: KafkaPort[] = [];
const lines: ClientLine[] = [];

beforeAll(async () => {
  broker = await startBroker({ tls: true, acls: true });
  security = broker.security!;
  admin = new kafkajs.Kafka({ brokers: [security.adminBootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  expect(await prepared(connect({ sasl: login("admin") }), NAMES, 1)).toEqual([]);
});

afterAll(async () => {
  for (const port of ports) await port[Symbol.asyncDispose]();
  await admin?.disconnect();
  await broker?.[Symbol.asyncDispose]();
});

function login(user: keyof Security["users"], password?: string): NonNullable<KafkaOptions["sasl"]> {
  const { name, password: own } = security.users[user];
  return { mechanism: "scram-sha-512", username: name, password: new Secret("test", () => password ?? own) };
}

function connect(options: Partial<KafkaOptions>): KafkaPort {
  const cursorsTopic = { name: NAMES.cursors, partitions: 3 };
  const all = { brokers: [broker.bootstrap], clientId: "security", cursorsTopic, ssl: { ca: security.ca }, ...options };
  const port = openKafka(all, { clock: systemClock, log: (line) => lines.push(line) });
  ports.push(port);
  return port;
}

async function refusal(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ConnectorError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("nothing was refused");
}

const without = { ssl: undefined, sasl: undefined } as unknown as Partial<KafkaOptions>;

describe("TLS and SASL", () => {
  test("with the private CA and the right password a shard is opened, written and read", async () => {
    const port = connect({ sasl: login("admin") });
    const shard = port.shard(0);
    await shard.open(never);
    await shard.commit({ state: [{ key: "cursor", value: "1" }], records: [] }, never);
    expect(String((await shard.open(never)).get("cursor"))).toBe("1");
  });

  test("a rotated password is used from the next login on", async () => {
    let password = "old";
    const sasl = { ...login("admin"), password: new Secret("file", () => password) } as KafkaOptions["sasl"] & object;
    const shard = connect({ sasl }).shard(1);
    expect(await refusal(shard.open(never))).toMatchObject({ code: "kafka_refused" });
    password = security.users.admin.password;
    await shard.open(never);
  });

  test("a secret that cannot be read is said to be just that", async () => {
    const gone = (): never => {
      throw new ConnectorError("secret_unreadable", "file /run/secrets/kafka is gone", { disposition: "retry" });
    };
    const sasl = { ...login("admin"), password: new Secret("file", gone) } as KafkaOptions["sasl"] & object;
    expect(await refusal(connect({ sasl }).shard(1).open(never))).toMatchObject({ code: "secret_unreadable" });
  });

  test.each([
    ["a wrong password", () => connect({ sasl: login("admin", "hunter2") }), "kafka_refused", /kafka\.sasl/],
    [
      "a certificate of an unknown CA",
      () => connect({ ssl: true, sasl: login("admin") }),
      "kafka_refused",
      /kafka\.ssl\.ca/,
    ],
    [
      "a certificate for another name",
      () => connect({ ssl: { ca: security.ca, servername: "kafka.example" }, sasl: login("admin") }),
      "kafka_refused",
      /kafka\.ssl\.servername/,
    ],
    [
      "a mechanism that the brokers do not offer",
      () => connect({ sasl: { mechanism: "plain", username: "admin", password: new Secret("test", () => "x") } }),
      "kafka_refused",
      /kafka\.sasl\.mechanism/,
    ],
    ["no TLS where it is expected", () => connect(without), "kafka_unavailable", /expect TLS \(kafka\.ssl\)/],
    ["no login where it is expected", () => connect({}), "kafka_unavailable", /a login \(kafka\.sasl\)/],
    [
      "TLS to a port without",
      () => connect({ brokers: [security.adminBootstrap], sasl: login("admin") }),
      "kafka_unavailable",
      /kafka\.ssl may not fit/,
    ],
  ])("%s is answered with what to change", async (_, port, code, remedy) => {
    const refused = await refusal(port().shard(2).open(never));
    expect(refused).toMatchObject({ code });
    expect(refused.message).toMatch(remedy);
    expect(refused.message).not.toContain("hunter2");
  });
});

describe("access control", () => {
  const { READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS, DELETE } = kafkajs.AclOperationTypes;
  const { TOPIC, GROUP, TRANSACTIONAL_ID } = kafkajs.AclResourceTypes;
  const grant = async (resourceType: number, operations: number[], resourceName = "mdca-"): Promise<void> => {
    const entry = { principal: "User:connector", host: "*", permissionType: kafkajs.AclPermissionTypes.ALLOW };
    const resource = { resourceName, resourceType, resourcePatternType: kafkajs.ResourcePatternTypes.PREFIXED };
    await admin.createAcls({ acl: operations.map((operation): AclEntry => ({ ...entry, ...resource, operation })) });
  };

  test("rights are asked for one after the other, each by name, until nothing is missing", async () => {
    const port = connect({ sasl: login("connector") });
    const shard = port.shard(0);
    const specs = [{ name: NAMES.cursors, partitions: 3, replicationFactor: 1, kind: "cursors" as const }];

    const topics = await refusal(port.prepareTopics(specs, true, never));
    expect(topics.code).toBe("kafka_refused");
    expect(topics.message).toMatch(/mdca-cursors.*Describe, DescribeConfigs, Read and Write on its topics/);
    await grant(TOPIC, [DESCRIBE, DESCRIBE_CONFIGS, READ, WRITE], "mdca-cursors");
    await expect.poll(() => port.prepareTopics(specs, true, never).catch(() => null), { timeout: 10_000 }).toEqual([]);

    const transactions = await refusal(shard.open(never));
    expect(transactions.code).toBe("kafka_refused");
    expect(transactions.message).toMatch(/Describe and Write on transactional ids/);
    await grant(TRANSACTIONAL_ID, [DESCRIBE, WRITE]);

    await expect
      .poll(async () => (await refusal(shard.open(never))).message, { timeout: 10_000 })
      .toMatch(/Read and Delete on groups/);
    await grant(GROUP, [READ, DELETE]);
    await expect.poll(() => shard.open(never).catch(() => null), { timeout: 10_000 }).not.toBeNull();

    const record = { topic: NAMES.topic, partition: 0, key: null, value: Buffer.from("x"), headers: {} };
    const written = await refusal(shard.commit({ state: [{ key: "k", value: "v" }], records: [record] }, never));
    expect(written.code).toBe("publish_failed");
    expect(written.message).toMatch(/Read and Write on its topics/);
    await grant(TOPIC, [DESCRIBE, WRITE], "mdca-activities");
    const publish = async (): Promise<boolean> => {
      await shard.open(never);
      await shard.commit({ state: [{ key: "k", value: "v" }], records: [record] }, never);
      return true;
    };
    await expect.poll(() => publish().catch(() => false), { timeout: 10_000 }).toBe(true);
  });

  test("the groups that reading needs are gone afterwards", async () => {
    for (const port of ports.splice(0)) await port[Symbol.asyncDispose]();
    const groups = async () => (await admin.listGroups()).groups.map((each) => each.groupId);
    await expect.poll(groups, { timeout: 10_000 }).toEqual([]);
  });

  test("nothing of all this was worth a warning of its own: each was thrown with its remedy", () => {
    expect(lines.filter((line) => line.level === "warn")).toEqual([]);
  });
});
