import { expect, test } from "vitest";
import { nextSpanMs, openSpan } from "../../../src/cli/scan-span.ts";
import { newJob } from "../../../src/scan/job.ts";

const HOUR_MS = 3_600_000;

test("a span is as long as would show what is wanted, if activities came as dense", () => {
  expect(nextSpanMs(HOUR_MS, 100_000, 50_000)).toBe(HOUR_MS / 2);
  expect(nextSpanMs(HOUR_MS, 10_000, 50_000)).toBe(5 * HOUR_MS);
});

test("it grows and shrinks within bounds", () => {
  expect(nextSpanMs(HOUR_MS, 0, 50_000)).toBe(24 * HOUR_MS);
  expect(nextSpanMs(HOUR_MS, 1e9, 50_000)).toBe(60_000);
});

test("only the last span is unbounded, and only where the scan is", () => {
  const job = newJob({ origin: "backfill", order: "asc", whole: { fromMs: 0, untilMs: 3 * HOUR_MS } });
  expect(openSpan(job, null, 0)).toMatchObject({ fromMs: 0, untilMs: HOUR_MS - 1, reachMs: HOUR_MS - 1 });
  const last = { ...job, fromMs: 2 * HOUR_MS + 1 };
  expect(openSpan(last, null, 0)).toMatchObject({ fromMs: 2 * HOUR_MS + 1, untilMs: null, reachMs: null });
  expect(openSpan(last, 3 * HOUR_MS, 0)).toMatchObject({ untilMs: 3 * HOUR_MS, reachMs: 3 * HOUR_MS });
});

test("a rest that is not worth a request of its own is read along", () => {
  const job = newJob({ origin: "backfill", order: "asc", whole: { fromMs: 0, untilMs: HOUR_MS } });
  expect(openSpan(job, null, 0)).toMatchObject({ fromMs: 0, untilMs: null });
});
