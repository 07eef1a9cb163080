import { expect, test } from "vitest";
import { Budget } from "../../../src/tenant/budget.ts";

/** Sends and answers `count` requests at the budget's own pace; the time after. */
function run(budget: Budget, count: number, fromMs: number): number {
  let nowMs = fromMs;
  for (let n = 0; n < count; n++) {
    nowMs += budget.waitMs(nowMs);
    budget.sent(nowMs);
    budget.answered(nowMs);
  }
  return nowMs;
}

test("the first request waits one interval, and so does each next one", () => {
  const budget = new Budget({ requests: 21 }, 1_000);
  expect(budget.waitMs(1_000)).toBe(3_000);
  expect(budget.waitMs(3_500)).toBe(500);
  expect(budget.waitMs(4_000)).toBe(0);
  budget.sent(4_000);
  budget.answered(4_100);
  expect(budget.waitMs(4_100)).toBe(2_900);
});

test("an idle time is not saved up for a burst", () => {
  const budget = new Budget({ requests: 21 }, 0);
  budget.sent(500_000);
  budget.answered(500_001);
  expect(budget.waitMs(500_001)).toBe(2_999);
});

test("a slow answer holds back the request that is a whole budget later", () => {
  const budget = new Budget({ requests: 3 }, 0);
  // Sent at 30 s, but on its way for 50 s: it may have arrived at 80 s.
  budget.sent(30_000);
  budget.answered(80_000);
  let nowMs = run(budget, 2, 80_000);
  expect(nowMs).toBe(110_000);
  nowMs += budget.waitMs(nowMs);
  expect(nowMs).toBe(140_001);
});

test("a wait that the tenant asked for holds, the longest one", () => {
  const budget = new Budget({ requests: 20 }, 0);
  run(budget, 1, 10_000);
  budget.throttled(10_000, 60_000);
  budget.throttled(11_000, 5_000);
  expect(budget.waitMs(11_000)).toBe(59_000);
});

test("throttling slows the pace, quiet minutes give it back, never more than it was", () => {
  const budget = new Budget({ requests: 21 }, 0);
  expect(budget.pace(0)).toBe(20);
  budget.throttled(0, 60_000);
  expect(budget.pace(60_000)).toBe(14);
  expect(budget.pace(120_000)).toBe(16);
  expect(budget.pace(600_000)).toBe(20);
  for (let n = 0; n < 100; n++) budget.throttled(600_000, 1_000);
  expect(budget.pace(600_000)).toBe(1);
});

test("a learned pace is kept by the next owner, within bounds", () => {
  expect(new Budget({ requests: 21, learnedPace: 7 }, 0).pace(0)).toBe(7);
  expect(new Budget({ requests: 21, learnedPace: 99 }, 0).pace(0)).toBe(20);
  expect(new Budget({ requests: 21, learnedPace: 0 }, 0).pace(0)).toBe(1);
});

test("what was used is that of the last window", () => {
  const budget = new Budget({ requests: 11 }, 0);
  const nowMs = run(budget, 5, 0);
  expect(budget.used(nowMs)).toBe(5);
  expect(budget.used(nowMs + 59_999)).toBe(1);
  expect(budget.used(nowMs + 60_000)).toBe(0);
});

test("another window is paced alike", () => {
  expect(new Budget({ requests: 30, windowMs: 10_000 }, 0).waitMs(0)).toBe(Math.ceil(10_000 / 29));
});

test("misuse is a bug that shows", () => {
  expect(() => new Budget({ requests: 1 }, 0)).toThrow(/at least 2/);
  const budget = new Budget({ requests: 2 }, 0);
  expect(() => budget.answered(0)).toThrow(/has a request/);
  budget.sent(0);
  expect(() => budget.sent(1)).toThrow(/one request at a time/);
  expect(budget.waitMs(1)).toBeGreaterThan(0);
});
