import { expect, test } from "vitest";
import type { Cursor } from "../../../src/scan/cursor.ts";
import { type Job, jobName, newJob } from "../../../src/scan/job.ts";
import {
  type Due,
  lookbackName,
  nextDue,
  READER_CLASSES,
  type ReaderClass,
  wantsOf,
} from "../../../src/scan/planner.ts";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import { cursorAt, HOUR_MS, NOW_MS, passAt } from "./cursors.ts";

const due = (dueMs: number, servedMs: number, ofClass: ReaderClass = "tail"): Due => ({
  reader: ofClass,
  class: ofClass,
  dueMs,
  servedMs,
});

test("of the readers that are due the one served longest ago is next, though another was due before", () => {
  const often = due(10, 95);
  const seldom = due(90, 20);
  expect(nextDue([often, seldom], 100)).toBe(seldom);
});

test("who was never served comes before all others, whatever their weight", () => {
  const fresh = due(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, "verify");
  expect(nextDue([due(0, 0), fresh], 100)).toBe(fresh);
  expect(nextDue([fresh, due(0, 0)], 100)).toBe(fresh);
});

test("when none is due the one that will be first is to be waited for, whatever its weight", () => {
  const soon = due(110, 99, "verify");
  expect(nextDue([due(200, 0), soon], 100)).toBe(soon);
  expect(nextDue([soon, due(200, 0)], 100)).toBe(soon);
});

test("one that is due comes before one that is not yet, whatever its weight", () => {
  const lookback = due(100, 99, "verify");
  expect(nextDue([due(101, 0), lookback], 100)).toBe(lookback);
  expect(nextDue([lookback, due(101, 0)], 100)).toBe(lookback);
});

test("without readers there is none to ask", () => {
  expect(nextDue([], 100)).toBeNull();
});

test("of two that have waited equally long the one of the heavier class is next; of one class, the first", () => {
  for (const waitedMs of [0, 5, 60_000]) {
    const [recovery, backfill] = [due(0, 1_000, "recovery"), due(0, 1_000, "backfill")];
    expect(nextDue([backfill, recovery], 1_000 + waitedMs)).toBe(recovery);
    const twin = due(0, 1_000, "recovery");
    expect(nextDue([recovery, twin], 1_000 + waitedMs)).toBe(recovery);
  }
});

/** How often each of `classes` is served in `requests`, always due, a request every `everyMs`; and the longest wait. */
function served(classes: readonly ReaderClass[], everyMs: number, requests = 2_000) {
  const lastMs = classes.map(() => 0);
  const turns = classes.map(() => 0);
  let longest = 0;
  for (let request = 1; request <= requests; request++) {
    const nowMs = request * everyMs;
    const readers = classes.map((each, at) => ({ ...due(0, lastMs[at] ?? 0, each), at }));
    const { at } = nextDue(readers, nowMs)!;
    longest = Math.max(longest, (nowMs - lastMs[at]!) / everyMs);
    lastMs[at] = nowMs;
    turns[at]! += 1;
  }
  return { turns, longest };
}

test("none of several of a class that are always due starves: they take turns", () => {
  expect(served(["tail", "tail", "tail"], 1, 30).turns).toEqual([10, 10, 10]);
});

test.each([1, 100, 2_857])("of two that are always due, a request every %i ms, each has its part", (everyMs) => {
  const share = (one: ReaderClass, other: ReaderClass) => served([one, other], everyMs).turns[0]! / 2_000;
  expect(share("tail", "tail")).toBeCloseTo(1 / 2, 2);
  // Twice the weight: two of three; never less for the heavier one, and never all.
  for (const [one, other] of [
    ["tail", "recovery"],
    ["recovery", "backfill"],
    ["backfill", "verify"],
  ] as const) {
    expect(share(one, other)).toBeGreaterThanOrEqual(2 / 3 - 0.01);
    expect(share(one, other)).toBeLessThanOrEqual(3 / 4 + 0.01);
  }
  expect(share("tail", "verify")).toBeGreaterThanOrEqual(8 / 9 - 0.01);
  expect(share("tail", "verify")).toBeLessThanOrEqual(0.95);
});

test.each([1, 100, 2_857])(
  "of all classes at once, a request every %i ms, none starves and the heavier have more",
  (everyMs) => {
    const { turns, longest } = served(READER_CLASSES, everyMs);
    const [tail, recovery, first, backfill, later, verify] = turns as [number, number, number, number, number, number];
    expect(Math.abs(recovery - first)).toBeLessThanOrEqual(1);
    expect(Math.abs(backfill - later)).toBeLessThanOrEqual(1);
    expect(tail).toBeGreaterThan(recovery);
    expect(recovery).toBeGreaterThan(backfill);
    expect(backfill).toBeGreaterThan(verify);
    expect(verify).toBeGreaterThan(2_000 / 40);
    expect(longest).toBeLessThanOrEqual(40);
  },
);

const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;
const cursor: Cursor = cursorAt({
  beganMs: NOW_MS,
  positionMs: NOW_MS + OVERLAP_MS + HOUR_MS,
  lookbacks: [2 * MINUTE_MS, DAY_MS].map((ageMs) => ({ ageMs, covered: [] })),
});
const range = (origin: "recovery" | "backfill", more: Partial<Job> = {}): Job => ({
  ...newJob({ origin, order: "desc", whole: { fromMs: NOW_MS - HOUR_MS, untilMs: NOW_MS - 1 } }),
  ...more,
});
const wants = (at: Cursor, ...jobs: readonly Job[]) =>
  wantsOf(at, new Map(jobs.map((job) => [jobName(job), job])), NOW_MS);
const AT_ONCE = Number.NEGATIVE_INFINITY;

test("a lookback wants to ask once its next step is old enough, the first of them as a class of its own", () => {
  expect(wants(cursor)).toEqual([
    { reader: "lookback/2m", class: "first_lookback", dueMs: NOW_MS + 30_000 + 2 * MINUTE_MS },
    { reader: "lookback/24h", class: "later_lookback", dueMs: NOW_MS + HOUR_MS + DAY_MS },
  ]);
  expect(lookbackName(2 * MINUTE_MS)).toBe("lookback/2m");
});

test("a lookback within a pass wants to go on at once; one with nothing to read wants nothing", () => {
  const [first] = cursor.lookbacks;
  const whole = { fromMs: NOW_MS, untilMs: NOW_MS + HOUR_MS - 1 };
  const inPass = { ...newJob({ origin: "lookback", order: "asc", ageMs: DAY_MS, whole }), pass: passAt() };
  const covered = [{ fromMs: NOW_MS, untilMs: NOW_MS + HOUR_MS }];
  expect(wants({ ...cursor, lookbacks: [{ ...first!, covered }, cursor.lookbacks[1]!] }, inPass)).toEqual([
    { reader: "lookback/24h", class: "later_lookback", dueMs: AT_ONCE },
  ]);
});

test("a range job wants to ask at once, as a class of its own, until it is done or paused", () => {
  const idle = { ...cursor, lookbacks: [] };
  const reader = `backfill/${new Date(NOW_MS - HOUR_MS).toISOString()}`;
  expect(wants(idle, range("backfill"))).toEqual([{ reader, class: "backfill", dueMs: AT_ONCE }]);
  expect(wants(idle, range("recovery"))).toMatchObject([{ class: "recovery", dueMs: AT_ONCE }]);
  expect(wants(idle, range("backfill", { paused: true }))).toEqual([]);
  const done = { untilMs: NOW_MS - HOUR_MS - 1 };
  expect(wants(idle, range("backfill", done))).toEqual([]);
  expect(wants(idle, range("backfill", { ...done, pass: passAt() }))).toHaveLength(1);
});
