import { afterAll, beforeAll, expect, test } from "vitest";
import { type MockTenant, startMockTenant } from "../../src/mock-tenant/start.ts";
import { ensureBuilt } from "../real/built.ts";
import { checkTopic } from "../real/checker.ts";
import { chapter, roll, silencesOf, silenceText, zombie } from "../real/fleet-acts.ts";
import { Fleet, SHARDS, tenantNames } from "../real/replicas.ts";
import { ShardStory } from "../real/shard-story.ts";
import { type Downstream, startDownstream } from "../real/stack.ts";

/** How long a replica is stopped: more than its session. */
const STOPPED_MS = Number(process.env["STOPPED_MS"] ?? "9000");
const SESSION_MS = 6_000;
/**
 * Less than polls and lookbacks want, so every tenant is always asked as often as it allows. `UNIT_MS=200` has each
 * shard commit as often as the group did that test/soak/aims knows of, small pages of a large backlog: times compare.
 */
const UNIT_MS = process.env["UNIT_MS"] === undefined ? null : Number(process.env["UNIT_MS"]);
const LIMIT = { requestLimit: UNIT_MS === null ? 12 : 10_000 / UNIT_MS + 1, requestWindowMs: 10_000 };
/** One a 909 ms: what 12 in 10 s are paced to. */
const REQUESTS_PER_MINUTE = UNIT_MS === null ? 67 : 60_000 / UNIT_MS;
const HELD = UNIT_MS === null ? { backlog: 300 } : { backlog: 1_500, pageCeiling: 2 };

let downstream: Downstream;
const tenants = new Map<string, MockTenant>();
beforeAll(async () => {
  await ensureBuilt();
  downstream = await startDownstream();
  for (const [at, name] of tenantNames(SHARDS).entries()) {
    tenants.set(name, await startMockTenant({ seed: at + 1, ...HELD, rate: 2, ...LIMIT }));
  }
});
afterAll(async () => {
  await Promise.all([...tenants.values()].map((tenant) => tenant[Symbol.asyncDispose]()));
  await downstream?.[Symbol.asyncDispose]();
});

test("three replicas share twelve tenants: killed, stopped, restarted, nothing is lost, repeated or asked too often", async () => {
  await using fleet = new Fleet({
    brokers: [downstream.bootstrap],
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
  const { chapters: away, begun } = await zombie(fleet, stopped!, STOPPED_MS);
  const rollingFromMs = Date.now();
  chapters.push(...away, ...(await roll(fleet, () => fleet.start())));
  const rollingUntilMs = Date.now();
  // What small pages have left over is read in large ones.
  for (const tenant of tenants.values()) tenant.change({ rate: 0, pageCeiling: 5_000 });
  await fleet.caughtUp(Date.now() + 1_000);

  const story = new ShardStory(fleet.all);
  console.log(silenceText(silencesOf(story, chapters.slice(1))));
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
