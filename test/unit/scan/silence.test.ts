import fc from "fast-check";
import { expect, test } from "vitest";
import {
  asked,
  baselineMs,
  brokeSilence,
  judge,
  NO_SILENCE,
  reachFromMs,
  type Silence,
  stayedSilent,
  wantsProbe,
} from "../../../src/scan/silence.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const SERVER_MS = Date.UTC(2026, 10, 23, 9) + 1;

/** Silent from `fromMs` to `untilMs`, then no more. */
const slept = (silence: Silence, fromMs: number, untilMs: number) =>
  brokeSilence(stayedSilent(silence, fromMs), untilMs);

test.each([
  ["nothing is learned yet", null, HOUR_MS],
  ["a short silence", MINUTE_MS, 15 * MINUTE_MS],
  ["a night, which is learned once", 5 * HOUR_MS, 10 * HOUR_MS],
  ["a week of holidays", 7 * 24 * HOUR_MS, 12 * HOUR_MS],
])("the baseline is twice the longest silence, within bounds: %s", (_, lengthMs, expected) => {
  const learned = lengthMs === null ? NO_SILENCE : slept(NO_SILENCE, 1_000, 1_000 + lengthMs);
  expect(baselineMs(learned)).toBe(expected);
  expect(baselineMs(slept(learned, 0, 1))).toBe(lengthMs === null ? 15 * MINUTE_MS : expected);
});

test("a silence that was suspect at any time is nothing to get used to; one that was proven idle is", () => {
  const silent = stayedSilent(NO_SILENCE, 0);
  const suspect = judge(judge(silent, 0, HOUR_MS), 3, 2 * HOUR_MS);
  expect(suspect.judged).toEqual({ kind: "idle", atMs: 2 * HOUR_MS, found: 3 });
  expect(baselineMs(brokeSilence(suspect, 5 * HOUR_MS))).toBe(HOUR_MS);
  expect(baselineMs(brokeSilence(judge(silent, 3, HOUR_MS), 5 * HOUR_MS))).toBe(10 * HOUR_MS);
});

test("suspect is so since the first wider query in a row that showed nothing", () => {
  const first = judge(stayedSilent(NO_SILENCE, 0), 0, HOUR_MS);
  expect(judge(first, 0, 2 * HOUR_MS).judged).toEqual({ kind: "suspect", sinceMs: HOUR_MS });
  expect(judge(judge(first, 1, 2 * HOUR_MS), 0, 3 * HOUR_MS).judged).toEqual({ kind: "suspect", sinceMs: 3 * HOUR_MS });
  expect(brokeSilence(first, 2 * HOUR_MS)).toEqual({ ...NO_SILENCE, longestMs: null });
});

test("time alone proves no silence: a poll has to end it", () => {
  const silent = stayedSilent(NO_SILENCE, 0);
  expect(wantsProbe(stayedSilent(silent, HOUR_MS - 1))).toBe(false);
  expect(wantsProbe(stayedSilent(silent, HOUR_MS))).toBe(true);
  expect(wantsProbe(asked(stayedSilent(silent, HOUR_MS), HOUR_MS))).toBe(false);
});

test("the wider query reaches back a day at least, and to before the silence began; never to a whole second", () => {
  const silent = stayedSilent(NO_SILENCE, 0);
  expect(reachFromMs(silent, HOUR_MS, SERVER_MS)).toBe(SERVER_MS - 24 * HOUR_MS);
  expect(reachFromMs(silent, 30 * HOUR_MS, SERVER_MS)).toBe(SERVER_MS - 60 * HOUR_MS);
  expect(reachFromMs(silent, 30 * HOUR_MS + 0.25, SERVER_MS + 0.5)).toBe(SERVER_MS - 60 * HOUR_MS);
  expect(reachFromMs(silent, HOUR_MS, SERVER_MS - 1) % 1_000).toBe(999);
});

/** A poll after `afterMs`, and whether it shows something; what a wider query shows, if one is asked then. */
const polls = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 1_000, max: 2 * HOUR_MS }),
    shows: fc.boolean(),
    found: fc.option(fc.integer({ min: 0, max: 3 })),
  }),
  { maxLength: 80 },
);

test("property: at most one wider query a baseline, and none of a scan that shows something", () => {
  fc.assert(
    fc.property(polls, (given) => {
      let silence: Silence = NO_SILENCE;
      let nowMs = 0;
      let silentSinceMs: number | null = null;
      let lastMs = Number.NEGATIVE_INFINITY;
      for (const { afterMs, shows, found } of given) {
        nowMs += afterMs;
        silence = shows ? brokeSilence(silence, nowMs) : stayedSilent(silence, nowMs);
        silentSinceMs = shows ? null : (silentSinceMs ?? nowMs);
        if (!wantsProbe(silence)) continue;
        const baseline = baselineMs(silence);
        expect(baseline).toBeGreaterThanOrEqual(15 * MINUTE_MS);
        expect(nowMs - (silentSinceMs ?? nowMs)).toBeGreaterThanOrEqual(baseline);
        expect(nowMs - lastMs).toBeGreaterThanOrEqual(baseline);
        lastMs = nowMs;
        silence = asked(silence, nowMs);
        if (found !== null) silence = judge(silence, found, nowMs);
      }
    }),
    { numRuns: 500 },
  );
});
