import { expect, test } from "vitest";
import type { History } from "../../../src/observe/status.ts";
import { type Present, pointsOf, stretchesOf, summaryOf } from "../../../src/page/points.ts";

const UNTIL_MS = Date.UTC(2026, 10, 25, 9);

function history(published: readonly (number | null)[], more: Partial<History> = {}): History {
  const none = published.map(() => null);
  const series = { lagSeconds: none, requests: none, throttled: none, limitPerMinute: none };
  return { stepSeconds: 10, until: new Date(UNTIL_MS).toISOString(), published, ...series, scan: null, ...more };
}

/** Before the last step's end: then it adds nothing. */
const EARLIER: Present = { at: 0, lagSeconds: null, requestsPerMinute: null };

test("each point is the minute before it, and nothing where nothing is known", () => {
  const { at, publishedPerMinute, lagSeconds } = pointsOf(
    history([null, 1, 2, 3, 4, 5, 6, 7], { lagSeconds: [null, 8] }),
    EARLIER,
  );
  expect(publishedPerMinute).toEqual([null, 1, 3, 6, 10, 15, 21, 27]);
  expect(lagSeconds).toEqual([null, 8]);
  expect([at[0], at.at(-1)]).toEqual([UNTIL_MS / 1_000 - 70, UNTIL_MS / 1_000]);
});

test("the charts begin where the process did, or an hour ago, and show five minutes at least", () => {
  const until = UNTIL_MS / 1_000;
  const steps = (unknown: number) => [...new Array(unknown).fill(null), ...new Array(360 - unknown).fill(0)];
  const begins = (unknown: number) => {
    const { fromSeconds, isYoung } = pointsOf(history(steps(unknown)), EARLIER);
    return [until - fromSeconds, isYoung];
  };
  expect([0, 100, 359, 360].map(begins)).toEqual([
    [3_590, false],
    [2_590, true],
    [300, true],
    [300, true],
  ]);
});

test("the last point is what is so now, though no step has ended since", () => {
  const until = UNTIL_MS / 1_000;
  const past = history([1, 2], { lagSeconds: [0, 3], requests: [4, 5], throttled: [0, 1], limitPerMinute: [20, 20] });
  expect(pointsOf(past, { at: until + 7, lagSeconds: 10, requestsPerMinute: 8 })).toMatchObject({
    at: [until - 10, until, until + 7],
    publishedPerMinute: [1, 3, 3],
    lagSeconds: [0, 3, 10],
    requestsPerMinute: [4, 9, 8],
    throttledPerMinute: [0, 1, 1],
    limitPerMinute: [20, 20, 20],
  });
});

test("a summary is of what is known", () => {
  expect(summaryOf([null, 4, 2, null, 6, null])).toEqual({ now: 6, least: 2, mean: 4, most: 6 });
  expect(summaryOf([null, null])).toBeNull();
});

test("the table has twelve parts, the newest first, and fewer of a young process", () => {
  const steps = Array.from({ length: 360 }, (_, at) => (at < 330 ? null : 1));
  const parts = stretchesOf(history(steps, { lagSeconds: steps.map((step, at) => (step === null ? null : at)) }));
  expect(parts).toHaveLength(1);
  expect(stretchesOf(history(steps.map(() => 1)))).toHaveLength(12);
  const none = { published: null, lagSeconds: null, requests: null, throttled: null };
  expect(parts[0]).toEqual({ ...none, fromMs: UNTIL_MS - 300_000, untilMs: UNTIL_MS, published: 30, lagSeconds: 359 });
});
