import { Kafka, type KafkaMessage, logLevel } from "kafkajs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { ensureBuilt } from "../real/built.ts";
import { checkTopic } from "../real/checker.ts";
import { type LiveConnector, type LiveOptions, startLive, untilCaughtUp } from "../real/live-connector.ts";
import { eventually } from "../real/process.ts";
import { type Downstream, type MockProcess, startDownstream, startMock } from "../real/stack.ts";
import { run } from "./cli-setup.ts";

const TOPIC = "verified";

let downstream: Downstream;
beforeAll(async () => {
  await ensureBuilt();
  downstream = await startDownstream();
});
afterAll(() => downstream?.[Symbol.asyncDispose]());

async function startTenant(seed: string, backlog: string, ...more: readonly string[]): Promise<MockProcess> {
  const flags = ["--backlog", backlog, "--rate", "0", "--request-limit", "100000", "--seed", seed, ...more];
  const mock = await startMock(flags, { built: true });
  onTestFinished(() => mock[Symbol.asyncDispose]());
  return mock;
}

const mockOf = async (seed: string): Promise<string> => (await startTenant(seed, "2000")).url;

/** A connector whose hours are settled ten seconds after their end. */
async function connect(tenantUrl: string, options: Partial<LiveOptions> = {}): Promise<LiveConnector> {
  const live = await startLive({
    ...downstream,
    tenantUrl,
    topic: TOPIC,
    requestsPerMinute: 1_200,
    ...options,
    flags: ["--set", 'scans.all.lookbacks=["5s", "10s"]', ...(options.flags ?? [])],
  });
  onTestFinished(() => live[Symbol.asyncDispose]());
  await untilCaughtUp(live, { deadlineMs: 240_000 });
  return live;
}

/** Twelve hours that are long settled, as an operator has them compared. */
async function verify(live: LiveConnector, ...flags: readonly string[]) {
  const range = ["--from", "14h", "--to", "3h"];
  return await run(["verify", "-c", live.configFile, "--scan", "all", ...range, ...flags], { built: true });
}

async function mismatches(live: LiveConnector): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${live.port}/metrics`)).text();
  return Number(/^mdca_source_open_mismatches\{.*\} (\d+)$/m.exec(text)?.[1]);
}

test("what was published is found equal; another truth is a mismatch until it is found equal again", async () => {
  const [tenant, another] = [await mockOf("1"), await mockOf("2")];
  const startedMs = Date.now();
  const live = await connect(tenant);
  const settled = () => live.status().then((status) => Date.parse(status?.scans[0]?.settledUntil ?? ""));
  await eventually(async () => (await settled()) > Date.now() - 3 * 3_600_000, 60_000, "the hours to be settled");
  // What the other tenant shows where a lookback has still to read is published, and rightly: so both lookbacks, the
  // step of five seconds included, are to be past the last moment of which either tenant has anything.
  await untilCaughtUp(live, { sinceMs: startedMs + 15_000, deadlineMs: 60_000 });
  const { published } = (await checkTopic({ ...downstream, topics: [TOPIC], truth: `${tenant}/_truth` })).report;

  expect(await verify(live)).toMatchObject({ code: 0, out: expect.stringMatching(/cost: .*\n.*nothing was changed/) });
  const equal = await verify(live, "--execute");
  expect(equal).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^done: verify\/.*(\n.*)*12 equal, 0 different/m),
  });
  expect(await mismatches(live)).toBe(0);
  await live.process.stop();

  const unlike = await connect(another);
  const different = await verify(unlike, "--execute", "--output", "json");
  expect(different).toMatchObject({ code: 1 });
  expect(different.out).toMatch(/"hours": \{\s+"equal": 0,\s+"different": 12/);
  expect(await mismatches(unlike)).toBe(12);
  expect(unlike.log.of("verify_done")).toMatchObject([{ level: "warn", different: 12 }]);
  const shown = await run(["cursor", "show", "-c", unlike.configFile], { built: true });
  expect(shown.out.match(/differs: \d+ published, the API shows \d+/g)).toHaveLength(12);
  await unlike.process.stop();
  // Nobody runs: it waits for whoever comes.
  const waiting = await verify(unlike, "--execute");
  expect(waiting).toMatchObject({ code: 0, out: expect.stringContaining("it is begun when a connector runs") });

  const again = await connect(tenant);
  await eventually(async () => (await mismatches(again)) === 0, 60_000, "the mismatches to be closed");
  const { report } = await checkTopic({ ...downstream, topics: [TOPIC], truth: `${tenant}/_truth` });
  expect(report).toMatchObject({ missing: 0, duplicate: 0, published });
});

interface TruthRow {
  readonly id: string;
  readonly created: number;
}

/** What a tenant shows, without its last hour, of which the tail may still ask for something. */
async function settledRows(tenant: MockProcess): Promise<TruthRow[]> {
  const lines = (await (await fetch(`${tenant.url}/_truth`)).text()).trimEnd().split("\n");
  const rows = lines.map((line) => JSON.parse(line) as TruthRow);
  return rows.filter(({ created }) => created < Date.now() - 3_600_000);
}

/** Publishes the first `count` records of a topic once more, as a faulty producer would. @returns their keys. */
async function repeat(topic: string, count: number): Promise<string[]> {
  const kafka = new Kafka({ brokers: [downstream.bootstrap], logLevel: logLevel.NOTHING });
  const [consumer, producer] = [kafka.consumer({ groupId: `${topic}-copy` }), kafka.producer()];
  const found: KafkaMessage[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => void (found.length < count && found.push(message)) });
  await eventually(async () => found.length === count, 30_000, "the first records");
  await consumer.disconnect();
  await producer.connect();
  const messages = found.map(({ key, value, headers = {} }) => ({ key, value, headers }));
  await producer.send({ topic, messages });
  await producer.disconnect();
  return found.map(({ key }) => String(key));
}

test("of 100,000 activities those that differ are found, three of each kind, and no others", async () => {
  const topic = "ids";
  const tenant = await startTenant("3", "105000", "--slim");
  const rows = await settledRows(tenant);
  const few = (at: number) => [0, 1, 2].map((each) => rows[at + 9_000 * each]!.id);
  const [missing, extra, changed] = [few(20_000), few(20_001), few(20_002)];
  await tenant.control({ hide: missing });
  const flags = ["--set", "kafka.compression=none"];
  const live = await connect(tenant.url, { topic, requestsPerMinute: 6_000, pageSize: 5_000, flags });
  const settled = () => live.status().then((status) => Date.parse(status?.scans[0]?.settledUntil ?? ""));
  await eventually(async () => (await settled()) > Date.now() - 3_600_000, 60_000, "the hours to be settled");
  await tenant.control({ show: missing, hide: extra, alter: changed });
  const twice = await repeat(topic, 3);

  const range = ["--from", "26h", "--to", "1h", "--execute", "--output", "json"];
  const verified = async (...flags: readonly string[]) => {
    const args = ["verify", "-c", live.configFile, "--scan", "all", ...range, ...flags];
    const { code, out } = await run(args, { built: true });
    expect(code).toBe(1);
    return JSON.parse(out.slice(out.indexOf("\n{"))).report;
  };
  const { ids, repair } = await verified("--repair");
  expect(ids.shown).toBeGreaterThanOrEqual(100_000);
  const found = (kind: string) => ids[kind].listed.map(({ id }: TruthRow) => id).sort();
  expect({
    missing: found("missing"),
    extra: found("extra"),
    changed: found("changed"),
    twice: found("twice"),
  }).toEqual({
    missing: missing.sort(),
    extra: extra.sort(),
    changed: changed.sort(),
    twice: twice.sort(),
  });
  expect(ids.missing.listed.every(({ published }: { published: string }) => published === "never")).toBe(true);
  expect(ids).toMatchObject({ missing: { count: 3 }, ledger: [], gone: 0, unreadable: 0 });
  expect(repair.runs.map(({ published }: { published: number }) => published)).toEqual([1, 1, 1]);

  const { report } = await checkTopic({ ...downstream, topics: [topic], truth: `${tenant.url}/_truth` });
  expect(report).toMatchObject({ missing: 0, duplicate: 3, altered: 3, unknown: 3 });
}, 300_000);
