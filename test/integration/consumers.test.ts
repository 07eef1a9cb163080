import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SchemaRegistry } from "@kafkajs/confluent-schema-registry";
import { Kafka, type KafkaMessage, logLevel } from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SCHEMA_VERSION } from "../../src/activity/activity.ts";
import { type Activity, embeddedDecoder, registryDecoder } from "../../src/activity/consumer.ts";
import { type MockTenant, startMockTenant } from "../../src/mock-tenant/start.ts";
import { fenced } from "../real/fenced.ts";
import { Held } from "../real/held.ts";
import { kafkaJars, runTool } from "../real/jvm.ts";
import { type LiveConnector, startLive } from "../real/live-connector.ts";
import {
  eventually,
  type NodeOptions,
  type Running,
  root,
  scratchDir,
  start,
  startConnector,
} from "../real/process.ts";
import { rewritingProxy } from "../real/rewriting-proxy.ts";
import { type Downstream, startDownstream } from "../real/stack.ts";

const TOPIC = "mdca-activities";
const BACKLOG = 200;
/** The one that docs/schema-evolution.md has to speak of. */
const NEXT_VERSION = String(Number(SCHEMA_VERSION) + 1);

/** Everything real but the tenant; the connector has published what the tenant had. */
interface Site {
  readonly downstream: Downstream;
  readonly tenant: MockTenant;
  readonly connector: LiveConnector;
  /** Reads along from the first record on, with the schema of these sources. */
  readonly reader: Reader;
}

interface Reader {
  /** Each record that was read, and what it says. */
  readonly seen: readonly { readonly message: KafkaMessage; readonly activity: Activity }[];
}

const parts = new Held();
let site: Site;

beforeAll(async () => {
  const [downstream, tenant] = await Promise.all([
    parts.use(startDownstream()),
    parts.use(startMockTenant({ backlog: BACKLOG, requestLimit: null })),
  ]);
  await setCompatibility(downstream.registry);
  // A field that the API has begun to send and the schema does not know.
  const scored = (text: string) => text.replaceAll('"severity":"INFO"', '"severity":"INFO","riskScore":42');
  const proxy = await parts.use(rewritingProxy(tenant.url, scored));
  const { bootstrap, registry } = downstream;
  const options = { tenantUrl: proxy.url, bootstrap, registry, topic: TOPIC, requestsPerMinute: 6_000 };
  const connector = await parts.use(startLive(options));
  await connector.ready();
  const reader = await parts.use(readAlong(downstream));
  await eventually(() => reader.seen.length >= BACKLOG, 60_000, "the reader to have read all");
  await publishAborted(downstream, reader);
  site = { downstream, tenant, connector, reader };
});

afterAll(() => parts[Symbol.asyncDispose]());

/** As docs/schema-evolution.md has it done. */
async function setCompatibility(registry: string): Promise<void> {
  const body = /-d '([^']+)'/.exec(fenced("docs/schema-evolution.md", "sh")[1] ?? "")?.[1] ?? "";
  const headers = { "content-type": "application/vnd.schemaregistry.v1+json" };
  const answer = await fetch(`${registry}/config/${TOPIC}-value`, { method: "PUT", headers, body });
  expect(await answer.text()).toContain("FULL_TRANSITIVE");
}

/** At first the registry gives it nothing: kafkajs has to hand it the message again. */
async function readAlong({ bootstrap, registry }: Downstream): Promise<Reader & AsyncDisposable> {
  const seen: { message: KafkaMessage; activity: Activity }[] = [];
  let asked = 0;
  const moody = await parts.use(rewritingProxy(registry, (text) => (++asked === 1 ? "" : text)));
  const decode = registryDecoder({ url: moody.url });
  const consumer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).consumer({ groupId: "reads-along" });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => void seen.push({ message, activity: await decode(message) }),
  });
  return { seen, [Symbol.asyncDispose]: () => consumer.disconnect() };
}

/** A record in each partition, of a transaction that was aborted: who reads committed records must not see it. */
async function publishAborted({ bootstrap }: Downstream, { seen }: Reader): Promise<void> {
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ transactionalId: "aborts", maxInFlightRequests: 1, idempotent: true });
  await producer.connect();
  const transaction = await producer.transaction();
  const { key = null, value = null } = seen[0]?.message ?? {};
  const messages = Array.from({ length: 6 }, (_, partition) => ({ partition, key, value }));
  await transaction.send({ topic: TOPIC, messages });
  await transaction.abort();
  await producer.disconnect();
}

/** These sources in a folder of their own, with the field and by the steps that docs/schema-evolution.md gives. */
async function withOneMoreField(): Promise<string> {
  const tree = scratchDir("evolved");
  for (const path of ["src", "schemas", "docs", "deploy", "test/unit/activity", "test/downstream"]) {
    cpSync(join(root, path), join(tree, path), { recursive: true });
  }
  for (const path of ["package.json", "tsconfig.json", "vitest.config.ts"]) cpSync(join(root, path), join(tree, path));
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));

  const file = join(tree, "schemas/activity.avsc");
  const [field = ""] = fenced("docs/schema-evolution.md", "json");
  writeFileSync(file, readFileSync(file, "utf8").replace(/\n {2}\]\n\}\n$/, `,\n    ${field.trim()}\n  ]\n}\n`));
  const [steps = ""] = fenced("docs/schema-evolution.md", "sh");
  expect(steps).toContain(`released/${NEXT_VERSION}.avsc`);
  await runTool(["bash", "-e", "-c", steps], { cwd: tree });
  const judged = ["unit/activity/released", "unit/activity/activity", "downstream/ksqldb/ksqldb"];
  await runTool(["node", "node_modules/vitest/vitest.mjs", "run", "--project", "unit", ...judged], { cwd: tree });
  return tree;
}

test("a field is added by the documented steps, and an old reader sees every activity once, through the upgrade and back", async () => {
  const { connector, downstream, tenant, reader } = site;
  const args = ["run", "--config", connector.configFile];
  const cwd = await withOneMoreField();
  const publishedBy = async (count: number, options: NodeOptions) => {
    tenant.add(count);
    await using process = startConnector(args, options);
    const sum = tenant.truth().length;
    await process.waitFor(() => reader.seen.length >= sum, 60_000);
  };
  await connector.process.stop();
  await publishedBy(50, { name: "connector-upgraded", cwd });
  await publishedBy(10, { name: "connector-set-back", built: true });

  const ids = reader.seen.map(({ activity }) => activity._id);
  expect(ids.sort()).toEqual(idsOf(tenant));
  for (const { activity } of reader.seen) {
    expect(activity).not.toHaveProperty("riskScore");
    expect(activity.raw).toContain('"riskScore":42');
  }
  const [before = [], after = []] = [SCHEMA_VERSION, NEXT_VERSION].map((version) =>
    reader.seen.filter(({ message }) => versionOf(message) === version),
  );
  expect([before.length, after.length]).toEqual([BACKLOG + 10, 50]);
  const versions = await fetch(`${downstream.registry}/subjects/${TOPIC}-value/versions`);
  expect(await versions.json()).toEqual([1, 2]);
  // The registry's own client sees each record as it was written.
  const registry = new SchemaRegistry({ host: downstream.registry });
  const values = [before.at(-1), after.at(-1)].map((seen) => seen?.message.value as Buffer);
  const written = await Promise.all(values.map((value) => registry.decode(value)));
  expect(written.map(({ riskScore }) => riskScore)).toEqual([undefined, 42]);
});

function idsOf(tenant: MockTenant): string[] {
  const ids = tenant.truth().map(({ id }) => id);
  return ids.sort();
}

function versionOf({ headers }: KafkaMessage): string {
  return String(headers?.["schema-version"]);
}

test("decoded by the versions in the package is the same as decoded by the registry", () => {
  const decode = embeddedDecoder();
  const ours = site.reader.seen.filter(({ message }) => versionOf(message) === SCHEMA_VERSION);
  expect(ours.length).toBeGreaterThanOrEqual(BACKLOG);
  for (const { message, activity } of ours) expect(decode(message)).toEqual(activity);
});

/** The readers of docs/consuming.md: the file to save each as, and what runs it. */
const readers: readonly [language: string, file: string, command: (path: string) => readonly string[]][] = [
  ["ts", "activities.ts", (path) => [process.execPath, "--import", "tsx", path]],
  ["python", "activities.py", (path) => [join(root, ".cache/consumers/venv/bin/python"), path]],
  ["java", "Activities.java", (path) => ["java", "-XX:TieredStopAtLevel=1", "-cp", kafkaJars, path]],
];

test.each(readers)("the reader in %s that the docs show reads every activity once", async (language, file, command) => {
  const { downstream, tenant, reader } = site;
  const path = join(scratchDir("consumer"), file);
  writeFileSync(path, fenced("docs/consuming.md", language)[0] ?? "");
  const env = { BROKERS: downstream.bootstrap, REGISTRY: downstream.registry, TOPIC };
  await using running = start(command(path), { name: `consumer-${language}`, env });
  const count = tenant.truth().length;
  await running.waitFor(() => linesOf(running).length >= count, 60_000);

  const known = new Map(reader.seen.map(({ activity }) => [activity._id, activity]));
  const expected = tenant.truth().map(({ id, created }) => {
    const { appName, user } = known.get(id) ?? expect.unreachable(`${id} was not read along`);
    return { id, created, app: appName, user: user?.userName ?? null };
  });
  expect(linesOf(running).sort(byId)).toEqual(expected.sort(byId));
  expect(new Set(expected.map(({ user }) => user)).size).toBeGreaterThan(10);
});

interface Line {
  readonly id: string;
  readonly created: number;
  readonly app: string | null;
  readonly user: string | null;
}

/** What it has printed so far; a line that is being written is left for later. */
function linesOf(running: Running): Line[] {
  const lines = running.log().match(/^\{"id".*(?=\n)/gm) ?? [];
  return lines.map((line) => {
    const { saved, ...rest } = JSON.parse(line);
    return { ...rest, created: Date.parse(saved) };
  });
}

function byId(one: Line, other: Line): number {
  return one.id < other.id ? -1 : 1;
}
