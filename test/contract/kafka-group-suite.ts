import { afterEach, describe, expect, test } from "vitest";
import type { KafkaPort, Lease, ShardGroup } from "../../src/kafka/port.ts";
import { type Bench, benchFor, type Names, never, SHARDS } from "./kafka-bench.ts";

const POLL = { timeout: 20_000, interval: 20 };
const ALL = [...Array(SHARDS).keys()];

/** One member, and the leases that it was given so far. */
class Member {
  readonly leases: Lease[] = [];
  joins = 0;
  readonly group: ShardGroup;

  constructor(port: KafkaPort) {
    this.group = port.group(new Set(ALL), {
      gained: (lease) => void this.leases.push(lease),
      joined: () => {
        this.joins += 1;
      },
      left: () => undefined,
      failed: () => undefined,
    });
  }

  get held(): Lease[] {
    return this.leases.filter(({ lost }) => !lost.aborted);
  }

  get shards(): number[] {
    return this.held.map(({ shard }) => shard).sort((a, b) => a - b);
  }

  /** Whether all that it holds is proven. */
  get isProven(): boolean {
    return this.held.every((lease) => lease.isProven());
  }
}

/** What the port promises of the group, clause by clause. */
export function groupContract(brokers: string, makeBench: () => Promise<Bench>): void {
  const { bench, ready } = benchFor(makeBench);
  const members: Member[] = [];
  const join = async (names: Names): Promise<Member> => {
    const member = new Member(bench().process(names));
    members.push(member);
    await member.group.join(never);
    return member;
  };
  afterEach(async () => {
    for (const { group } of members.splice(0)) await group[Symbol.asyncDispose]();
  });

  describe(`group on ${brokers}`, () => {
    test("who is alone is given every shard, each proven, and is told so before its join ends", async () => {
      const { names } = await ready();
      const member = await join(names);
      expect(member.shards).toEqual(ALL);
      expect(member.joins).toBe(1);
      expect(member.isProven).toBe(true);
    });

    test("who joins takes its share and no more; what stays stays leased, and both are proven", async () => {
      const { names } = await ready();
      const first = await join(names);
      const before = [...first.leases];
      const second = await join(names);
      await expect.poll(() => [...first.shards, ...second.shards].sort(), POLL).toEqual(ALL);
      expect(second.shards.length).toBe(Math.floor(SHARDS / 2));
      await expect.poll(() => first.isProven && second.isProven, POLL).toBe(true);
      expect(first.leases).toEqual(before);
      const moved = before.filter(({ lost }) => lost.aborted);
      expect(moved.map(({ shard }) => shard)).toEqual(second.shards);
      expect(moved.map((lease) => lease.isProven())).toEqual(moved.map(() => false));
      for (const lease of moved) await expect(lease.proven(0, never)).rejects.toBe(lease.lost.reason);
    });

    test("who leaves loses everything at once, and the others have it soon", async () => {
      const { names } = await ready();
      const first = await join(names);
      const second = await join(names);
      await expect.poll(() => second.isProven && first.shards.length + second.shards.length, POLL).toBe(SHARDS);
      await first.group[Symbol.asyncDispose]();
      expect(first.held).toEqual([]);
      await expect.poll(() => second.shards, POLL).toEqual(ALL);
      await expect.poll(() => second.isProven, POLL).toBe(true);
    });

    test("proof that is asked for from now on comes with the next heartbeat", async () => {
      const { names } = await ready();
      const [lease] = (await join(names)).leases;
      const afterMs = bench().monotonicMs() + 50;
      expect(lease?.isProven(afterMs)).toBe(false);
      await lease?.proven(afterMs, never);
      expect(lease?.isProven(afterMs)).toBe(true);
      await expect(lease?.proven(0, AbortSignal.abort(new Error("stopping")))).rejects.toThrow("stopping");
    });

    test("a shard that may not be opened is not, and whoever owns it goes on", async () => {
      const { names, port } = await ready();
      const owner = port.shard(0);
      await owner.open(never);
      const other = bench()
        .process(names)
        .shard(0, () => false);
      await expect(other.open(never)).rejects.toMatchObject({ code: "kafka_unavailable", disposition: "retry" });
      await owner.commit({ state: [{ key: "k", value: "v" }], records: [] }, never);
    });

    test("what may be opened until it is fenced, and no longer, is fenced but not marked", async () => {
      const { names, port } = await ready();
      const owner = port.shard(0);
      await owner.open(never);
      let asked = 0;
      const other = bench()
        .process(names)
        .shard(0, () => asked++ === 0);
      await expect(other.open(never)).rejects.toMatchObject({ code: "kafka_unavailable" });
      expect(asked).toBe(2);
      const state = { state: [{ key: "k", value: "v" }], records: [] };
      await expect(owner.commit(state, never)).rejects.toMatchObject({ code: "publish_fenced" });
      expect((await owner.open(never)).size).toBe(0);
      expect(owner.isContinued).toBe(true);
    });

    test("whoever asks is told how many members there are", async () => {
      const { names, port } = await ready();
      await port.shard(0).open(never);
      expect(await port.members(never)).toBe(0);
      const first = await join(names);
      expect(await port.members(never)).toBe(1);
      await join(names);
      await expect.poll(() => port.members(never), POLL).toBe(2);
      await first.group[Symbol.asyncDispose]();
      await expect.poll(() => port.members(never), POLL).toBe(1);
    });

    test("an aborted signal ends a join", async () => {
      const { names } = await ready();
      const member = new Member(bench().process(names));
      members.push(member);
      await expect(member.group.join(AbortSignal.abort(new Error("stopping")))).rejects.toThrow("stopping");
      expect(member.leases).toEqual([]);
    });
  });
}
