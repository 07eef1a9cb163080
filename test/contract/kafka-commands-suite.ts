import { describe, expect, test } from "vitest";
import type { KafkaPort, ShardLog } from "../../src/kafka/port.ts";
import { commandKey } from "../../src/scan/command.ts";
import { type Bench, benchFor, never } from "./kafka-bench.ts";

/** Joining a group takes the brokers' initial delay. */
const POLL = { timeout: 20_000, interval: 20 };

type Seen = readonly [key: string, value: string | null];

/** Follows until the test ends it: what came, and the promise that resolves with the end. */
function following(
  start: (onRecord: (key: string, value: Buffer | null) => void, signal: AbortSignal) => Promise<void>,
) {
  const stop = new AbortController();
  const seen: Seen[] = [];
  const ended = start((key, value) => void seen.push([key, value === null ? null : String(value)]), stop.signal);
  return {
    seen,
    end: async () => {
      stop.abort(new Error("enough"));
      await ended;
    },
  };
}
const follow = (log: ShardLog) => following((onRecord, signal) => log.follow(onRecord, signal));
const send = (port: KafkaPort, id: string, shard = 0) => port.sendCommand(shard, commandKey(id), `do ${id}`, never);
const commands = (seen: readonly Seen[]) => seen.filter(([, value]) => value !== null).map(([, value]) => value);
const put = (value: string) => ({ state: [{ key: "cursor", value }], records: [] });
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** What the port promises of commands, clause by clause. */
export function commandsContract(brokers: string, makeBench: () => Promise<Bench>): void {
  const { bench, ready } = benchFor(makeBench);
  const keysOf = async (port: KafkaPort, shard = 0) => [...(await port.readState(shard, never)).state.keys()];
  describe(`commands on ${brokers}`, () => {
    test("a command sent before the owner opens is in its state, and is not delivered again", async () => {
      const { names: of, port } = await ready();
      await send(bench().process(of), "early");
      await expect.poll(() => keysOf(port), POLL).toEqual([commandKey("early")]);
      const shard = port.shard(0);
      expect(String((await shard.open(never)).get(commandKey("early")))).toBe("do early");
      const { seen, end } = follow(shard);
      await send(bench().process(of), "late");
      await expect.poll(() => commands(seen), POLL).toEqual(["do late"]);
      await end();
    });

    test("commands reach the owner in order and once, between its transactions, which go on", async () => {
      const { names: of, port } = await ready();
      const shard = port.shard(0);
      await shard.open(never);
      const { seen, end } = follow(shard);
      const operator = bench().process(of);
      for (const i of range(30)) {
        await send(operator, String(i));
        await shard.commit({ state: [{ key: "cursor", value: String(i) }], records: [] }, never);
      }
      await expect.poll(() => commands(seen).length, POLL).toBe(30);
      expect(commands(seen)).toEqual(range(30).map((i) => `do ${i}`));
      expect(seen.every(([key]) => key.startsWith('{"command":'))).toBe(true);
      await end();
    });

    test("a tombstone with the change takes the command out of the state", async () => {
      const { names: of, port } = await ready();
      const shard = port.shard(0);
      await shard.open(never);
      await send(bench().process(of), "a");
      await expect.poll(() => keysOf(port), POLL).toEqual([commandKey("a")]);
      const applied = [
        { key: "cursor", value: "1" },
        { key: commandKey("a"), value: null },
      ];
      await shard.commit({ state: applied, records: [] }, never);
      await expect.poll(() => keysOf(port), POLL).toEqual(["cursor"]);
      expect([...(await shard.open(never)).keys()]).toEqual(["cursor"]);
    });

    test("a command behind an undecided transaction waits for it, and is in the next owner's state", async () => {
      const { names: of, port } = await ready();
      await bench().abandon(of, 0, { state: [{ key: "cursor", value: "1" }], records: [] });
      await send(port, "a");
      expect(await keysOf(port)).toEqual([]);
      const state = await bench().process(of).shard(0).open(never);
      expect([...state.keys()]).toEqual([commandKey("a")]);
    });

    test("following goes on when the shard is opened again", async () => {
      const { names: of, port } = await ready();
      const shard = port.shard(0);
      await shard.open(never);
      const { seen, end } = follow(shard);
      await send(bench().process(of), "a");
      await expect.poll(() => commands(seen), POLL).toEqual(["do a"]);
      await shard.open(never);
      await send(bench().process(of), "b");
      await expect.poll(() => commands(seen), POLL).toEqual(["do a", "do b"]);
      await end();
      const { seen: later, end: endLater } = follow(shard);
      await expect.poll(() => commands(later), POLL).toEqual(["do b"]);
      await endLater();
    });

    test("other shards see nothing of a command", async () => {
      const { port } = await ready();
      const [zero, one] = [port.shard(0), port.shard(1)];
      await zero.open(never);
      await one.open(never);
      const [mine, other] = [follow(zero), follow(one)];
      await send(port, "of zero");
      await send(port, "of one", 1);
      await expect
        .poll(() => [commands(mine.seen), commands(other.seen)], POLL)
        .toEqual([["do of zero"], ["do of one"]]);
      await Promise.all([mine.end(), other.end()]);
    });

    test("following ends when its signal aborts, whenever that is, and delivers nothing afterwards", async () => {
      const { port } = await ready();
      const shard = port.shard(0);
      await expect(shard.follow(() => undefined, never)).rejects.toThrow("opened before");
      await shard.open(never);
      await shard.follow(() => undefined, AbortSignal.abort(new Error("stopping")));
      const { seen, end } = follow(shard);
      await end();
      await send(port, "a");
      const { seen: others, end: endOthers } = follow(shard);
      await expect.poll(() => commands(others), POLL).toEqual(["do a"]);
      await endOthers();
      expect(seen).toEqual([]);
    });

    test("whoever sent a command reads on from it what becomes of it, and fences nobody", async () => {
      const { names: of, port } = await ready();
      const shard = port.shard(0);
      await shard.open(never);
      const operator = bench().process(of);
      await send(operator, "earlier");
      const offset = await send(operator, "a");
      const { seen, end } = following((onRecord, signal) => operator.followFrom(0, offset, onRecord, signal));
      const outcome = [
        { key: commandKey("a"), value: null },
        { key: "history", value: "done" },
      ];
      await shard.commit({ state: outcome, records: [] }, never);
      await shard.commit({ state: [{ key: "cursor", value: "2" }], records: [] }, never);
      await expect
        .poll(() => seen, POLL)
        .toEqual([
          [commandKey("a"), "do a"],
          [commandKey("a"), null],
          ["history", "done"],
          ["cursor", "2"],
        ]);
      await end();
    });

    test("an owner that opens again is told whether somebody else has owned the shard in between", async () => {
      const { names: of, port } = await ready();
      const owner = port.shard(0);
      await owner.open(never);
      expect(owner.isContinued).toBe(true);
      await owner.commit(put("owner"), never);
      await owner.open(never);
      expect(owner.isContinued).toBe(true);
      const other = bench().process(of).shard(0);
      await other.open(never);
      await other.commit(put("other"), never);
      await expect(owner.commit(put("lost"), never)).rejects.toMatchObject({ code: "publish_fenced" });
      expect(String((await owner.open(never)).get("cursor"))).toBe("other");
      expect(owner.isContinued).toBe(false);
      await owner.open(never);
      expect(owner.isContinued).toBe(true);
    });

    test("nothing but commands can be sent, and not by one who is stopping", async () => {
      const { port } = await ready();
      await expect(port.sendCommand(0, '{"mark":"owner"}', "x", never)).rejects.toThrow("nothing but commands");
      const stopped = AbortSignal.abort(new Error("stopping"));
      await expect(port.sendCommand(0, commandKey("a"), "x", stopped)).rejects.toThrow("stopping");
    });
  });
}
