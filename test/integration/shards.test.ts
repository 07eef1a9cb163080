import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MockTenant, startMockTenant } from "../../src/mock-tenant/start.ts";
import { ensureBuilt } from "../real/built.ts";
import { checkTopic } from "../real/checker.ts";
import { eventually } from "../real/process.ts";
import { Fleet, type Replica, SHARDS, tenantNames } from "../real/replicas.ts";
import { medianOf, ShardStory } from "../real/shard-story.ts";
import { type Downstream, startDownstream } from "../real/stack.ts";

/** How long a replica is stopped: more than its session. */
const STOPPED_MS = Number(process.env["STOPPED_MS"] ?? "9000");
const SESSION_MS = 6_000;
/** Less than polls and lookbacks want, so that every tenant is always asked as often as it allows. */
const LIMIT = { requestLimit: 12, requestWindowMs: 10_000 };
/** One a 909 ms: what 12 in 10 s are paced to. */
const REQUESTS_PER_MINUTE = 67;

let downstream: Downstream;
const tenants = new Map<string, MockTenant>();
beforeAll(async () => {
  await ensureBuilt();
  downstream = await startDownstream();
  for (const [at, name] of tenantNames(SHARDS).entries()) {
    tenants.set(name, await startMockTenant({ seed: at + 1, backlog: 300, rate: 2, ...LIMIT }));
  }
});
afterAll(async () => {
  await Promise.all([...tenants.values()].map((tenant) => tenant[Symbol.asyncDispose]()));
  await downstream?.[Symbol.asyncDispose]();
});

/** What was done to the replicas, and when. */
interface Chapter {
  readonly what: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A chapter of the story: `act`, until the shards are spread over `left` replicas again and all of them commit. */
async function chapter(fleet: Fleet, what: string, act: () => Promise<readonly Replica[]>): Promise<Chapter> {
  const fromMs = Date.now();
  await fleet.balanced(await act());
  await delay(1_500);
  return { what, fromMs, untilMs: Date.now() };
}

const others = (fleet: Fleet, ...without: Replica[]) => fleet.running.filter((replica) => !without.includes(replica));

/** SIGSTOP until somebody else has its shards, SIGCONT, and what it did before it was told. */
async function zombie(fleet: Fleet, stopped: Replica) {
  const away = await chapter(fleet, "stop", async () => {
    stopped.process.signal("SIGSTOP");
    await delay(STOPPED_MS);
    return others(fleet, stopped);
  });
  const releasedBefore = stopped.log.of("shard_released").length;
  const contMs = Date.now();
  const back = await chapter(fleet, "cont", async () => {
    stopped.process.signal("SIGCONT");
    return fleet.running;
  });
  // It loses them all at once, as it joins anew.
  const released = stopped.log.of("shard_released").slice(releasedBefore);
  const toldMs = released.length < SHARDS / 3 ? Date.now() : Math.min(...released.map(({ time }) => Date.parse(time)));
  const begun = stopped.requestsMs.filter((atMs) => atMs >= contMs && atMs < toldMs);
  return { chapters: [away, back], begun };
}

async function roll(fleet: Fleet): Promise<Chapter[]> {
  const chapters: Chapter[] = [];
  for (const old of fleet.running) {
    chapters.push(
      await chapter(fleet, "stopped", async () => {
        expect(await old.process.stop()).toEqual({ code: 143, signal: null });
        return fleet.running;
      }),
      await chapter(fleet, "started", async () => [...fleet.running, await fleet.start()]),
    );
  }
  return chapters;
}

/** Nothing new, and everything that there is published. */
async function settled(fleet: Fleet): Promise<void> {
  for (const tenant of tenants.values()) tenant.change({ rate: 0 });
  const sinceMs = Date.now() + 1_000;
  const isCaughtUp = async () => {
    const scans = (await Promise.all(fleet.running.map((each) => each.status()))).flatMap((each) => each?.scans ?? []);
    const done = scans.filter(({ caughtUp, jobs }) => Date.parse(caughtUp ?? "") >= sinceMs && jobs.length === 0);
    return new Set(done.map(({ scan }) => scan)).size === SHARDS;
  };
  await eventually(isCaughtUp, 60_000, "every scan to be caught up");
}

function tell(story: ShardStory, chapters: readonly Chapter[]): void {
  const rows = [...new Set(chapters.map(({ what }) => what))].map((what) => {
    const of = chapters.filter((each) => each.what === what).map((each) => story.silences(each.fromMs, each.untilMs));
    const [moved, kept] = [of.flatMap((each) => each.moved), of.flatMap((each) => each.kept)];
    const figures = [moved, kept].map((each) => `${medianOf(each)}/${Math.max(...each)}`);
    return `${what.padEnd(8)} moved ${moved.length}: ${figures[0]} ms, kept ${kept.length}: ${figures[1]} ms`;
  });
  console.log(`without a commit, median/worst:\n${rows.join("\n")}`);
}

test("three replicas share twelve tenants: killed, stopped, restarted, nothing is lost, repeated or asked too often", async () => {
  await using fleet = new Fleet({
    bootstrap: downstream.bootstrap,
    registry: downstream.registry,
    topic: "shared",
    tenants: new Map([...tenants].map(([name, { url }]) => [name, url])),
    requestsPerMinute: REQUESTS_PER_MINUTE,
    sessionTimeout: `${SESSION_MS}ms`,
    heartbeatInterval: "1s",
  });
  const add = async () => [...fleet.running, await fleet.start()];
  const chapters = [
    await chapter(fleet, "first", add),
    await chapter(fleet, "add", add),
    await chapter(fleet, "add", add),
  ];
  const [victim, stopped] = fleet.running;
  chapters.push(
    await chapter(fleet, "kill", async () => {
      await victim!.process.kill9();
      return fleet.running;
    }),
    await chapter(fleet, "add", add),
  );
  const { chapters: away, begun } = await zombie(fleet, stopped!);
  const rollingFromMs = Date.now();
  chapters.push(...away, ...(await roll(fleet)));
  const rollingUntilMs = Date.now();
  await settled(fleet);

  const story = new ShardStory(fleet.all);
  tell(story, chapters.slice(1));
  const { report } = await checkTopic({
    bootstrap: downstream.bootstrap,
    registry: downstream.registry,
    topics: ["shared"],
    truth: [...tenants.values()].map(({ url }) => `${url}/_truth`),
    dlq: "shared-dlq",
  });
  const stats = [...tenants.values()].map((tenant) => tenant.stats());
  const moves = story.moves(rollingFromMs, rollingUntilMs);
  console.log(JSON.stringify({ report, moves, maxInWindow: stats.map((each) => each.maxInWindow) }));

  expect(report).toMatchObject({ missing: 0, duplicate: 0, altered: 0, unknown: 0, mistimed: 0, undecodable: 0 });
  expect(report.published).toBe(report.expected);
  expect(begun).toEqual([]);
  expect(Math.max(...moves)).toBeLessThanOrEqual(2);
  for (const { maxInWindow, byStatus } of stats) {
    expect(maxInWindow).toBeLessThanOrEqual(LIMIT.requestLimit);
    expect(byStatus[429] ?? 0).toBe(0);
  }
  expect(Math.max(...stats.map(({ maxInWindow }) => maxInWindow))).toBeGreaterThanOrEqual(LIMIT.requestLimit - 2);
  // Not vacuous: all the shards have been with several, and a stop long enough to lose them.
  expect(moves.filter((count) => count > 0).length).toBeGreaterThanOrEqual(SHARDS / 2);
  expect(STOPPED_MS).toBeGreaterThan(SESSION_MS);
  expect(report.published).toBeGreaterThan(SHARDS * 300);
}, 240_000);
