import { expect, test } from "vitest";
import { systemClock } from "../../../src/kit/clock.ts";

const reason = new Error("stopped");

test("a sleep that is already over, or in the past, ends at once", async () => {
  const { signal } = new AbortController();
  await systemClock.sleep(0, signal);
  await systemClock.sleep(-5, signal);
});

test("a sleep ends with the signal's own reason as soon as it aborts", async () => {
  const stop = new AbortController();
  const asleep = systemClock.sleep(3_600_000, stop.signal);
  stop.abort(reason);
  await expect(asleep).rejects.toBe(reason);
});

test("who has been stopped does not fall asleep", async () => {
  await expect(systemClock.sleep(0, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test("the monotonic clock never goes back", () => {
  const first = systemClock.monotonicMs();
  expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(first);
  expect(Number.isSafeInteger(systemClock.nowMs())).toBe(true);
});
