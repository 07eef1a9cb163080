import { randomUUID } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openKafka } from "../../src/kafka/kafkajs-port.ts";
import type { KafkaPort, ShardLog, StateRecord } from "../../src/kafka/port.ts";
import { systemClock } from "../../src/kit/clock.ts";
import {
  type Command,
  commandKey,
  decodeCommand,
  encodeHistory,
  historyKey,
  isCommandKey,
} from "../../src/scan/command.ts";
import { encodeCursor, newCursor } from "../../src/scan/cursor.ts";
import { encodeJob, newJob } from "../../src/scan/job.ts";
import { cursorKey, encodeLedger, ledgerKey, newLedger } from "../../src/scan/ledger.ts";
import { configure, run, type Surroundings, startSurroundings } from "./cli-setup.ts";

const SCAN = "contoso-all";
const HOUR_MS = 3_600_000;
const positionMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
const hour = (hours: number) => new Date(positionMs - hours * HOUR_MS).toISOString();
const jobKey = (job: string) => JSON.stringify({ scan: SCAN, reader: job });
const jobName = `backfill/${hour(9)}`;
const never = new AbortController().signal;

let around: Surroundings;

beforeAll(async () => {
  around = await startSurroundings();
});
afterAll(() => around?.[Symbol.asyncDispose]());

interface Scene {
  readonly port: KafkaPort;
  readonly log: ShardLog;
  readonly shard: number;
  command(...args: readonly string[]): ReturnType<typeof run>;
}

/** A scan that is caught up, with 2,000 activities in each of its last two hours and a forgotten one before them. */
async function setUp(): Promise<Scene> {
  const { config, topic } = configure(around);
  const cursorsTopic = { name: `${topic}-cursors`, partitions: 3 };
  const port = openKafka(
    { brokers: [around.broker.bootstrap], clientId: "owner", cursorsTopic },
    { clock: systemClock },
  );
  onTestFinished(() => port[Symbol.asyncDispose]());
  await port.prepareTopics([{ ...cursorsTopic, replicationFactor: 1, kind: "cursors" }], true, never);
  const shard = port.shardOf("contoso");
  const log = port.shard(shard);
  await log.open(never);
  const cursor = { ...newCursor("contoso", {}, positionMs), cursorField: "created" as const };
  const ledger = (hours: number, remembered: boolean): StateRecord => ({
    key: ledgerKey(SCAN, "created", positionMs - hours * HOUR_MS),
    value: encodeLedger({ ...newLedger(), published: 2_000, remembered }),
  });
  const whole = { fromMs: Date.parse(hour(9)), untilMs: Date.parse(hour(8)) - 1 };
  const state = [
    { key: cursorKey(SCAN), value: encodeCursor(cursor) },
    ...[ledger(1, true), ledger(2, true), ledger(3, false)],
    { key: jobKey(jobName), value: encodeJob(newJob({ origin: "backfill", order: "asc", whole })) },
  ];
  await log.commit({ state, records: [] }, never);
  return { port, log, shard, command: (...args) => run([...args.slice(0, 2), "-c", config, ...args.slice(2)]) };
}

/** Plays the owner, as a member of the group: applies each command in one transaction, as `apply` says. */
async function own(
  { log, port, shard }: Scene,
  outcome: "done" | "refused",
  apply: (command: Command) => readonly StateRecord[],
): Promise<Command[]> {
  await joinGroup(port, shard);
  const stop = new AbortController();
  const given: Command[] = [];
  let last: Promise<void> = Promise.resolve();
  const following = log.follow((key, value) => {
    const decoded = value === null ? null : decodeCommand(key, value);
    if (decoded?.kind !== "read") return;
    const command = decoded.value;
    given.push(command);
    const appliedAt = new Date().toISOString();
    const history = encodeHistory({ command, appliedAt, outcome, message: `${outcome} as asked` });
    const answer = [
      { key: commandKey(command.id), value: null },
      { key: historyKey(command.id), value: history },
    ];
    last = last.then(() => log.commit({ state: [...apply(command), ...answer], records: [] }, never));
  }, stop.signal);
  onTestFinished(async () => {
    stop.abort(new Error("enough"));
    await following;
    await last;
  });
  return given;
}

async function joinGroup(port: KafkaPort, shard: number): Promise<void> {
  const nothing = () => undefined;
  const group = port.group(new Set([shard]), { gained: nothing, joined: nothing, left: nothing, failed: nothing });
  onTestFinished(() => group[Symbol.asyncDispose]());
  await group.join(never);
}

const pending = async ({ port, shard }: Scene) =>
  [...(await port.readState(shard, never)).state.keys()].filter(isCommandKey);

test("before the connector has run there is nothing to command", async () => {
  const { config } = configure(around);
  const { code, out } = await run(["backfill", "list", "-c", config]);
  expect(code).toBe(1);
  expect(out).toMatch(/has the connector run yet/);
});

test("a plan goes by the ledger: two hours of 2,000 activities, and a backfill of as many", async () => {
  const scene = await setUp();
  const { code, out } = await scene.command("plan", "--output=json", "--scan", SCAN, "--backfill", "10h");
  expect(code, out).toBe(0);
  const [estimate] = JSON.parse(out);
  expect(estimate).toMatchObject({
    tenant: "contoso",
    pace: 5_999,
    scans: [{ scan: SCAN, rate: { from: "ledger", hours: 3, perSecond: 6_000 / 10_800 }, jobRequests: 1 }],
  });
  expect(estimate.scans[0].backfill.activities).toBeGreaterThan(19_000);
  expect(estimate.scans[0].backfill.activities).toBeLessThanOrEqual(20_000);
});

test("a dry run says what it would do and cost, and sends nothing", async () => {
  const scene = await setUp();
  const add = await scene.command("backfill", "add", "--scan", SCAN, "--from", hour(2), "--until", hour(0));
  expect(add.code, add.out).toBe(0);
  expect(add.out).toContain(`read ${hour(2)} to ${hour(0)} along created once more, the newest first`);
  expect(add.out).toMatch(/about 4000 activities in 1 request,.*\nnothing was changed; --execute does it/);
  const reset = await scene.command("cursor", "reset", "--scan", SCAN, "--to-datetime", hour(1), "--output", "json");
  expect(reset.code, reset.out).toBe(0);
  expect(JSON.parse(reset.out)).toMatchObject({
    outcome: "dry_run",
    plan: { from: hour(1), until: hour(0), cost: { activities: 2_000, measured: true }, refusal: null },
  });
  expect(await pending(scene)).toEqual([]);
});

test("the owner applies what is executed, unfenced, and its answer is the command's", async () => {
  const scene = await setUp();
  const given = await own(scene, "done", () => [{ key: jobKey("backfill/new"), value: "{}" }]);
  const flags = ["--from", hour(2), "--until", hour(0), "--order", "oldest-first", "--execute"];
  const { code, out } = await scene.command("backfill", "add", "--scan", SCAN, ...flags);
  expect(code, out).toBe(0);
  expect(out).toMatch(/^done: done as asked \(command /m);
  expect(given).toMatchObject([
    { action: "backfill_add", scan: SCAN, fromMs: Date.parse(hour(2)), order: "asc", mayRepeat: false },
  ]);
  expect(given[0]?.by).toMatch(/@/);
  const listed = await scene.command("backfill", "list", "--output", "json");
  const { jobs, queued } = JSON.parse(listed.out) as { jobs: { job: string }[]; queued: unknown[] };
  expect(jobs.map(({ job }) => job).sort()).toEqual([jobName, "backfill/new"].sort());
  expect(queued).toEqual([]);
});

test("what the owner refuses is refused: exit 1", async () => {
  const scene = await setUp();
  await own(scene, "refused", () => []);
  const { code, out } = await scene.command("cursor", "reset", "--scan", SCAN, "--to-datetime", hour(1), "--execute");
  expect(code).toBe(1);
  expect(out).toMatch(/^refused: refused as asked/m);
});

test("without an answer a command is queued, listed as such, and in the state of the next owner", async () => {
  const scene = await setUp();
  await joinGroup(scene.port, scene.shard);
  const pause = ["backfill", "pause", "--scan", SCAN, "--job", jobName, "--execute", "--wait", "1s"];
  const { code, out } = await scene.command(...pause);
  expect(code, out).toBe(0);
  expect(out).toMatch(/^queued: nobody has applied it within 1 s, though 1 replica of the connector runs/m);
  const listed = await scene.command("backfill", "list");
  expect(listed.out).toMatch(new RegExp(`queued: scan ${SCAN}: pause ${jobName}, by .*@`));
  const state = await scene.log.open(never);
  const commands = [...state].filter(([key]) => isCommandKey(key)).map(([key, value]) => decodeCommand(key, value));
  expect(commands).toMatchObject([{ kind: "read", value: { action: "job_pause", reader: jobName } }]);
});

test("where ids are forgotten nothing is sent, unless repeats are allowed", async () => {
  const scene = await setUp();
  const args = ["cursor", "reset", "--scan", SCAN, "--to-datetime", hour(3), "--execute", "--wait", "0s"];
  const refused = await scene.command(...args);
  expect(refused.code).toBe(1);
  expect(refused.out).toMatch(/^refused: the ids of 1 hour in it are forgotten.*--may-repeat/m);
  expect(await pending(scene)).toEqual([]);
  const allowed = await scene.command(...args, "--may-repeat");
  expect(allowed.code, allowed.out).toBe(0);
  expect(allowed.out).toMatch(/will be published again\nqueued: its outcome was not waited for/);
  expect(await pending(scene)).toHaveLength(1);
});

test("a change is a dry run without --execute; what was told stays in the history", async () => {
  const scene = await setUp();
  const cancel = await scene.command("backfill", "cancel", "--scan", SCAN, "--job", jobName);
  expect(cancel, cancel.out).toMatchObject({ code: 0 });
  expect(cancel.out).toMatch(/^scan contoso-all: end backfill\S+; .*\ncost: no requests\n {2}no gap is opened/);
  const file = join(tmpdir(), `export-${randomUUID()}.json`);
  onTestFinished(() => rmSync(file, { force: true }));
  expect(await scene.command("cursor", "export", "--scan", SCAN, "--file", file)).toMatchObject({ code: 0 });
  const damaged = `${file}.damaged`;
  onTestFinished(() => rmSync(damaged, { force: true }));
  writeFileSync(damaged, readFileSync(file, "utf8").replace(/"positionMs": \d/, '"positionMs": 2'));
  const refused = await scene.command("cursor", "import", "--scan", SCAN, "--file", damaged, "--execute");
  expect(refused).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^refused: the export was damaged or changed/m),
  });
  const dry = await scene.command("cursor", "import", "--scan", SCAN, "--file", file, "--output", "json");
  expect(JSON.parse(dry.out)).toMatchObject({
    outcome: "dry_run",
    plan: { does: expect.stringContaining("import where") },
  });
  expect(await pending(scene)).toEqual([]);
  const given = await own(scene, "done", () => []);
  expect(await scene.command("scan", "pause", "--scan", SCAN, "--execute")).toMatchObject({ code: 0 });
  expect(given).toMatchObject([{ version: 2, action: "scan_pause", plan: { requests: null } }]);
  const { out } = await scene.command("cursor", "history", "--scan", SCAN);
  expect(out).toMatch(
    /contoso-all +done +pause the scan +\S+@\S+ .*\n {2}told: ask nothing more.*\n {2}done as asked\n$/,
  );
});

test("cursor list has a line a scan", async () => {
  const { command } = await setUp();
  const { out } = await command("cursor", "list");
  expect(out.trimEnd().split("\n")).toEqual([
    expect.stringMatching(/^SCAN +TENANT/),
    expect.stringMatching(/^contoso-all +contoso /),
  ]);
  expect(JSON.parse((await command("cursor", "list", "--output", "json")).out)).toMatchObject([{ position: hour(0) }]);
});

test.each([
  [
    "a job that is not there",
    ["backfill", "cancel", "--scan", SCAN, "--job", "backfill/x"],
    /no job "backfill\/x": it has/,
  ],
  ["a scan that is not there", ["cursor", "reset", "--scan", "x", "--to-datetime", "1h"], /no scan "x"/],
  ["a time that is none", ["cursor", "reset", "--scan", SCAN, "--to-datetime", "noon"], /--to-datetime: found "noon"/],
  ["an end before the beginning", ["backfill", "add", "--scan", SCAN, "--from", "1h", "--until", "2h"], /not before/],
  ["a flag of the one-shot scan", ["scan", "pause", "--scan", SCAN, "--since", "1h"], /Unknown argument: since/],
  ["a file that is not there", ["cursor", "import", "--scan", SCAN, "--file", "/none"], /--file: cannot read \/none/],
  ["a wait that is none", ["cursor", "reset", "--scan", SCAN, "--to-datetime", "1h", "--wait", "x"], /--wait: found/],
])("%s is wrong usage: exit 2, and nothing is sent", async (_, args, message) => {
  const scene = await setUp();
  const { code, out } = await scene.command(...args);
  expect(code, out).toBe(2);
  expect(out).toMatch(message);
  expect(await pending(scene)).toEqual([]);
});
