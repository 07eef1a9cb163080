import { describe, expect, test } from "vitest";
import type { OutgoingRecord, ShardLog, ShardState, Transaction } from "../../src/kafka/port.ts";
import { type Bench, benchFor, type Names, never, PARTITIONS, type VisibleRecord } from "./kafka-bench.ts";

const POLL = { timeout: 10_000, interval: 20 };

/** What the port promises of shards, clause by clause. */
export function kafkaContract(brokers: string, makeBench: () => Promise<Bench>): void {
  const { bench, ready } = benchFor(makeBench);
  const visible = (topic: string): Promise<readonly VisibleRecord[]> => bench().visible(topic);
  describe(`shard log on ${brokers}`, () => {
    test("a new shard has no state, and opening it leaves nothing to be seen in its state", async () => {
      const { port } = await ready();
      const shard = port.shard(1);
      expect(shard.shard).toBe(1);
      expect((await shard.open(never)).size).toBe(0);
      expect((await shard.open(never)).size).toBe(0);
      expect((await port.readState(1, never)).state.size).toBe(0);
    });

    test("records and state of a transaction are both there once it is committed", async () => {
      const { names: of, port } = await ready();
      const shard = port.shard(0);
      await shard.open(never);
      const before = bench().now();
      await shard.commit(
        { state: [{ key: "cursor", value: "1" }], records: [record(of, 2, "a", { tenant: "contoso" })] },
        never,
      );
      const [seen, ...others] = await visible(of.activities);
      expect(others).toEqual([]);
      expect(seen).toMatchObject({ partition: 2, headers: { tenant: "contoso" } });
      expect(String(seen?.key)).toBe("a");
      expect(String(seen?.value)).toBe("value of a");
      if (seen?.timestampMs !== null) expect(Math.abs((seen?.timestampMs ?? 0) - before)).toBeLessThan(60_000);
      await expect.poll(async () => texts((await port.readState(0, never)).state), POLL).toEqual({ cursor: "1" });
      expect(texts(await shard.open(never))).toEqual({ cursor: "1" });
    });

    test("the latest value of a key wins, tombstones take keys away, and other shards see nothing of it", async () => {
      const { port } = await ready();
      const shard = port.shard(0);
      await shard.open(never);
      await shard.commit(
        {
          state: [
            { key: "a", value: "1" },
            { key: "b", value: "1" },
            { key: "c", value: "1" },
          ],
          records: [],
        },
        never,
      );
      await shard.commit(
        {
          state: [
            { key: "a", value: "2" },
            { key: "b", value: null },
          ],
          records: [],
        },
        never,
      );
      await shard.commit(
        {
          state: [
            { key: "c", value: null },
            { key: "c", value: "3" },
          ],
          records: [],
        },
        never,
      );
      expect(texts(await shard.open(never))).toEqual({ a: "2", c: "3" });
      await expect.poll(async () => texts((await port.readState(0, never)).state), POLL).toEqual({ a: "2", c: "3" });
      expect((await port.shard(1).open(never)).size).toBe(0);
    });

    test("values may be any bytes, keys any text, and neither is changed", async () => {
      const { names: of, port } = await ready();
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      const key = '{"scan":"contoso-ü-😀","slice":"2026-11-23T09:00Z","chunk":7}';
      const shard = port.shard(2);
      await shard.open(never);
      const odd: OutgoingRecord = {
        topic: of.activities,
        partition: 0,
        key: null,
        value: bytes,
        headers: { "x-ü": "😀" },
      };
      await shard.commit(
        {
          state: [
            { key, value: bytes },
            { key: "empty", value: Buffer.alloc(0) },
          ],
          records: [odd],
        },
        never,
      );
      const state = await shard.open(never);
      expect(state.get(key)?.equals(bytes)).toBe(true);
      expect(state.get("empty")?.length).toBe(0);
      const [seen] = await visible(of.activities);
      expect(seen?.key).toBeNull();
      expect(seen?.value?.equals(bytes)).toBe(true);
      expect(seen?.headers).toEqual({ "x-ü": "😀" });
    });

    test("a newer owner fences the older one: its next commit fails for good and leaves nothing", async () => {
      const { names: of, port } = await ready();
      const older = port.shard(0);
      await older.open(never);
      await older.commit({ state: [{ key: "cursor", value: "1" }], records: [record(of, 0, "first")] }, never);
      const newer = bench().process(of).shard(0);
      expect(texts(await newer.open(never))).toEqual({ cursor: "1" });
      const late = { state: [{ key: "cursor", value: "zombie" }], records: [record(of, 0, "zombie")] };
      await expect(older.commit(late, never)).rejects.toMatchObject({ code: "publish_fenced", disposition: "fatal" });
      await newer.commit({ state: [{ key: "cursor", value: "2" }], records: [record(of, 1, "second")] }, never);
      expect(keys(await visible(of.activities))).toEqual(["first", "second"]);
      expect(texts(await newer.open(never))).toEqual({ cursor: "2" });
    });

    test("shards are owned one by one", async () => {
      const { names: of, port } = await ready();
      const mine = port.shard(0);
      await mine.open(never);
      await bench().process(of).shard(1).open(never);
      await mine.commit({ state: [{ key: "cursor", value: "1" }], records: [] }, never);
      expect(texts(await mine.open(never))).toEqual({ cursor: "1" });
    });

    test("an undecided transaction is decided before the state is read: its own part is not in it, all before is", async () => {
      const { names: of, port } = await ready();
      const shard = port.shard(0);
      await shard.open(never);
      await shard.commit({ state: [{ key: "cursor", value: "1" }], records: [record(of, 0, "a")] }, never);
      await shard.commit({ state: [{ key: "cursor", value: "2" }], records: [record(of, 0, "b")] }, never);
      const undecided = {
        state: [
          { key: "cursor", value: "3" },
          { key: "more", value: "x" },
        ],
        records: [record(of, 1, "c")],
      };
      await bench().abandon(of, 0, undecided);
      await expect.poll(async () => texts((await port.readState(0, never)).state), POLL).toEqual({ cursor: "2" });
      const next = bench().process(of).shard(0);
      expect(texts(await next.open(never))).toEqual({ cursor: "2" });
      await next.commit({ state: [{ key: "cursor", value: "3" }], records: [record(of, 1, "c")] }, never);
      expect(keys(await visible(of.activities))).toEqual(["a", "b", "c"]);
    });

    test("what the older owner commits until the very moment it is fenced is in the newer one's state", async () => {
      const { names: of, port } = await ready();
      const older = port.shard(0);
      await older.open(never);
      const last = { state: [{ key: "cursor", value: "last" }], records: [record(of, 0, "last")] };
      const newer = bench()
        .processFencingAfter(of, () => older.commit(last, never))
        .shard(0);
      expect(texts(await newer.open(never))).toEqual({ cursor: "last" });
      await expect(older.commit(last, never)).rejects.toMatchObject({ code: "publish_fenced" });
    });

    test("after a fenced commit the shard can be opened again, and then fences the other", async () => {
      const { names: of, port } = await ready();
      const [a, b] = [port.shard(0), bench().process(of).shard(0)];
      await a.open(never);
      await b.open(never);
      await expect(a.commit({ state: [{ key: "k", value: "a" }], records: [] }, never)).rejects.toThrow();
      await a.open(never);
      await a.commit({ state: [{ key: "k", value: "a" }], records: [] }, never);
      await expect(b.commit({ state: [{ key: "k", value: "b" }], records: [] }, never)).rejects.toMatchObject({
        code: "publish_fenced",
      });
      expect(texts(await a.open(never))).toEqual({ k: "a" });
    });

    test("a transaction whose records cannot all be written leaves neither records nor state", async () => {
      const { names: of, port } = await ready();
      const shard = port.shard(0);
      await shard.open(never);
      const torn = {
        state: [{ key: "cursor", value: "1" }],
        records: [record(of, 0, "a"), record(of, PARTITIONS + 3, "nowhere")],
      };
      await expect(shard.commit(torn, never)).rejects.toMatchObject({ code: "publish_failed", disposition: "retry" });
      await expect(shard.commit(torn, never)).rejects.toThrow("opened before");
      expect((await shard.open(never)).size).toBe(0);
      await shard.commit({ state: [{ key: "cursor", value: "1" }], records: [record(of, 0, "a")] }, never);
      expect(keys(await visible(of.activities))).toEqual(["a"]);
    });

    test("a transaction needs state, and an opened shard", async () => {
      const { port } = await ready();
      const shard = port.shard(0);
      await expect(shard.commit({ state: [{ key: "k", value: "v" }], records: [] }, never)).rejects.toThrow(
        "opened before",
      );
      await shard.open(never);
      await expect(shard.commit({ state: [], records: [] }, never)).rejects.toThrow("holds state");
    });

    test("an aborted signal stops an open and a commit, which leaves nothing", async () => {
      const { names: of, port } = await ready();
      const shard = port.shard(0);
      const stopped = AbortSignal.abort(new Error("stopping"));
      await expect(shard.open(stopped)).rejects.toThrow("stopping");
      await shard.open(never);
      await expect(
        shard.commit({ state: [{ key: "k", value: "v" }], records: [record(of, 0, "a")] }, stopped),
      ).rejects.toThrow("stopping");
      expect(await visible(of.activities)).toEqual([]);
      expect((await shard.open(never)).size).toBe(0);
    });

    test("a transaction of 30 MB in 5,000 records over all partitions arrives whole and in order", async () => {
      const { names: of, port } = await ready();
      const shard = port.shard(0);
      await shard.open(never);
      const big = bigTransaction(of, 5_000, 6_000);
      await shard.commit(big, never);
      await shard.commit({ state: [{ key: "cursor", value: "after" }], records: [] }, never);
      const seen = await visible(of.activities);
      expect(seen.length).toBe(5_000);
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const expected = big.records.filter((each) => each.partition === partition).map((each) => String(each.key));
        expect(keys(seen.filter((each) => each.partition === partition))).toEqual(expected);
      }
      expect(seen.every((each) => each.value?.length === 6_000)).toBe(true);
      expect((await shard.open(never)).size).toBe(301);
    });

    test("many small transactions one after the other all count", async () => {
      const { names: of, port } = await ready();
      const shard = port.shard(0);
      await shard.open(never);
      for (let i = 0; i < 40; i++) {
        await shard.commit(
          { state: [{ key: "cursor", value: String(i) }], records: [record(of, i % PARTITIONS, String(i))] },
          never,
        );
      }
      expect((await visible(of.activities)).length).toBe(40);
      expect(texts(await reopened(bench(), of))).toEqual({ cursor: "39" });
    });
  });
}

async function reopened(bench: Bench, names: Names): Promise<ShardState> {
  const log: ShardLog = bench.process(names).shard(0);
  return await log.open(never);
}

function record(names: Names, partition: number, key: string, headers: Record<string, string> = {}): OutgoingRecord {
  return { topic: names.activities, partition, key: Buffer.from(key), value: Buffer.from(`value of ${key}`), headers };
}

/** Every partition in turn, and 300 state records of 4 KB beside the cursor. */
function bigTransaction(names: Names, count: number, valueBytes: number): Transaction {
  const noise = Buffer.from(Array.from({ length: valueBytes * 2 }, (_, i) => (i * 2654435761) >>> 24));
  const records = Array.from({ length: count }, (_, i) => ({
    topic: names.activities,
    partition: i % PARTITIONS,
    key: Buffer.from(`id-${i}`),
    value: noise.subarray(i % valueBytes, (i % valueBytes) + valueBytes),
    headers: { tenant: "contoso", scan: "contoso-all" },
  }));
  const chunks = Array.from({ length: 300 }, (_, i) => ({ key: `chunk-${i}`, value: noise.subarray(0, 4_096) }));
  return { state: [{ key: "cursor", value: "big" }, ...chunks], records };
}

const texts = (state: ShardState) => Object.fromEntries([...state].map(([key, value]) => [key, String(value)]));
const keys = (records: readonly VisibleRecord[]) => records.map((each) => String(each.key));
