import fc from "fast-check";
import { expect, test } from "vitest";
import { afterEvent, type GroupEvent, isProven, type Membership, OUTSIDE } from "../../../src/kafka/membership.ts";

const SESSION_MS = 10_000;
const ALWAYS = Number.NEGATIVE_INFINITY;

const after = (...events: GroupEvent[]): Membership =>
  events.reduce((membership, event) => afterEvent(membership, event, SESSION_MS), OUTSIDE);
const joined = (sentMs: number, ...shards: number[]): GroupEvent => ({ kind: "joined", sentMs, shards });
const beat = (sentMs: number, generation = 1): GroupEvent => ({ kind: "beat", sentMs, generation });
const joining = (atMs: number): GroupEvent => ({ kind: "joining", atMs });
const held = (membership: Membership) => [...membership.held];

test("a membership is proven until a second before the session that began with its last heartbeat's sending", () => {
  const member = after(joined(0, 1, 2), beat(3_000));
  expect(isProven(member, 11_999, SESSION_MS, ALWAYS)).toBe(true);
  expect(isProven(member, 12_000, SESSION_MS, ALWAYS)).toBe(false);
  expect(isProven(after(), 0, SESSION_MS, ALWAYS)).toBe(false);
});

test("nothing is proven from the first word of a rebalance until its end; a shard that stays is held all the time", () => {
  const rebalancing = after(joined(0, 1, 2), beat(500), joining(600));
  expect(isProven(rebalancing, 600, SESSION_MS, ALWAYS)).toBe(false);
  expect(held(rebalancing)).toEqual([1, 2]);
  // A heartbeat that was under way says nothing of who owns what once the group is rebalancing.
  expect(isProven(afterEvent(rebalancing, beat(700), SESSION_MS), 700, SESSION_MS, ALWAYS)).toBe(false);
  const again = afterEvent(rebalancing, joined(800, 2, 3), SESSION_MS);
  expect(isProven(again, 800, SESSION_MS, ALWAYS)).toBe(true);
  expect(held(again)).toEqual([2, 3]);
  // What it has had longest comes first: that is what it gives up last.
  expect(held(afterEvent(again, joined(900, 0, 1, 2, 3), SESSION_MS))).toEqual([2, 3, 0, 1]);
});

test("after a whole session without proof everything held is lost before the next join", () => {
  expect(held(after(joined(0, 1), joining(9_999)))).toEqual([1]);
  expect(held(after(joined(0, 1), joining(10_000)))).toEqual([]);
  // The answer came late; what counts is when it was asked.
  expect(held(after(joined(0, 1), beat(200), joining(10_199)))).toEqual([1]);
  expect(held(after(joined(0, 1), beat(200), joining(10_200)))).toEqual([]);
});

test("after a fencing only what was sent later proves anything", () => {
  const member = after(joined(0, 1), beat(3_000));
  expect(isProven(member, 3_100, SESSION_MS, 3_000)).toBe(false);
  expect(isProven(afterEvent(member, beat(3_001), SESSION_MS), 3_100, SESSION_MS, 3_000)).toBe(true);
});

test("who has left holds nothing and has proven nothing, and its next claims are of a later generation", () => {
  const left = after(joined(0, 1), beat(500, 7), { kind: "left" });
  expect(left).toMatchObject({ phase: "outside", provenMs: ALWAYS, generation: 7 });
  expect(held(left)).toEqual([]);
  expect(afterEvent(left, joined(600, 4), SESSION_MS).generation).toBe(8);
});

test("whatever happens, proof is never younger than the last request that succeeded, and never while joining", () => {
  const time = fc.integer({ min: 0, max: 40_000 });
  const event = fc.oneof(
    time.map(joining),
    fc.tuple(time, fc.subarray([0, 1, 2, 3])).map(([sentMs, shards]) => joined(sentMs, ...shards)),
    time.map((sentMs) => beat(sentMs)),
    fc.constant<GroupEvent>({ kind: "left" }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), time, (events, nowMs) => {
      const membership = after(...events);
      if (!isProven(membership, nowMs, SESSION_MS, ALWAYS)) return;
      const lastLeft = events.findLastIndex(({ kind }) => kind === "left");
      const sent = events.slice(lastLeft + 1).flatMap((each) => ("sentMs" in each ? [each.sentMs] : []));
      expect(nowMs - Math.max(...sent)).toBeLessThan(SESSION_MS - 1_000);
      const lastPhase = events.findLast(({ kind }) => kind !== "beat");
      expect(lastPhase?.kind).toBe("joined");
    }),
  );
});
