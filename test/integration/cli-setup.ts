import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import { expect, onTestFinished } from "vitest";
import { type MockTenant, startMockTenant } from "../../src/mock-tenant/start.ts";
import { type Broker, type BrokerOptions, startBroker } from "../real/broker.ts";
import { discard, scratchDir, startConnector } from "../real/process.ts";
import { type Registry, startRegistry } from "../real/registry.ts";
import { createTopics } from "../real/topics.ts";

/** What a configuration points at: everything real but the tenant. */
export interface Surroundings extends AsyncDisposable {
  readonly broker: Broker;
  readonly registry: Registry;
  readonly tenant: MockTenant;
}

/** @param options of the broker; where it is a secured one, `configure` uses its plaintext door. */
export async function startSurroundings(options: BrokerOptions = {}): Promise<Surroundings> {
  const [broker, registry, tenant] = await Promise.all([
    startBroker(options),
    startRegistry(),
    startMockTenant({ backlog: 500, requestLimit: null }),
  ]);
  const dispose = async () => {
    await Promise.all([tenant, registry, broker].map((part) => part[Symbol.asyncDispose]()));
  };
  return { broker, registry, tenant, [Symbol.asyncDispose]: dispose };
}

let number = 0;

/** A configuration with topics of its own, its text changed by `edit`; gone after the test. */
export function configure({ broker, registry, tenant }: Surroundings, edit = (yaml: string) => yaml) {
  number += 1;
  const topic = `check-${number}`;
  const dir = scratchDir("cli-check");
  onTestFinished(() => discard(dir));
  writeFileSync(join(dir, "token"), "mock-token\n");
  const config = join(dir, "mdca.yaml");
  const yaml = `
tenants:
  contoso:
    apiUrl: ${tenant.url}
    auth: { token: "\${file:token}" }
    requestsPerMinute: 6000
kafka: { brokers: ["${doorOf(broker)}"] }
schemaRegistry: { url: "${registry.url}" }
topics:
  activities: { name: ${topic}, partitions: 2 }
  cursors: { partitions: 3 }
http: { port: 0 }
`;
  writeFileSync(config, edit(yaml));
  return { topic, dir, config };
}

/** One command to its end. Whatever it says, it shows neither a stack nor the token. */
export async function run(
  args: readonly string[],
  options: { built?: boolean } = {},
): Promise<{ code: number | null; out: string }> {
  const running = startConnector(args, { name: `cli-${args[0]}`, ...options });
  onTestFinished(async () => void (await running.kill9()));
  const { code } = await running.exited;
  const out = running.log();
  expect(out).not.toMatch(/^\s+at /m);
  expect(out).not.toContain("mock-token");
  return { code, out };
}

/** Where a broker takes everybody, for everything. */
export const doorOf = (broker: Broker): string => broker.security?.adminBootstrap ?? broker.bootstrap;

const client = (broker: Broker) => new Kafka({ brokers: [doorOf(broker)], logLevel: logLevel.NOTHING });

export async function topicsOf(broker: Broker): Promise<string[]> {
  const admin = client(broker).admin();
  await admin.connect();
  const topics = await admin.listTopics();
  await admin.disconnect();
  return topics;
}

export async function createTopic(
  broker: Broker,
  topic: string,
  partitions: number,
  policy: string,
  others: Readonly<Record<string, string>> = {},
): Promise<void> {
  const configEntries = Object.entries({ "cleanup.policy": policy, ...others }).map(([name, value]) => ({
    name,
    value,
  }));
  await createTopics(doorOf(broker), [{ topic, numPartitions: partitions, configEntries }]);
}

/** The same record in each of a topic's `partitions`. */
export async function putEverywhere(
  broker: Broker,
  topic: string,
  partitions: number,
  record: { key: string; value: string },
): Promise<void> {
  const producer = client(broker).producer();
  await producer.connect();
  const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, ...record }));
  await producer.send({ topic, messages });
  await producer.disconnect();
}
