import fc from "fast-check";
import { expect, test } from "vitest";
import { Budget } from "../../src/tenant/budget.ts";

const WINDOW_MS = 60_000;

interface Step {
  /** From sending to the answer, and when in between it arrives. */
  readonly latencyMs: number;
  readonly arrivesAt: number;
  /** How long the caller dawdles before it asks again. */
  readonly pauseMs: number;
  readonly after: "go on" | "restart before the answer" | "restart after it" | "throttled";
}

/** Plays requests in virtual time; when each arrived at the tenant. */
function play(requests: number, steps: readonly Step[], untilMs = Number.POSITIVE_INFINITY): number[] {
  const arrivals: number[] = [];
  let nowMs = 0;
  let budget = new Budget({ requests }, nowMs);
  for (const step of steps) {
    nowMs += step.pauseMs;
    for (let turns = 0, waitMs = budget.waitMs(nowMs); waitMs > 0; waitMs = budget.waitMs(nowMs)) {
      if (++turns > 5) throw new Error("waiting leads nowhere");
      nowMs += waitMs;
    }
    if (nowMs > untilMs) break;
    budget.sent(nowMs);
    // The bound over a hand-over is promised for latencies below one interval.
    const seam = step.after.startsWith("restart") ? WINDOW_MS / (requests - 1) - 1 : Number.POSITIVE_INFINITY;
    const latencyMs = Math.min(step.latencyMs, seam);
    arrivals.push(nowMs + latencyMs * step.arrivesAt);
    if (step.after === "restart before the answer") {
      nowMs += latencyMs * step.arrivesAt * 0.1;
      budget = new Budget({ requests }, nowMs);
      continue;
    }
    nowMs += latencyMs;
    budget.answered(nowMs);
    if (step.after === "throttled") budget.throttled(nowMs, 1_000);
    if (step.after === "restart after it") budget = new Budget({ requests }, nowMs);
  }
  return arrivals;
}

/** The most arrivals in any window, both its ends counted, as a strict tenant would. */
function mostInAnyWindow(arrivals: readonly number[]): number {
  const sorted = [...arrivals].sort((a, b) => a - b);
  return Math.max(
    0,
    ...sorted.map((end, at) => sorted.slice(0, at + 1).filter((start) => start >= end - WINDOW_MS).length),
  );
}

/** Slow first and fast later is how arrivals get crowded together. */
const latency = fc.oneof(fc.constantFrom(0, 1, 100, 119_000), fc.double({ min: 0, max: 4_000, noNaN: true }));
const arrivesAt = fc.oneof(fc.constantFrom(0, 1, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const stepOf = (after: fc.Arbitrary<Step["after"]>): fc.Arbitrary<Step> =>
  fc.record({
    latencyMs: latency,
    arrivesAt,
    pauseMs: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(90_000)),
    after,
  });
const goingOn = stepOf(
  fc.oneof(
    { weight: 9, arbitrary: fc.constant("go on" as const) },
    { weight: 1, arbitrary: fc.constant("throttled" as const) },
  ),
);

test("no minute holds more requests than the budget, whatever the network does", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 30 }),
      fc.array(goingOn, { minLength: 10, maxLength: 120 }),
      (requests, steps) => {
        expect(mostInAnyWindow(play(requests, steps))).toBeLessThanOrEqual(requests);
      },
    ),
    { numRuns: 1500 },
  );
});

test("no minute holds more over restarts and hand-overs, when latency stays below one interval", () => {
  const restart = fc.constantFrom<Step["after"]>("restart before the answer", "restart after it", "go on", "go on");
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 30 }),
      fc.array(stepOf(restart), { minLength: 10, maxLength: 120 }),
      (requests, steps) => {
        const below = steps.map((step) => ({
          ...step,
          latencyMs: Math.min(step.latencyMs, WINDOW_MS / (requests - 1) - 1),
        }));
        expect(mostInAnyWindow(play(requests, below))).toBeLessThanOrEqual(requests);
      },
    ),
    { numRuns: 1500 },
  );
});

test("at least nine tenths of the budget are used while latency is below the pace", () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 200 }), fc.double({ min: 0, max: 0.95, noNaN: true }), (requests, share) => {
      const latencyMs = (share * WINDOW_MS) / (requests - 1);
      const steps = Array.from({ length: requests * 11 }, () => ({
        latencyMs,
        arrivesAt: 1,
        pauseMs: 0,
        after: "go on" as const,
      }));
      const minutes = 10;
      expect(play(requests, steps, minutes * WINDOW_MS).length).toBeGreaterThanOrEqual(0.9 * requests * minutes - 1);
    }),
    { numRuns: 60 },
  );
});
