import { expect, test } from "vitest";
import { SendingTimes } from "../../../src/kafka/sending-times.ts";

function clocks() {
  const now = { wallMs: 1_000_000, monotonicMs: 0 };
  const clock = { nowMs: () => now.wallMs, monotonicMs: () => now.monotonicMs, sleep: async () => undefined };
  const pass = (ms: number) => {
    now.wallMs += ms;
    now.monotonicMs += ms;
  };
  const answered = (createdMs: number, pendingDuration = 0) => {
    const duration = now.wallMs - createdMs - pendingDuration;
    return { apiName: "Heartbeat", duration, pendingDuration } as Parameters<SendingTimes["answered"]>[0];
  };
  return { now, clock, pass, answered };
}

test("a request is as old as its making, not its answer", () => {
  const { clock, pass, now, answered } = clocks();
  const times = new SendingTimes(clock);
  expect(times.of("Heartbeat")).toBe(Number.NEGATIVE_INFINITY);
  pass(5_000);
  const createdMs = now.wallMs;
  pass(30_000);
  times.answered(answered(createdMs, 200));
  expect(times.of("Heartbeat")).toBe(5_000);
  expect(times.of("SyncGroup")).toBe(Number.NEGATIVE_INFINITY);
});

test.each([-20_000, -40_000, 20_000])("a wall clock set by %i ms meanwhile makes no request younger", (byMs) => {
  const { clock, pass, now, answered } = clocks();
  const times = new SendingTimes(clock);
  pass(5_000);
  const createdMs = now.wallMs;
  pass(15_000);
  now.wallMs += byMs;
  pass(15_000);
  times.answered(answered(createdMs));
  expect(times.of("Heartbeat")).toBeLessThanOrEqual(5_000);
});
