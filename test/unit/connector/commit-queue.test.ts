import { expect, test } from "vitest";
import { CommitQueue } from "../../../src/connector/commit-queue.ts";
import type { Transaction } from "../../../src/kafka/port.ts";
import { VirtualClock } from "../../fakes/virtual-clock.ts";
import { NOW_MS } from "./scene.ts";

const { signal } = new AbortController();
const put = (value: string, bytes = 1): Transaction => ({
  state: [{ key: value, value }],
  records: [{ topic: "t", partition: 0, key: null, value: Buffer.alloc(bytes), headers: {} }],
});

/** A queue whose transactions take `tookMs`; `fails` says which of them, by number, are not committed. */
function queued({ tookMs = 20, fails = [] as number[], throws = null as Error | null } = {}) {
  const clock = new VirtualClock(NOW_MS);
  const ran: { names: string[]; records: number; atMs: number }[] = [];
  const queue = new CommitQueue<string>({
    clock,
    async run({ state, records }) {
      const names = state.map(({ key }) => key);
      ran.push({ names, records: records.length, atMs: clock.nowMs() - NOW_MS });
      const number = ran.length;
      await clock.sleep(tookMs, signal);
      if (throws !== null) throw throws;
      return fails.includes(number) ? "failed" : "committed";
    },
    isCommitted: (outcome) => outcome === "committed",
  });
  const all = async <T>(promises: readonly Promise<T>[]): Promise<PromiseSettledResult<T>[]> => {
    let results: PromiseSettledResult<T>[] | null = null;
    void Promise.allSettled(promises).then((settled) => {
      results = settled;
    });
    await clock.runUntil(() => results !== null, 1_000);
    return results as unknown as PromiseSettledResult<T>[];
  };
  return { clock, ran, queue, all };
}

/** Until what waits for nothing but the next turn has begun. */
const begun = () => new Promise<void>((resolve) => setImmediate(resolve));

const committed = { status: "fulfilled", value: "committed" };

test("what other tenants commit within half a second of a transaction's beginning is one transaction", async () => {
  const { queue, ran, all } = queued();
  const first = queue.add("a", put("a"), signal);
  await begun();
  const others = ["b", "c", "d"].map((name) => queue.add(name, put(name), signal));
  expect(await all([first, ...others])).toEqual([committed, committed, committed, committed]);
  expect(ran).toEqual([
    { names: ["a"], records: 1, atMs: 0 },
    { names: ["b", "c", "d"], records: 3, atMs: 500 },
  ]);
});

test("a tenant that has the shard for itself does not wait, and its transactions stay apart, in order", async () => {
  const { queue, ran, all } = queued();
  await all(["1", "2", "3"].map((name) => queue.add("a", put(name), signal)));
  expect(ran.map(({ names, atMs }) => [...names, atMs])).toEqual([
    ["1", 0],
    ["2", 20],
    ["3", 40],
  ]);
});

test("where tenants commit rarely, none waits for another", async () => {
  const { clock, queue, ran, all } = queued();
  const askedMs: number[] = [];
  for (const name of ["a", "b", "c"]) {
    askedMs.push(clock.nowMs() - NOW_MS);
    await all([queue.add(name, put(name), signal)]);
    await all([clock.sleep(490, signal)]);
  }
  expect(ran.map(({ atMs }) => atMs)).toEqual(askedMs);
});

test("a tenant's own ones are never in one transaction, and large ones go alone and at once", async () => {
  const { queue, ran, all } = queued();
  const large = 4 * 1024 * 1024;
  const first = queue.add("a", put("a1"), signal);
  await begun();
  const added = [
    first,
    queue.add("b", put("b1", large), signal),
    queue.add("c", put("c1"), signal),
    queue.add("c", put("c2"), signal),
    queue.add("d", put("d1", large + 1), signal),
    queue.add("e", put("e1"), signal),
  ];
  await all(added);
  expect(ran.map(({ names }) => names)).toEqual([["a1"], ["b1"], ["c1", "e1"], ["c2"], ["d1"]]);
  expect((ran[4]?.atMs ?? 0) - (ran[3]?.atMs ?? 0)).toBe(20);
});

test("after a common transaction has failed each of its parts goes alone, and then all are common again", async () => {
  const { queue, ran, all } = queued({ fails: [2] });
  await all([queue.add("a", put("a"), signal)]);
  const parts = await all(["b", "c"].map((name) => queue.add(name, put(name), signal)));
  expect(parts.map((result) => result.status === "fulfilled" && result.value)).toEqual(["failed", "failed"]);
  await all(["b", "c", "d", "e"].map((name) => queue.add(name, put(`${name}2`), signal)));
  expect(ran.map(({ names }) => names)).toEqual([["a"], ["b", "c"], ["b2"], ["c2"], ["d2", "e2"]]);
});

test("what one throws ends all that wait behind it, and all that come later", async () => {
  const fenced = new Error("fenced");
  const { queue, all } = queued({ throws: fenced });
  const ended = { status: "rejected", reason: fenced };
  expect(await all(["a", "b", "b"].map((name) => queue.add(name, put(name), signal)))).toEqual([ended, ended, ended]);
  await expect(queue.add("c", put("c"), signal)).rejects.toBe(fenced);
});

test("an abort ends the waiting for others", async () => {
  const { clock, queue, all } = queued();
  const stop = new AbortController();
  const reason = new Error("stopped");
  await all([queue.add("a", put("a"), stop.signal)]);
  const waiting = queue.add("b", put("b"), stop.signal);
  void clock.sleep(100, signal).then(() => stop.abort(reason));
  expect(await all([waiting])).toEqual([{ status: "rejected", reason }]);
});
