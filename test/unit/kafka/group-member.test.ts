import { expect, test } from "vitest";
import { GroupMember } from "../../../src/kafka/group-member.ts";
import type { Lease } from "../../../src/kafka/port.ts";
import { VirtualClock } from "../../fakes/virtual-clock.ts";

const { signal } = new AbortController();
const noEvents = { joined: () => undefined, left: () => undefined, failed: () => undefined };

function member() {
  const clock = new VirtualClock(0);
  const leases: Lease[] = [];
  const events = { ...noEvents, gained: (lease: Lease) => void leases.push(lease) };
  return { clock, leases, member: new GroupMember({ sessionMs: 10_000, clock, events }) };
}

test("a rebalance that leaves a shard in place ends no lease and begins none; what moves ends before it returns", () => {
  const { leases, member: of } = member();
  of.see({ kind: "joined", sentMs: 0, shards: [1, 2] });
  expect(leases.map(({ shard }) => shard)).toEqual([1, 2]);
  of.see({ kind: "joining", atMs: 100 });
  expect(leases.map((lease) => lease.isProven())).toEqual([false, false]);
  of.see({ kind: "joined", sentMs: 200, shards: [2, 3] });
  expect(leases.map(({ shard }) => shard)).toEqual([1, 2, 3]);
  expect(leases.map(({ lost }) => lost.aborted)).toEqual([true, false, false]);
  expect(String(leases[0]?.lost.reason)).toContain("given to another replica");
});

test("a shard that comes back after an expired session is another lease", () => {
  const { leases, member: of } = member();
  of.see({ kind: "joined", sentMs: 0, shards: [1] });
  of.see({ kind: "joining", atMs: 10_000 });
  expect(leases[0]?.lost.aborted).toBe(true);
  expect(of.claims.held).toEqual([]);
  of.see({ kind: "joined", sentMs: 10_100, shards: [1] });
  expect(leases).toHaveLength(2);
});

test("who waits for proof goes on with it, ends with the shard, or with its own signal", async () => {
  const { leases, member: of } = member();
  of.see({ kind: "joined", sentMs: 0, shards: [1, 2] });
  const [kept, moved] = leases;
  const stop = new AbortController();
  const waits = [
    kept!.proven(50, signal),
    moved!.proven(50, signal),
    kept!.proven(Number.POSITIVE_INFINITY, stop.signal),
  ].map((wait) => wait.then(() => "proven", String));
  of.see({ kind: "beat", sentMs: 50, generation: 1 });
  of.see({ kind: "joined", sentMs: 60, shards: [1] });
  stop.abort(new Error("stopped"));
  expect(await Promise.all(waits)).toEqual(["proven", expect.stringContaining("shard 2 given"), "Error: stopped"]);
});
