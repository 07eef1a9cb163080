import { expect, test } from "vitest";
import { lastDay, newestGaps } from "../../../src/scan/day.ts";
import { newJob } from "../../../src/scan/job.ts";
import { type Gap, newLedger } from "../../../src/scan/ledger.ts";
import { Slices } from "../../../src/scan/slices.ts";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import { cursorAt, HOUR_MS, NOW_MS } from "./cursors.ts";

const hour = (hours: number) => NOW_MS + hours * HOUR_MS;
const covered = (untilMs: number) => [{ ageMs: 24 * HOUR_MS, covered: [{ fromMs: hour(-20), untilMs }] }];
/** Began 20 hours ago, is caught up half an hour into the present one, and settled up to 10 hours ago. */
const cursor = cursorAt({
  beganMs: hour(-20),
  positionMs: hour(0.5) + OVERLAP_MS,
  lookbacks: covered(hour(-10)),
});

const dayOf = (more: Partial<Parameters<typeof lastDay>[0]> = {}) =>
  lastDay({ cursor, jobs: new Map(), slices: new Slices("all", "created"), ...more }, hour(0.5));

test("the last day is 25 hours, the present one last, each in the state that it is in", () => {
  const day = dayOf();
  expect([day.length, day[0]?.fromMs, day.at(-1)?.fromMs]).toEqual([25, hour(-24), hour(0)]);
  expect(day.map(({ state }) => state)).toEqual([
    ...new Array(4).fill("outside"),
    ...new Array(10).fill("settled"),
    ...new Array(10).fill("read"),
    "reading",
  ]);
});

test("what a job has still to read is not read yet, and what it has read in part is being read", () => {
  const whole = { fromMs: hour(-6), untilMs: hour(-3) - 1 };
  const job = { ...newJob({ origin: "recovery", order: "desc", whole }), untilMs: hour(-4.5) };
  const lookback = newJob({ origin: "lookback", order: "asc", whole, ageMs: 120_000 });
  const states = dayOf({ jobs: new Map(Object.entries({ job, lookback })) }).map(({ state }) => state);
  expect(states.slice(-8)).toEqual(["read", "unread", "reading", ...new Array(4).fill("read"), "reading"]);
});

test("what a tail that is behind has not reached is not read yet", () => {
  const behind = { ...cursor, positionMs: hour(-2.5) + OVERLAP_MS };
  expect(
    dayOf({ cursor: behind })
      .slice(-4)
      .map(({ state }) => state),
  ).toEqual(["reading", "unread", "unread", "unread"]);
});

test("an hour's counts are its ledger's", () => {
  const slices = new Slices("all", "created");
  slices.put(hour(-1), null, { ...newLedger(), published: 4, duplicates: 3, deadLettered: 2, late: 1 });
  expect(dayOf({ slices }).at(-2)).toEqual({
    fromMs: hour(-1),
    state: "read",
    ...{ published: 4, duplicates: 3, deadLettered: 2, late: 1 },
  });
});

test("of the open gaps the newest come first, no more than asked for", () => {
  const slices = new Slices("all", "created");
  expect(newestGaps(slices, 2)).toEqual([]);
  const gap = (hours: number): Gap => ({ fromMs: hour(hours), untilMs: hour(hours), reason: "stall" });
  slices.put(hour(-50), null, { ...newLedger(), gaps: [gap(-50)] });
  slices.put(hour(-3), null, { ...newLedger(), gaps: [gap(-2.9), gap(-2.5)] });
  expect(newestGaps(slices, 2)).toEqual([gap(-2.5), gap(-2.9)]);
});
