import { expect, test } from "vitest";
import type { Cursor } from "../../../src/scan/cursor.ts";
import { newJob } from "../../../src/scan/job.ts";
import {
  coverByPass,
  coveredAt,
  isSettled,
  nextStep,
  settledUntilMs,
  stepMs,
  withAges,
} from "../../../src/scan/lookback.ts";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import { cursorAt, HOUR_MS, NOW_MS, passAt } from "./cursors.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;
const BEGAN_MS = NOW_MS - 2 * DAY_MS;

/** A scan that began two days ago and owes looking back at these ages, but for what is covered. */
function owing(agesMs: readonly number[], covered: readonly (readonly [number, number])[] = []): Cursor {
  const stretches = covered.map(([fromMs, untilMs]) => ({ fromMs, untilMs }));
  const lookbacks = agesMs.map((ageMs) => ({ ageMs, covered: stretches }));
  return cursorAt({ beganMs: BEGAN_MS, positionMs: NOW_MS + OVERLAP_MS, lookbacks });
}

const range = (fromMs: number, untilMs: number) =>
  newJob({ origin: "recovery", order: "desc", whole: { fromMs, untilMs } });

test.each([
  [1_000, 5_000],
  [2 * MINUTE_MS, 30_000],
  [4 * HOUR_MS, HOUR_MS],
  [DAY_MS, HOUR_MS],
  [20_003, 5_000],
])("a lookback of %i ms reads %i ms at once", (ageMs, step) => {
  expect(stepMs(ageMs)).toBe(step);
});

test("the next step is the first that is not covered, due once its end is old enough", () => {
  expect(nextStep(owing([DAY_MS]), DAY_MS, [], NOW_MS - DAY_MS)).toEqual({
    fromMs: BEGAN_MS,
    untilMs: BEGAN_MS + HOUR_MS,
    dueMs: BEGAN_MS + HOUR_MS + DAY_MS,
  });
  const partly = owing([DAY_MS], [[BEGAN_MS, BEGAN_MS + 9]]);
  expect(nextStep(partly, DAY_MS, [], NOW_MS - DAY_MS)).toMatchObject({
    fromMs: BEGAN_MS + 9,
    untilMs: BEGAN_MS + HOUR_MS,
  });
});

test("what is overdue is read at once, up to the end of its slice", () => {
  const step = nextStep(owing([2 * MINUTE_MS]), 2 * MINUTE_MS, [], BEGAN_MS + 10 * MINUTE_MS);
  expect(step).toMatchObject({ fromMs: BEGAN_MS, untilMs: BEGAN_MS + 8 * MINUTE_MS, dueMs: BEGAN_MS + 150_000 });
  expect(nextStep(owing([2 * MINUTE_MS]), 2 * MINUTE_MS, [], NOW_MS)?.untilMs).toBe(BEGAN_MS + HOUR_MS);
});

test("a step ends where something is covered already, and where the tail is", () => {
  const hole = owing(
    [DAY_MS],
    [
      [BEGAN_MS, BEGAN_MS + 9],
      [BEGAN_MS + 20, NOW_MS - 7],
    ],
  );
  expect(nextStep(hole, DAY_MS, [], NOW_MS - DAY_MS)).toMatchObject({ fromMs: BEGAN_MS + 9, untilMs: BEGAN_MS + 20 });
  const all = owing([DAY_MS], [[BEGAN_MS, NOW_MS - 7]]);
  expect(nextStep(all, DAY_MS, [], NOW_MS - DAY_MS)).toMatchObject({ fromMs: NOW_MS - 7, untilMs: NOW_MS });
  expect(nextStep(owing([DAY_MS], [[BEGAN_MS, NOW_MS]]), DAY_MS, [], NOW_MS - DAY_MS)).toBeNull();
});

test("while the tail is in a pass, a step ends where that pass began", () => {
  const cursor = { ...owing([DAY_MS], [[BEGAN_MS, NOW_MS - 9]]), pass: passAt({ baseMs: NOW_MS - 7 }) };
  expect(nextStep(cursor, DAY_MS, [], NOW_MS - DAY_MS)).toMatchObject({ fromMs: NOW_MS - 9, untilMs: NOW_MS - 7 });
});

test("what a job has still to read is not looked back at before it is done, even while the job is paused", () => {
  const job = range(BEGAN_MS, BEGAN_MS + HOUR_MS - 1);
  const after = { fromMs: BEGAN_MS + HOUR_MS, untilMs: BEGAN_MS + 2 * HOUR_MS };
  expect(nextStep(owing([DAY_MS]), DAY_MS, [job], NOW_MS - DAY_MS)).toMatchObject(after);
  expect(nextStep(owing([DAY_MS]), DAY_MS, [{ ...job, paused: true }], NOW_MS - DAY_MS)).toMatchObject(after);
  expect(nextStep(owing([DAY_MS]), DAY_MS, [{ ...job, fromMs: job.untilMs + 1 }], NOW_MS - DAY_MS)?.fromMs).toBe(
    BEGAN_MS,
  );
  expect(nextStep(owing([DAY_MS]), DAY_MS, [range(BEGAN_MS + 9, BEGAN_MS + 99)], NOW_MS - DAY_MS)).toMatchObject({
    fromMs: BEGAN_MS,
    untilMs: BEGAN_MS + 9,
  });
  const own = newJob({ origin: "lookback", order: "asc", ageMs: DAY_MS, whole: { fromMs: BEGAN_MS, untilMs: NOW_MS } });
  expect(nextStep(owing([DAY_MS]), DAY_MS, [own], NOW_MS - DAY_MS)?.fromMs).toBe(BEGAN_MS);
});

test("a completed pass covers at each age what was that old when it began, whosever it was", () => {
  const pass = passAt({ baseMs: BEGAN_MS, reachMs: NOW_MS - HOUR_MS, serverStartMs: NOW_MS });
  const cursor = coverByPass(owing([MINUTE_MS, HOUR_MS + 1, 3 * DAY_MS]), pass);
  expect(coveredAt(cursor, MINUTE_MS)).toEqual([{ fromMs: BEGAN_MS, untilMs: NOW_MS - HOUR_MS + 1 }]);
  expect(coveredAt(cursor, HOUR_MS + 1)).toEqual([{ fromMs: BEGAN_MS, untilMs: NOW_MS - HOUR_MS - 1 }]);
  expect(coveredAt(cursor, 3 * DAY_MS)).toEqual([]);
});

test("a pass without an end covers up to the age, and one that a stall or a nudge has moved only what it began with", () => {
  const endless = coverByPass(owing([MINUTE_MS]), passAt({ baseMs: BEGAN_MS, serverStartMs: NOW_MS }));
  expect(coveredAt(endless, MINUTE_MS)).toEqual([{ fromMs: BEGAN_MS, untilMs: NOW_MS - MINUTE_MS }]);
  const bounds = { baseMs: BEGAN_MS, reachMs: BEGAN_MS + 9, fromMs: BEGAN_MS - 1, untilMs: BEGAN_MS + 10 };
  const moved = coverByPass(owing([MINUTE_MS]), passAt({ ...bounds, serverStartMs: NOW_MS }));
  expect(coveredAt(moved, MINUTE_MS)).toEqual([{ fromMs: BEGAN_MS, untilMs: BEGAN_MS + 10 }]);
});

test("a doubtful end proves nothing", () => {
  const pass = passAt({ baseMs: BEGAN_MS, reachMs: NOW_MS, doubtful: true });
  const cursor = owing([MINUTE_MS]);
  expect(coverByPass(cursor, pass)).toEqual(cursor);
  expect(coveredAt(coverByPass(cursor, { ...pass, doubtful: false }), MINUTE_MS)).toHaveLength(1);
});

test("a new scan owes every age all that it began with", () => {
  const { lookbacks } = withAges(owing([]), [DAY_MS, MINUTE_MS], 0);
  expect(lookbacks).toEqual([
    { ageMs: MINUTE_MS, covered: [] },
    { ageMs: DAY_MS, covered: [] },
  ]);
});

test("an age that is added later is owed only beside what is settled; ages that stay keep what they have", () => {
  const settled = [{ fromMs: BEGAN_MS, untilMs: BEGAN_MS + HOUR_MS }];
  const cursor = owing([DAY_MS], [[BEGAN_MS, BEGAN_MS + HOUR_MS]]);
  expect(withAges(cursor, [2 * DAY_MS, MINUTE_MS, DAY_MS], NOW_MS).lookbacks).toEqual(
    [MINUTE_MS, DAY_MS, 2 * DAY_MS].map((ageMs) => ({ ageMs, covered: settled })),
  );
  expect(withAges(cursor, [], NOW_MS).lookbacks).toEqual([]);
});

test("where there were no ages, what has been read is settled, in whole slices", () => {
  expect(withAges(owing([]), [DAY_MS], NOW_MS - 30 * MINUTE_MS).lookbacks).toEqual([
    { ageMs: DAY_MS, covered: [{ fromMs: BEGAN_MS, untilMs: NOW_MS - HOUR_MS }] },
  ]);
});

test("settled is, in whole slices, what is covered without a hole at the last age", () => {
  const until = (...covered: [number, number][]) =>
    settledUntilMs({ cursor: owing([MINUTE_MS, DAY_MS], covered), jobs: new Map() });
  expect(until()).toBe(BEGAN_MS);
  expect(until([BEGAN_MS, BEGAN_MS + 3 * HOUR_MS - 1])).toBe(BEGAN_MS + 2 * HOUR_MS);
  expect(until([BEGAN_MS, BEGAN_MS + 3 * HOUR_MS])).toBe(BEGAN_MS + 3 * HOUR_MS);
  expect(until([BEGAN_MS + 1, BEGAN_MS + 3 * HOUR_MS])).toBe(BEGAN_MS);
  const early = owing([MINUTE_MS, DAY_MS]);
  const [first, last] = early.lookbacks;
  const covered = [{ fromMs: BEGAN_MS, untilMs: NOW_MS }];
  const cursor = { ...early, lookbacks: [{ ...first!, covered }, last!] };
  expect(settledUntilMs({ cursor, jobs: new Map() })).toBe(BEGAN_MS);
});

test("without lookbacks, what the tail has left behind is settled, up to what a job has still to read", () => {
  const cursor = cursorAt({ beganMs: BEGAN_MS, positionMs: NOW_MS + OVERLAP_MS - 1 });
  expect(settledUntilMs({ cursor, jobs: new Map() })).toBe(NOW_MS - HOUR_MS);
  const whole = { fromMs: NOW_MS - 5 * HOUR_MS, untilMs: NOW_MS - 3 * HOUR_MS };
  const jobs = new Map([["backfill/x", newJob({ origin: "backfill", order: "desc", whole })]]);
  expect(settledUntilMs({ cursor, jobs })).toBe(NOW_MS - 5 * HOUR_MS);
  expect(isSettled(cursor, NOW_MS - 2 * HOUR_MS)).toBe(true);
  expect(isSettled(cursor, NOW_MS - HOUR_MS)).toBe(false);
  expect(isSettled({ ...cursor, positionMs: NOW_MS + OVERLAP_MS }, NOW_MS - HOUR_MS)).toBe(true);
});

test("a slice is settled once all of it above the beginning is covered at the last age", () => {
  const slice = (...covered: [number, number][]) => isSettled(owing([MINUTE_MS, DAY_MS], covered), NOW_MS - DAY_MS);
  const end = NOW_MS - DAY_MS + HOUR_MS;
  expect(slice()).toBe(false);
  expect(slice([NOW_MS - DAY_MS, end])).toBe(true);
  expect(slice([NOW_MS - DAY_MS + 1, end])).toBe(false);
  expect(slice([NOW_MS - DAY_MS, end - 1])).toBe(false);
  const began = owing([DAY_MS], [[NOW_MS - DAY_MS + 9, end]]);
  expect(isSettled({ ...began, beganMs: NOW_MS - DAY_MS + 9 }, NOW_MS - DAY_MS)).toBe(true);
});
