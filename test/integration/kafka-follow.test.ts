import { expect, test } from "vitest";
import { openKafka } from "../../src/kafka/kafkajs-port.ts";
import { systemClock } from "../../src/kit/clock.ts";
import { commandKey } from "../../src/scan/command.ts";
import { startBroker } from "../real/broker.ts";
import { eventually } from "../real/process.ts";
import { openUntil, prepared } from "./numbered-records.ts";

const never = new AbortController().signal;
const names = { cursors: "followed-cursors", topic: "followed" };
const DEADLINE_MS = 90_000;

test.each([
  ["stopped", async (pid: number) => void process.kill(pid, "SIGTERM")],
  ["killed", async (pid: number) => void process.kill(pid, "SIGKILL")],
])("a broker that is %s and started again costs a follower no command and repeats none", async (_, end) => {
  await using broker = await startBroker();
  const cursorsTopic = { name: names.cursors, partitions: 3 };
  const options = { brokers: [broker.bootstrap], clientId: "follow", cursorsTopic, requestTimeoutMs: 5_000 };
  await using port = openKafka(options, { clock: systemClock });
  expect(await prepared(port, names, 1)).toEqual([]);
  const log = port.shard(0);
  await log.open(never);
  // The state that a follower would be given again if it began at the beginning.
  for (let i = 0; i < 20; i++)
    await log.commit({ state: [{ key: commandKey(`old-${i}`), value: null }], records: [] }, never);
  await log.open(never);

  const seen: string[] = [];
  const stop = new AbortController();
  const following = log.follow((key) => void seen.push(key), stop.signal);
  const send = (id: string) => port.sendCommand(0, commandKey(id), "x", never);
  const wanted: string[] = [];
  for (let round = 0; round < 3; round++) {
    for (const id of ["a", "b"].map((name) => `${name}${round}`)) {
      await eventually(() => send(id), DEADLINE_MS, `command ${id} to be sent`);
      wanted.push(commandKey(id));
    }
    await eventually(() => seen.length >= wanted.length, DEADLINE_MS, `the commands of round ${round}`);
    expect(seen).toEqual(wanted);
    if (round === 2) break;
    await end(broker.pid);
    await broker.stop();
    await broker.start();
    await openUntil(log, Date.now() + DEADLINE_MS);
  }
  stop.abort(new Error("enough"));
  await following;
});
