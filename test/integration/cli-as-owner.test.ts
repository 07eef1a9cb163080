import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connectKafka } from "../../src/cli/wiring.ts";
import { loadConfig } from "../../src/config/load.ts";
import { visitShard } from "../../src/connector/visit-shard.ts";
import { systemClock } from "../../src/kit/clock.ts";
import { type Command, commandKey, encodeCommand } from "../../src/scan/command.ts";
import { ensureBuilt } from "../real/built.ts";
import { checkTopic } from "../real/checker.ts";
import { type LiveConnector, type LiveOptions, startLive, untilCaughtUp } from "../real/live-connector.ts";
import { eventually } from "../real/process.ts";
import { type Downstream, type MockProcess, startDownstream, startMock } from "../real/stack.ts";
import { run } from "./cli-setup.ts";
import { findNobody, lookAt } from "./operator-look.ts";

let downstream: Downstream;
beforeAll(async () => {
  await ensureBuilt();
  downstream = await startDownstream();
});
afterAll(() => downstream?.[Symbol.asyncDispose]());

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;
const head = { version: 1, id: randomUUID(), at: new Date().toISOString(), by: "test", scan: "all" } as const;
const instant = (hoursAgo: number) =>
  new Date(Math.floor(Date.now() / 1_000) * 1_000 - hoursAgo * HOUR_MS).toISOString();

/** A connector on a tenant with 3,000 activities of the last 24 hours, of which it reads the last twelve by itself. */
class Stand {
  readonly #topic: string;
  readonly mock: MockProcess;
  live: LiveConnector;

  private constructor(topic: string, mock: MockProcess, live: LiveConnector) {
    this.#topic = topic;
    this.mock = mock;
    this.live = live;
  }

  static async open(topic: string, rate: number): Promise<Stand> {
    const flags = ["--backlog", "3000", "--rate", String(rate), "--request-limit", "100000"];
    const mock = await startMock(flags, { built: true });
    onTestFinished(() => mock[Symbol.asyncDispose]());
    const stand = new Stand(topic, mock, await startLive(Stand.#options(topic, mock)));
    onTestFinished(() => stand.live[Symbol.asyncDispose]());
    await untilCaughtUp(stand.live, { deadlineMs: 60_000 });
    return stand;
  }

  static #options(topic: string, { url }: MockProcess): LiveOptions {
    const { bootstrap, registry } = downstream;
    return { bootstrap, registry, tenantUrl: url, topic, requestsPerMinute: 1_200, start: "12h" };
  }

  async restart(): Promise<void> {
    this.live = await startLive(Stand.#options(this.#topic, this.mock));
  }

  /** As an operator at the same configuration. */
  command(...args: readonly string[]) {
    const [group = "", action = "", ...flags] = args;
    return run([group, action, "-c", this.live.configFile, "--scan", "all", ...flags], { built: true });
  }

  add(from: number, until: number) {
    const stretch = ["--from", instant(from), "--until", instant(until)];
    return this.command("backfill", "add", ...stretch, "--execute");
  }

  async listed(): Promise<{ jobs: { job: string; state: string }[]; queued: { id: string }[] }> {
    const { out } = await this.command("backfill", "list", "--output", "json");
    return JSON.parse(out) as Awaited<ReturnType<Stand["listed"]>>;
  }

  /** All that the tenant shows is there once, and nothing else. */
  async expectFaultless(): Promise<void> {
    await this.mock.control({ rate: 0 });
    await untilCaughtUp(this.live, { deadlineMs: 90_000 });
    const truth = `${this.mock.url}/_truth`;
    const topics = { topics: [this.#topic], dlq: `${this.#topic}-dlq` };
    const { report } = await checkTopic({ ...downstream, truth, ...topics });
    expect(report).toMatchObject({ missing: 0, duplicate: 0, altered: 0, unknown: 0, mistimed: 0, undecodable: 0 });
  }
}

const APPLIED = /^no connector runs, so it was applied here.*\ndone: backfill\//m;

test("without a connector commands are applied here, queued ones first; the next connector goes on from there", async () => {
  const stand = await Stand.open("owned", 0);
  await lookAt(stand.live);
  await stand.live.process.stop();
  await findNobody(stand.live);
  const [back, from] = [instant(3), instant(30)];
  const reset = ["cursor", "reset", "--to-datetime", back, "--execute", "--wait", "0s"];
  expect(await stand.command(...reset)).toMatchObject({ code: 0, out: expect.stringMatching(/^queued: /m) });
  const add = ["backfill", "add", "--from", from, "--until", instant(11), "--execute"];
  const added = await stand.command(...add);
  expect(added).toMatchObject({ code: 0, out: expect.stringMatching(APPLIED) });
  expect(added.out).toMatch(new RegExp(`^before it: done: backfill/${back}`, "m"));
  expect(await stand.command(...add)).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^refused: .*there already/m),
  });
  await stand.command("backfill", "pause", "--job", `backfill/${from}`, "--execute");
  await stand.command("backfill", "cancel", "--job", `backfill/${back}`, "--execute");
  expect(await stand.listed()).toMatchObject({ jobs: [{ job: `backfill/${from}`, state: "paused" }], queued: [] });
  const resume = ["backfill", "resume", "--job", `backfill/${from}`, "--execute", "--output", "json"];
  const resumed = await stand.command(...resume);
  expect(resumed.out).toMatch(/"outcome": "done",(\n.*)+"asOwner": true/);
  const file = join(dirname(stand.live.configFile), "cursors.json");
  expect(await stand.command("cursor", "export", "--file", file)).toMatchObject({
    code: 0,
    out: expect.stringMatching(
      /^exported scan all at 2\S+, with \d+ jobs? and \d+ slices, as of offset \d+ of shard \d/m,
    ),
  });
  expect(await stand.command("scan", "pause", "--execute")).toMatchObject({ code: 0 });

  // Paused, whoever starts; then it goes on; then all is read again from where the export stood.
  const { requests } = await stand.mock.stats();
  await stand.restart();
  const isPaused = async () => (await stand.live.status())?.scans[0]?.state === "paused";
  await eventually(isPaused, 60_000, "the connector to say that the scan is paused");
  expect((await stand.command("cursor", "show")).out).toMatch(/scan all: paused by .*@.* since 2/);
  expect((await stand.mock.stats()).requests).toBe(requests);
  expect(await stand.command("scan", "resume", "--execute")).toMatchObject({ code: 0 });
  await stand.expectFaultless();
  const again = await stand.command("cursor", "import", "--file", file, "--execute", "--output", "json");
  expect(again, again.out).toMatchObject({ code: 0, out: expect.stringContaining('"outcome": "done"') });
  await stand.expectFaultless();
  expect(await stand.listed()).toEqual({ jobs: [], queued: [] });
  const history = JSON.parse((await stand.command("cursor", "history", "--output", "json")).out) as {
    changes: { action: string; outcome: string; by: string; plan: object | null }[];
  };
  expect(history.changes.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
    "cursor_reset done",
    "backfill_add done",
    "backfill_add refused",
    "job_pause done",
    "job_cancel done",
    "job_resume done",
    "scan_pause done",
    "scan_resume done",
    "cursor_import done",
  ]);
  for (const { by, plan } of history.changes)
    expect([by, plan]).toEqual([expect.stringMatching(/@/), expect.anything()]);
});

test("a connector that runs is left alone; one that is fenced all the same comes back and loses nothing", async () => {
  const stand = await Stand.open("shared", 50);
  const { live } = stand;
  expect(await stand.add(20, 12)).toMatchObject({ code: 0, out: expect.stringMatching(/^done: backfill\//m) });
  expect(live.log.of("shard_opened").length).toBe(1);
  expect(live.log.of("command_applied").length).toBe(1);

  // As when it joins between the command line's look at the group and its taking the shard.
  live.process.signal("SIGSTOP");
  const { config } = loadConfig({ file: live.configFile, sets: [], env: {} }, (path) => readFileSync(path, "utf8"));
  await using kafka = connectKafka(config);
  const [scan] = config.scans;
  const command = { ...head, action: "backfill_add", fromMs: Date.now() - 30 * HOUR_MS } as const;
  const wish: Command = { ...command, untilMs: Date.now() - 20 * HOUR_MS, order: "asc", mayRepeat: false };
  await kafka.sendCommand(kafka.shardOf("contoso"), commandKey(wish.id), encodeCommand(wish), never);
  const deps = { kafka, scan: scan!, idsBytesMax: 1e8, clock: systemClock, random: Math.random, emit: () => undefined };
  expect(await visitShard(deps, never)).toMatchObject([{ outcome: "done" }]);
  live.process.signal("SIGCONT");
  await eventually(() => live.log.of("shard_released").length === 1, 30_000, "the connector to begin the shard anew");
  expect(live.log.of("shard_released")[0]?.msg).toMatch(/owned it in between|session with the brokers/);
  await stand.expectFaultless();
  expect(live.process.isRunning()).toBe(true);
  expect(live.log.of("command_applied").length).toBe(1);
  expect(await stand.listed()).toEqual({ jobs: [], queued: [] });
});

test("two command lines at once, behind a connector that was killed: each command is applied once", async () => {
  const stand = await Stand.open("crowd", 0);
  await stand.live.process.kill9();
  const both = await Promise.all([stand.add(30, 20), stand.add(20, 11)]);
  for (const each of both) expect(each).toMatchObject({ code: 0, out: expect.stringMatching(/^done: backfill\//m) });
  expect(await stand.listed()).toMatchObject({ jobs: [{}, {}], queued: [] });
  await stand.restart();
  await stand.expectFaultless();
});
