import { expect, test } from "vitest";
import { awaitAnswer, operator, type Sender, sendCommand } from "../../../src/cli/send-command.ts";
import { type Command, commandKey, encodeHistory, historyKey } from "../../../src/scan/command.ts";
import { MemoryCluster } from "../../fakes/memory-kafka.ts";
import { VirtualClock } from "../../fakes/virtual-clock.ts";

const never = new AbortController().signal;
const command: Command = {
  version: 1,
  id: "c-1",
  at: "2026-11-23T10:00:00.000Z",
  by: "ada@host",
  scan: "all",
  action: "job_pause",
  reader: "backfill/a",
};
const head = { command, appliedAt: "2026-11-23T10:00:01.000Z", message: "as wished" };
const done = encodeHistory({ ...head, outcome: "done" });

function setUp() {
  const cluster = new MemoryCluster({ name: "cursors", partitions: 3 });
  cluster.createTopic("cursors", 3, "cursors");
  return { clock: new VirtualClock(0), owner: cluster.process().port.shard(0), kafka: cluster.process().port };
}

/** Sends the command and waits for what becomes of it. */
const ask = async (sender: Sender, signal: AbortSignal) =>
  awaitAnswer(sender, await sendCommand(sender.kafka, 0, command, signal), signal);

/** An owner that answers the first command it is told of with these bytes. */
async function answering({ owner }: ReturnType<typeof setUp>, value: string, key = historyKey("c-1")): Promise<void> {
  await owner.open(never);
  void owner.follow((told, given) => {
    const state = [
      { key: told, value: null },
      { key, value },
    ];
    if (told === commandKey("c-1") && given !== null)
      void owner.commit({ state, records: [] }, never).catch(() => undefined);
  }, never);
}

test.each([
  ["done", done, "as wished"],
  ["refused", encodeHistory({ ...head, outcome: "refused" }), "as wished"],
  ["refused", "garbage", expect.stringMatching(/history record is not JSON/)],
])("the owner's answer is returned: %s", async (outcome, value, message) => {
  const scene = setUp();
  await answering(scene, value);
  const sent = ask({ ...scene, waitMs: 30_000 }, never);
  expect(await sent).toEqual({ outcome, id: "c-1", message });
  expect(scene.clock.nowMs()).toBe(0);
});

test("without an answer in time the command stays queued, and other commands' answers are none", async () => {
  const scene = setUp();
  await answering(scene, done, historyKey("c-2"));
  let ended = false;
  const sent = ask({ ...scene, waitMs: 30_000 }, never).finally(() => {
    ended = true;
  });
  await scene.clock.runUntil(() => ended, 1_000);
  expect(await sent).toBeNull();
  expect(scene.clock.nowMs()).toBe(30_000);
});

test("with no time to wait it is queued at once and lies in the state", async () => {
  const scene = setUp();
  expect(await ask({ ...scene, waitMs: 0 }, never)).toBeNull();
  expect([...(await scene.kafka.readState(0, never)).state.keys()]).toEqual([commandKey("c-1")]);
});

test("a stop ends the waiting with its reason", async () => {
  const scene = setUp();
  const stop = new AbortController();
  const sent = ask({ ...scene, waitMs: 30_000 }, stop.signal);
  stop.abort(new Error("stopping"));
  await expect(sent).rejects.toThrow("stopping");
});

test("the operator has a name", () => {
  expect(operator()).toMatch(/^\S+@\S+$/);
});
