import { expect, test } from "vitest";
import { OwnedInBetween, ShardOwner } from "../../../src/connector/shard-owner.ts";
import type { Event } from "../../../src/observe/events.ts";
import { MemoryCluster, type Step } from "../../fakes/memory-kafka.ts";
import { SIM_CURSORS } from "../../fakes/sim-connector.ts";
import { TestLease } from "../../fakes/test-lease.ts";
import { VirtualClock } from "../../fakes/virtual-clock.ts";
import { NOW_MS } from "./scene.ts";

const { signal } = new AbortController();
const put = (value: string) => ({ state: [{ key: "k", value }], records: [] });

function owned(step: Step = async () => {}) {
  const clock = new VirtualClock(NOW_MS);
  const cluster = new MemoryCluster(SIM_CURSORS);
  cluster.createTopic(SIM_CURSORS.name, SIM_CURSORS.partitions, "cursors");
  const events: Event[] = [];
  const emit = (event: Event) => void events.push(event);
  const lease = new TestLease(1);
  const log = cluster.process(step).port.shard(1, () => lease.isProven());
  const owner = new ShardOwner({ log, lease, tenants: () => ["contoso"], clock, random: () => 0.5, emit });
  const value = () => cluster.committedState(1).get("k")?.toString();
  return { clock, cluster, events, lease, owner, value };
}

test("transactions go one after the other, in the order of their asking", async () => {
  const running: string[] = [];
  const { owner, value } = owned(async (step) => {
    if (step.startsWith("commit")) running.push(step);
    await Promise.resolve();
  });
  await owner.open(signal);
  await Promise.all(["1", "2", "3"].map((text) => owner.commit("contoso", put(text), signal)));
  const one = ["commit.state", "commit.records", "commit.end", "commit.ended"];
  expect(running).toEqual([...one, ...one, ...one]);
  expect(value()).toBe("3");
});

test.each([
  ["commit.records", undefined],
  ["commit.ended", "1"],
])("a transaction that fails at %s is not judged: the shard's state tells", async (point, found) => {
  let failures = 0;
  const { owner, events } = owned(async (step) => {
    if (step === point && failures++ === 0) throw new Error("gone");
  });
  await owner.open(signal);
  const outcome = await owner.commit("contoso", put("1"), signal);
  expect(outcome.kind === "reopened" && outcome.state.get("k")?.toString()).toBe(found);
  expect(await owner.commit("contoso", put("2"), signal)).toEqual({ kind: "committed" });
  const results = events.flatMap((event) => (event.type === "transaction_ended" ? [event.result] : []));
  expect(results).toEqual(["failed", "committed"]);
});

test("opening is tried again ever more rarely, and says why", async () => {
  let tries = 0;
  const { owner, clock, events } = owned(async (step) => {
    if (step === "open.fence" && ++tries < 5) throw new Error("no leader");
  });
  let state: unknown = null;
  void owner.open(signal).then((found) => {
    state = found;
  });
  await clock.runUntil(() => state !== null, 100);
  expect(clock.monotonicMs()).toBeGreaterThan(1_500);
  const stages = events.flatMap((event) => (event.type === "stage" ? [event.stage] : []));
  expect(stages[1]).toContain("no leader");
  expect(stages.at(-1)).toBe("owned");
});

test("who loses the shard while opening it says no longer what it waits for", async () => {
  const { owner, lease, events } = owned();
  lease.provenMs = null;
  const opening = owner.open(signal);
  lease.lose(new Error("given to another replica"));
  await expect(opening).rejects.toThrow("given to another replica");
  const stages = events.flatMap((event) => (event.type === "stage" ? [event.stage] : []));
  expect(stages).toEqual(["waiting until the group confirms it", "released"]);
});

test("who is fenced goes on once the group has confirmed the shard since then, and judges nothing by itself", async () => {
  const { owner, cluster, events, lease, clock } = owned();
  await owner.open(signal);
  // A process that was stopped in the middle of opening it: fenced, and nothing written.
  cluster.fence(1);
  lease.provenMs = clock.monotonicMs();
  const outcome = owner.commit("contoso", put("1"), signal);
  await clock.runUntil(() => lease.waits > 0, 100);
  expect(events.filter((event) => event.type === "transaction_ended")).toMatchObject([{ result: "fenced" }]);
  expect(cluster.epoch(1)).toBe(2);
  lease.prove(clock.monotonicMs() + 1);
  expect(await outcome).toMatchObject({ kind: "reopened" });
  expect(await owner.commit("contoso", put("2"), signal)).toEqual({ kind: "committed" });
});

test("who has the shard again behind another owner begins it anew, and so do those that wait behind", async () => {
  const { owner, cluster, value } = owned();
  await owner.open(signal);
  const other = cluster.process().port.shard(1);
  await other.open(signal);
  await other.commit(put("other"), signal);
  const results = await Promise.allSettled(["1", "2"].map((text) => owner.commit("contoso", put(text), signal)));
  const anew = { status: "rejected", reason: expect.any(OwnedInBetween) };
  expect(results).toEqual([anew, anew]);
  expect(value()).toBe("other");
});

test("who is fenced and loses the shard does not fence the other, and those that wait behind end with it", async () => {
  const { owner, cluster, lease, clock } = owned();
  await owner.open(signal);
  await cluster.process().port.shard(1).open(signal);
  lease.provenMs = clock.monotonicMs();
  const results = Promise.allSettled(["1", "2"].map((text) => owner.commit("contoso", put(text), signal)));
  await clock.runUntil(() => lease.waits > 0, 100);
  const lost = new Error("given to another replica");
  lease.lose(lost);
  expect(await results).toEqual([1, 2].map(() => ({ status: "rejected", reason: lost })));
  expect(cluster.epoch(1)).toBe(2);
});

test("a shard whose membership is not proven is not opened before it is", async () => {
  const { owner, cluster, lease, clock } = owned();
  lease.provenMs = null;
  const opening = owner.open(signal);
  await clock.runUntil(() => lease.waits > 0, 100);
  expect(cluster.epoch(1)).toBe(0);
  lease.prove(clock.monotonicMs());
  await opening;
  expect(cluster.epoch(1)).toBe(1);
});

test("a stop ends the tries to open", async () => {
  const { owner, clock } = owned(async () => {
    throw new Error("no leader");
  });
  const stop = new AbortController();
  const opening = owner.open(stop.signal).catch((error: unknown) => error);
  await clock.runUntil(() => clock.monotonicMs() > 3_000, 100);
  stop.abort(new Error("stopped"));
  expect(await opening).toEqual(new Error("stopped"));
});
