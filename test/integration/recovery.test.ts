import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Broker, startBroker } from "../real/broker.ts";
import { ensureBuilt } from "../real/built.ts";
import { checkTopic } from "../real/checker.ts";
import type { JsonLog, LogLine } from "../real/json-log.ts";
import { type LiveConnector, type LiveOptions, startLive, untilCaughtUp } from "../real/live-connector.ts";
import { eventually, scratchDir } from "../real/process.ts";
import { type Registry, startRegistry } from "../real/registry.ts";
import { type LiveStatus, type MockProcess, startMock } from "../real/stack.ts";

let broker: Broker;
let registry: Registry;
beforeAll(async () => {
  await ensureBuilt();
  [broker, registry] = await Promise.all([startBroker(), startRegistry()]);
});
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await broker?.[Symbol.asyncDispose]();
});

/** A tenant with 100 new activities a second. */
async function tenant(flags: readonly string[] = [], backlog = 2_000): Promise<MockProcess> {
  const live = ["--backlog", String(backlog), "--rate", "100", "--request-limit", "100000"];
  const mock = await startMock([...live, ...flags], { built: true });
  onTestFinished(() => mock[Symbol.asyncDispose]());
  return mock;
}

async function connector(mock: MockProcess, topic: string, more: Partial<LiveOptions> = {}): Promise<LiveConnector> {
  const downstream = { bootstrap: broker.bootstrap, registry: registry.url };
  const live = await startLive({ ...downstream, tenantUrl: mock.url, topic, requestsPerMinute: 600, ...more });
  onTestFinished(() => live[Symbol.asyncDispose]());
  return live;
}

type ScanStatus = LiveStatus["scans"][number];

async function scanOf(live: LiveConnector): Promise<ScanStatus> {
  const scan = (await live.status())?.scans[0];
  if (scan === undefined) throw new Error("the connector does not tell its status");
  return scan;
}

const untilState = (live: LiveConnector, state: string) =>
  eventually(async () => (await scanOf(live)).state === state, 60_000, `the scan to be ${state}`);

/** Waits until something more is published than now. */
async function untilItMoves(live: LiveConnector, deadlineMs = 90_000): Promise<void> {
  const before = (await scanOf(live)).counts.published;
  await eventually(async () => (await scanOf(live)).counts.published > before, deadlineMs, "more to be published");
}

/** The lines that a person reads which came since `from` lines. */
const told = (log: JsonLog, from: number): LogLine[] => log.lines.slice(from).filter((line) => line.level !== "debug");

const messages = (lines: readonly LogLine[]): string[] => lines.map(({ level, msg }) => `${level}: ${msg}`);

/** Everything that the tenant shows is in the topic once, and nothing else. */
async function expectFaultless(live: LiveConnector, mock: MockProcess, topic: string): Promise<void> {
  await mock.control({ rate: 0 });
  await untilCaughtUp(live, { deadlineMs: 90_000 });
  const { report } = await checkTopic({
    bootstrap: broker.bootstrap,
    topics: [topic],
    registry: registry.url,
    truth: `${mock.url}/_truth`,
    dlq: `${topic}-dlq`,
  });
  expect(report).toMatchObject({ missing: 0, duplicate: 0, altered: 0, unknown: 0, mistimed: 0, undecodable: 0 });
  expect(report.published).toBeGreaterThan(2_000);
}

test("a registry that is down is waited for at the start, and not needed afterwards", async () => {
  const mock = await tenant();
  await registry.stop();
  const live = await connector(mock, "registry-down");
  await live.process.waitFor(() => live.log.troubles.length > 0);
  const ready = await fetch(`http://127.0.0.1:${live.port}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.text()).toContain("looking up the schema of registry-down, waiting: ");
  await delay(5_000);
  await registry.start();
  await live.ready();
  const starting = live.log.troubles;
  expect(starting.length).toBeLessThanOrEqual(2);
  expect(starting[0]?.msg).toMatch(/schema registry/);

  await registry.stop();
  await untilItMoves(live);
  await untilItMoves(live);
  expect(live.log.troubles).toEqual(starting);
  await registry.start();
  await expectFaultless(live, mock, "registry-down");
});

test("a broker that restarts under load is waited for, and what was in flight is decided by the state", async () => {
  const mock = await tenant();
  const live = await connector(mock, "broker-down");
  await live.ready();
  await untilItMoves(live);
  const from = live.log.lines.length;
  await broker.stop();
  await delay(7_000);
  await broker.start();
  await untilItMoves(live);
  const lines = told(live.log, from);
  expect(live.process.isRunning()).toBe(true);
  expect(lines.filter((line) => line.event === "transaction_ended").length).toBeLessThanOrEqual(2);
  expect(lines.length).toBeLessThanOrEqual(12);
  expect(messages(lines).join("\n")).toMatch(/transaction failed: .*(broker|ECONNREFUSED|closed)/i);
  await expectFaultless(live, mock, "broker-down");
  await live.process.stop();
  // Said again at the latest when it stops: the first time is less than a minute ago.
  expect(live.log.of("shard_opened").length).toBe(2);
});

test("a tenant that is down, or throttles in a storm, is waited for and told of once", async () => {
  const mock = await tenant(["--request-window", "5s"]);
  const live = await connector(mock, "tenant-down");
  await live.ready();
  await untilItMoves(live);

  let from = live.log.lines.length;
  await mock.control({ down: "refuse" });
  await untilState(live, "retrying");
  await delay(10_000);
  await mock.control({ down: "close" });
  await delay(8_000);
  await mock.control({ down: false });
  await untilItMoves(live);
  await eventually(() => live.log.of("scan_recovered").length === 1, 5_000, "the recovery to be told");
  const down = told(live.log, from);
  expect(down.map(({ level, event }) => `${level} ${event}`)).toEqual(["warn scan_state", "info scan_recovered"]);
  expect(down[0]?.msg).toContain("503");

  from = live.log.lines.length;
  await mock.control({ requestLimit: 30, foreignPerMinute: 2_000 });
  await untilState(live, "throttled");
  await delay(6_000);
  await mock.control({ foreignPerMinute: 0, requestLimit: 100_000 });
  await untilItMoves(live);
  await eventually(() => live.log.of("scan_recovered").length === 2, 5_000, "the recovery to be told");
  const storm = told(live.log, from);
  expect(storm.map(({ level, event }) => `${level} ${event}`)).toEqual(["info scan_state", "info scan_recovered"]);
  expect(storm[0]?.msg).toContain("429");
  await expectFaultless(live, mock, "tenant-down");
});

test("a tenant that shows nothing any more is silent in /status, idle until that is looked into, and no more once it shows", async () => {
  const mock = await tenant();
  const live = await connector(mock, "silent");
  await live.ready();
  // While it is behind, a stretch that shows nothing is passed over.
  await untilCaughtUp(live, { deadlineMs: 90_000 });
  expect((await scanOf(live)).silence).toBeNull();
  await mock.control({ showsNothing: true });
  await eventually(async () => (await scanOf(live)).silence, 60_000, "the silence");
  const { silence, state } = await scanOf(live);
  expect(silence).toMatchObject({ baselineSeconds: 3_600, provenAt: null, suspectSince: null });
  expect(Math.abs(Date.parse(silence?.since ?? "") - Date.now())).toBeLessThan(60_000);
  expect(state).toBe("idle");
  await mock.control({ showsNothing: false });
  await eventually(async () => (await scanOf(live)).silence === null, 60_000, "the silence to end");
  await expectFaultless(live, mock, "silent");
});

/** Without what is told of the files: those are looked at every few seconds, by themselves. */
const ofScans = (lines: readonly LogLine[]): LogLine[] =>
  lines.filter(({ event }) => event !== "config_reloaded" && event !== "stage");

test("a token rotated in its file is used at once, a wrong one is told of once and its correction found", async () => {
  const dir = scratchDir("tokens");
  const [accepted, ours] = [join(dir, "accepted"), join(dir, "ours")];
  writeFileSync(accepted, "first-token\n");
  writeFileSync(ours, "first-token\n");
  const mock = await tenant(["--token-file", accepted]);
  const live = await connector(mock, "rotated", { token: `\${file:${ours}}` });
  await live.ready();
  await untilItMoves(live);

  const from = live.log.lines.length;
  writeFileSync(accepted, "first-token\nsecond-token\n");
  writeFileSync(ours, "second-token\n");
  await untilItMoves(live);
  writeFileSync(accepted, "second-token\n");
  await untilItMoves(live);
  expect(messages(ofScans(told(live.log, from)))).toEqual([]);

  writeFileSync(ours, "wrong-token\n");
  await untilState(live, "unauthorized");
  const { reason } = await scanOf(live);
  expect(reason).toContain("401");
  await delay(8_000);
  writeFileSync(ours, "second-token\n");
  await untilItMoves(live);
  await eventually(() => live.log.of("scan_recovered").length === 1, 5_000, "the recovery to be told");
  const lines = ofScans(told(live.log, from));
  expect(lines.map(({ level, event }) => `${level} ${event}`)).toEqual(["error scan_state", "info scan_recovered"]);
  expect(live.process.log()).not.toMatch(/(first|second|wrong)-token/);
  await expectFaultless(live, mock, "rotated");
});

test("a replica that stands by takes over from the one that is stopped, at once and without a word of trouble", async () => {
  const mock = await tenant([], 30_000);
  const busy = { requestsPerMinute: 3_000, logLevel: "debug" } as const;
  const pages = (live: LiveConnector) => live.log.of("page_published").length;
  let owner = await connector(mock, "shared", busy);
  for (let takeover = 1; takeover <= 3; takeover++) {
    await owner.process.waitFor(() => pages(owner) >= 3);
    const next = await connector(mock, "shared", busy);
    await next.ready();
    expect(pages(next)).toBe(0);
    const begun = performance.now();
    expect(await owner.process.stop()).toEqual({ code: 143, signal: null });
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(owner.log.troubles).toEqual([]);
    await next.process.waitFor(() => pages(next) >= 1);
    owner = next;
  }
  await expectFaultless(owner, mock, "shared");
  expect(owner.log.troubles).toEqual([]);
});

test("SIGTERM ends it within 10 s even when the broker does not answer, a second one at once", async () => {
  const mock = await tenant();
  const [patient, hurried] = [await connector(mock, "stop-1"), await connector(mock, "stop-2")];
  await Promise.all([patient.ready(), hurried.ready()]);
  await Promise.all([untilItMoves(patient), untilItMoves(hurried)]);
  broker.pause();
  try {
    await delay(1_500);
    const begun = performance.now();
    patient.process.signal("SIGTERM");
    hurried.process.signal("SIGTERM");
    await delay(700);
    expect(hurried.process.isRunning()).toBe(true);
    const again = performance.now();
    hurried.process.signal("SIGTERM");
    expect(await hurried.process.exited).toEqual({ code: 143, signal: null });
    expect(performance.now() - again).toBeLessThan(1_500);
    expect(await patient.process.exited).toEqual({ code: 143, signal: null });
    console.log(`stopped after ${Math.round(performance.now() - begun)} ms`, messages(patient.log.troubles));
    expect(performance.now() - begun).toBeLessThan(10_000);
  } finally {
    broker.resume();
  }
  const next = await connector(mock, "stop-1");
  await next.ready();
  await expectFaultless(next, mock, "stop-1");
});
