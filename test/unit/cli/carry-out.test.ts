import { expect, test } from "vitest";
import { carryOut } from "../../../src/cli/carry-out.ts";
import type { ShardGroup } from "../../../src/kafka/port.ts";
import { type Command, commandKey, encodeCommand, encodeHistory, historyKey } from "../../../src/scan/command.ts";
import { encodeCursor, newCursor } from "../../../src/scan/cursor.ts";
import { encodeJob, newJob } from "../../../src/scan/job.ts";
import { cursorKey, readerKey } from "../../../src/scan/ledger.ts";
import { MemoryCluster, type Step } from "../../fakes/memory-kafka.ts";
import { SIM_CURSORS, simConfig } from "../../fakes/sim-connector.ts";
import { VirtualClock } from "../../fakes/virtual-clock.ts";

const never = new AbortController().signal;
const NOW_MS = Date.UTC(2026, 10, 23, 9);
const SCAN = "contoso-all";
const JOB = "backfill/2026-11-22T00:00:00.000Z";
const commandOf = (id: string, action: "job_pause" | "job_cancel" = "job_pause"): Command => {
  const head = { version: 1, id, at: new Date(NOW_MS).toISOString(), by: "ada@host", scan: SCAN } as const;
  return { ...head, action, reader: JOB };
};

/** A scan with a job, whose connector has gone. */
async function setUp(step?: Step) {
  const cluster = new MemoryCluster(SIM_CURSORS);
  cluster.createTopic(SIM_CURSORS.name, SIM_CURSORS.partitions, "cursors");
  const clock = new VirtualClock(NOW_MS);
  const config = simConfig();
  const [scan] = config.scans;
  const { port } = cluster.process();
  const shard = port.shardOf("contoso");
  const log = port.shard(shard);
  await log.open(never);
  const whole = { fromMs: Date.UTC(2026, 10, 22), untilMs: NOW_MS - 1 };
  const state = [
    { key: cursorKey(SCAN), value: encodeCursor(newCursor("contoso", {}, NOW_MS)) },
    { key: readerKey(SCAN, JOB), value: encodeJob(newJob({ origin: "backfill", order: "asc", whole })) },
  ];
  await log.commit({ state, records: [] }, never);
  const stages: string[] = [];
  const order = async (command: Command, waitMs = 30_000) => {
    const emit = (event: { type: string }) => void stages.push(event.type);
    let isOver = false;
    const sender = { kafka: cluster.process(step).port, clock, waitMs };
    const carried = carryOut({ config, scan: scan!, shard, command, emit }, sender, never);
    void carried.then(() => {
      isOver = true;
    });
    await clock.runUntil(() => isOver, 100);
    return await carried;
  };
  const send = (command: Command) => port.sendCommand(shard, commandKey(command.id), encodeCommand(command), never);
  /** A replica, as the group sees it. */
  const join = async (): Promise<ShardGroup> => {
    const nothing = () => undefined;
    const events = { gained: nothing, joined: nothing, left: nothing, failed: nothing };
    const group = cluster.process(async () => undefined, clock).port.group(new Set([shard]), events);
    await group.join(never);
    return group;
  };
  const keys = () => [...cluster.committedState(shard).keys()];
  const fencings = () => cluster.epoch(shard) - 1;
  return { clock, log, order, send, join, stages, keys, fencings };
}

const answer = (outcome: "done" | "refused", message: string) => {
  const value = encodeHistory({ command: null, appliedAt: new Date(NOW_MS).toISOString(), outcome, message });
  const state = [
    { key: commandKey("c-1"), value: null },
    { key: historyKey("c-1"), value },
  ];
  return { state, records: [] };
};

test("with nobody in the group it is applied at once as owner, behind what waited before it", async () => {
  const { order, send, clock, keys, stages, fencings } = await setUp();
  await send(commandOf("c-1"));
  expect(await order(commandOf("c-2", "job_cancel"))).toEqual({
    outcome: "done",
    id: "c-2",
    message: expect.stringContaining(`${JOB} is cancelled`),
    asOwner: true,
    earlier: [{ outcome: "done", id: "c-1", message: `${JOB} pauses` }],
  });
  expect([clock.nowMs(), fencings()]).toEqual([NOW_MS, 1]);
  expect(
    keys()
      .filter((key) => !key.includes("cursorField"))
      .sort(),
  ).toEqual([cursorKey(SCAN), historyKey("c-1"), historyKey("c-2")].sort());
  expect(stages).toContain("stage");
});

test("where it is not waited for it is only sent", async () => {
  const { order, keys, fencings } = await setUp();
  expect(await order(commandOf("c-1"), 0)).toMatchObject({
    outcome: "queued",
    message: expect.stringMatching(/^its outcome was not waited for/),
  });
  expect(keys()).toContain(commandKey("c-1"));
  expect(fencings()).toBe(0);
});

test("a replica that runs is left to answer, and never fenced", async () => {
  const { order, log, join, fencings } = await setUp();
  await join();
  void log.follow((_, value) => {
    if (value !== null) void log.commit(answer("done", "as wished"), never);
  }, never);
  expect(await order(commandOf("c-1"))).toEqual({ outcome: "done", id: "c-1", message: "as wished" });
  expect(fencings()).toBe(0);
});

test("one that does not answer is left alone all the same, and the command stays queued", async () => {
  const { order, join, keys, fencings } = await setUp();
  await join();
  expect(await order(commandOf("c-1"))).toMatchObject({
    outcome: "queued",
    message: expect.stringMatching(/^nobody has applied it within 30 s, though 1 replica of the connector runs/),
  });
  expect(fencings()).toBe(0);
  expect(keys()).toContain(commandKey("c-1"));
});

test("a replica that was killed is waited for until the group has given it up", async () => {
  const { order, join, clock, fencings } = await setUp();
  const group = await join();
  void clock.sleep(10_000, never).then(() => group[Symbol.asyncDispose]());
  expect(await order(commandOf("c-1"))).toMatchObject({ outcome: "done", asOwner: true });
  expect(fencings()).toBe(1);
});

test("whoever is fenced in the middle waits for the answer of who came", async () => {
  let came = 0;
  const scene = await setUp(async (step) => {
    if (step !== "commit.end" || came++ > 0) return;
    expect((await scene.log.open(never)).has(commandKey("c-1"))).toBe(true);
    void scene.clock.sleep(10_000, never).then(() => scene.log.commit(answer("refused", "no"), never));
  });
  expect(await scene.order(commandOf("c-1"))).toEqual({ outcome: "refused", id: "c-1", message: "no" });
  expect(scene.clock.nowMs()).toBe(NOW_MS + 10_000);
});

test("and where that one does not answer either, says that nothing was applied", async () => {
  const scene = await setUp(async (step) => {
    if (step === "commit.end") await scene.log.open(never);
  });
  expect(await scene.order(commandOf("c-1"))).toMatchObject({
    outcome: "queued",
    message: expect.stringMatching(/^somebody else took the shard over while .* has not applied it within 30 s/),
  });
  expect(scene.keys()).toContain(commandKey("c-1"));
  expect(scene.fencings()).toBe(2);
});
