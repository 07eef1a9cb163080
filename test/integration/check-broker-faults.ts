import kafkajs, { type AclEntry, type Admin } from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openKafka } from "../../src/kafka/kafkajs-port.ts";
import { systemClock } from "../../src/kit/clock.ts";
import { eventually, freePort } from "../real/process.ts";
import { failures, runHere, warnings } from "./check-here.ts";
import { configure, createTopic, doorOf, type Surroundings } from "./cli-setup.ts";
import { entriesOf, type Part, rightsOf } from "./connector-rights.ts";

const { READ, WRITE, DESCRIBE_CONFIGS, DELETE } = kafkajs.AclOperationTypes;
const never = new AbortController().signal;

/** Set-ups of the brokers that are broken, each named with its remedy, on a broker with TLS, logins and ACLs. */
export function brokerFaults(around: () => Surroundings): void {
  let admin: Admin;
  beforeAll(async () => {
    const brokers = [doorOf(around().broker)];
    admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
  });
  afterAll(() => admin?.disconnect());

  const secured = (login: string, ssl = `{ ca: ${around().broker.security?.caFile} }`) =>
    configure(around(), (yaml) => {
      const { bootstrap } = around().broker;
      return yaml.replace(/^kafka: .*$/m, `kafka: { brokers: ["${bootstrap}"], ssl: ${ssl}, sasl: ${login} }`);
    });
  const login = (user: string, password: string, mechanism = "scram-sha-512") =>
    `{ mechanism: ${mechanism}, username: ${user}, password: ${password} }`;
  const good = login("connector", "connector-secret");
  const check = (config: string) => runHere("check", "-c", config);

  const grant = async (topic: string, lacks: (part: Part, operation: number) => boolean) => {
    const acl = rightsOf(topic).filter(({ part, entry }) => !lacks(part, entry.operation));
    await admin.createAcls({ acl: acl.map(({ entry }) => entry) });
  };
  const makeTopics = async (topic: string) => {
    await createTopic(around().broker, topic, 2, "delete");
    await createTopic(around().broker, `${topic}-cursors`, 3, "compact", { "segment.ms": "3600000" });
    await createTopic(around().broker, `${topic}-dlq`, 1, "delete");
  };

  test.each([
    ["a wrong password", login("connector", "wrong-secret"), undefined, /kafka_refused: .* -> check kafka\.sasl/],
    [
      "a mechanism that is not offered",
      login("connector", "connector-secret", "plain"),
      undefined,
      /kafka_refused: .* -> .*set kafka\.sasl\.mechanism/,
    ],
    ["an authority that is not given", good, "true", /kafka_refused: .*certificate.* -> .*set kafka\.ssl\.ca/],
    [
      "a certificate for another name",
      good,
      "{ ca: CA, serverName: kafka.example }",
      /kafka_refused: .* -> .*set kafka\.ssl\.servername/i,
    ],
  ])("brokers with %s", async (_, sasl, ssl, expected) => {
    const caFile = around().broker.security?.caFile ?? "";
    const { code, out } = await check(secured(sasl, ssl?.replace("CA", caFile)).config);
    expect([code, failures(out)]).toEqual([1, [expect.stringMatching(expected)]]);
    expect(out).not.toContain("wrong-secret");
  });

  test("brokers with logins, of which the configuration knows nothing", async () => {
    const { config } = configure(around(), (yaml) => yaml.replace(doorOf(around().broker), around().broker.bootstrap));
    expect(failures((await check(config)).out)).toEqual([expect.stringMatching(/-> .*kafka\.ssl.*kafka\.sasl/)]);
  });

  test("a broker that is down", async () => {
    const { config } = configure(around(), (yaml) => yaml.replace(/brokers: .*\]/, `brokers: ["127.0.0.1:${port}"]`));
    expect(failures((await check(config)).out)).toEqual([
      expect.stringMatching(/brokers: kafka_unavailable: .*ECONNREFUSED.* -> .*check kafka\.brokers/),
    ]);
  });
  let port = 0;
  beforeAll(async () => {
    port = await freePort();
  });

  test.each<[string, (part: Part, operation: number) => boolean, string, string]>([
    [
      "on the cursors topic",
      (part) => part === "cursors",
      "--operation Describe --operation DescribeConfigs --operation Read --operation Write",
      "--topic T-cursors",
    ],
    [
      "to read the cursors topic",
      (part, operation) => part === "cursors" && operation === READ,
      "--operation Read",
      "--topic T-cursors",
    ],
    [
      "on the activities topic",
      (part) => part === "activities",
      "--operation Describe --operation DescribeConfigs --operation Write",
      "--topic T",
    ],
    [
      "to write to the dead letters' topic",
      (part, operation) => part === "dlq" && operation === WRITE,
      "--operation Write",
      "--topic T-dlq",
    ],
    [
      "to see a topic's settings",
      (part, operation) => part === "activities" && operation === DESCRIBE_CONFIGS,
      "--operation DescribeConfigs",
      "--topic T",
    ],
    [
      "on the transactional ids",
      (part) => part === "transactional-id",
      "--operation Describe --operation Write",
      "--transactional-id T-cursors --resource-pattern-type prefixed",
    ],
    [
      "on the groups",
      (part) => part === "group",
      "--operation Read --operation Delete",
      "--group T-cursors --resource-pattern-type prefixed",
    ],
    [
      "to delete groups",
      (part, operation) => part === "group" && operation === DELETE,
      "--operation Delete",
      "--group T-cursors --resource-pattern-type prefixed",
    ],
  ])("no right %s", async (_, lacks, operations, resource) => {
    const { config, topic } = secured(good);
    await makeTopics(topic);
    await grant(topic, lacks);
    const { bootstrap } = around().broker;
    const command = `kafka-acls --bootstrap-server ${bootstrap} --add --allow-principal User:connector`;
    const exact = `-> ${command} ${operations} ${resource.replace("T", topic)}`;
    const found = await eventually(
      async () => {
        const { out } = await check(config);
        const lines = failures(out);
        if (lines.length !== 1) throw new Error(out);
        return lines;
      },
      20_000,
      "one right to be missing",
    );
    expect(found[0]?.slice(found[0].indexOf("->"))).toBe(exact);
  });

  test("no right to create the topics that are missing", async () => {
    const { config, topic } = secured(good);
    await grant(topic, () => false);
    const { out } = await check(config);
    expect(failures(out)).toEqual(
      [topic, `${topic}-cursors`, `${topic}-dlq`].map((name) =>
        expect.stringMatching(new RegExp(`topic ${name}: .* lacks Create -> .*--operation Create --topic ${name}$`)),
      ),
    );
  });

  test("what kafka-acls is told to grant is enough: nothing is missing after it", async () => {
    const { config, topic } = secured(good);
    await makeTopics(topic);
    const commands = new Set<string>();
    const isRight = async () => {
      const { code, out } = await check(config);
      const missing = failures(out).map((line) => line.slice(line.indexOf("kafka-acls ")));
      for (const command of missing) commands.add(command);
      if (missing.length > 0) await admin.createAcls({ acl: missing.flatMap(entriesOf) });
      return code === 0;
    };
    await eventually(isRight, 60_000, "nothing to be missing");
    const words = (entry: AclEntry) => `${entry.resourceType} ${entry.resourceName} ${entry.operation}`;
    const all = rightsOf(topic).map(({ entry }) => words(entry));
    expect(new Set([...commands].flatMap(entriesOf).map(words))).toEqual(new Set(all));
  });

  test("the owner of a shard goes on undisturbed, and of the transaction that is tried nobody sees anything", async () => {
    const { config, topic } = configure(around());
    await makeTopics(topic);
    const brokers = [doorOf(around().broker)];
    const cursorsTopic = { name: `${topic}-cursors`, partitions: 3 };
    await using port = openKafka({ brokers, clientId: "owner", cursorsTopic }, { clock: systemClock });
    const shards = [0, 1, 2].map((shard) => port.shard(shard));
    await Promise.all(shards.map((shard) => shard.open(never)));
    const { code, out } = await check(config);
    expect(code, out).toBe(0);
    expect(out).toMatch(/^ok {4}transactions of .*: one was begun and aborted, topics: 3$/m);
    for (const shard of shards) await shard.commit({ state: [{ key: "k", value: "v" }], records: [] }, never);
    const states = await Promise.all(shards.map(({ shard }) => port.readState(shard, never)));
    expect(states.map(({ state }) => [...state.keys()])).toEqual([["k"], ["k"], ["k"]]);
    const seen = [topic, `${topic}-dlq`].map(async (name) => {
      // A record and the marker of its abort.
      const end = async () => (await admin.fetchTopicOffsets(name)).find(({ partition }) => partition === 0)?.high;
      await expect.poll(end, { timeout: 10_000 }).toBe("2");
      expect(await committedIn(brokers, name)).toEqual(["after"]);
    });
    await Promise.all(seen);
    const groups = async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId);
    await expect.poll(groups, { timeout: 10_000 }).not.toContainEqual(expect.stringMatching(`^${topic}-`));
  });

  test.each<[string, string, Record<string, string>, RegExp]>([
    [
      "activities that are gone before the last lookback",
      "",
      { "retention.ms": "3600000" },
      /warn .*retention\.ms is 1h, less than the last lookback of 24h.* -> kafka-configs .*retention\.ms=/,
    ],
    [
      "more replicas in sync than there are",
      "-cursors",
      { "min.insync.replicas": "2" },
      /FAIL .*min\.insync\.replicas is 2 but there are 1.* -> kafka-configs .*min\.insync\.replicas=1/,
    ],
    [
      "batches that do not fit",
      "",
      { "max.message.bytes": "500000" },
      /FAIL .*max\.message\.bytes is 500000, .* -> kafka-configs .*max\.message\.bytes=/,
    ],
    [
      "a cursors topic that is never compacted",
      "-cursors",
      { "segment.ms": "604800000" },
      /warn .*segment\.ms is 168h.* -> kafka-configs .*segment\.ms=3600000/,
    ],
  ])("topics with %s", async (_, suffix, settings, expected) => {
    const { config, topic } = configure(around());
    const policy = suffix === "" ? "delete" : "compact";
    await createTopic(around().broker, `${topic}${suffix}`, suffix === "" ? 2 : 3, policy, {
      "segment.ms": "3600000",
      ...settings,
    });
    const { out } = await check(config);
    expect([...failures(out), ...warnings(out)].filter((line) => line.includes(`topic ${topic}`))).toEqual([
      expect.stringMatching(expected),
    ]);
  });

  test("more replicas asked for than there are brokers", async () => {
    const { config } = configure(around(), (yaml) =>
      yaml.replace("cursors: { partitions: 3 }", "cursors: { partitions: 3, replicationFactor: 3 }"),
    );
    expect(failures((await check(config)).out)).toEqual([
      expect.stringMatching(/topic check-\d+-cursors: cannot be created: .* -> fewer brokers are up/),
    ]);
  });
}

/** What a `read_committed` reader is shown of a topic's first partition, up to a record that is added here. */
async function committedIn(brokers: string[], topic: string): Promise<string[]> {
  const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ value: "after", partition: 0 }] });
  await producer.disconnect();
  const shown: string[] = [];
  const consumer = kafka.consumer({ groupId: `reader-of-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => void shown.push(String(message.value)) });
  await expect.poll(() => shown, { timeout: 20_000 }).toContain("after");
  await consumer.disconnect();
  return shown;
}
