import { expect, test } from "vitest";
import { openHistory } from "../../../src/observe/history-keeper.ts";
import { STEP_MS, STEPS } from "../../../src/observe/recent-steps.ts";
import { answered, moved, OF_SCAN, page } from "./scene.ts";

const START_MS = 1_800_000_000_000;
const SECOND = { tenant: "contoso", scan: "contoso-second" } as const;

const opened = () =>
  openHistory({
    startedAtMs: START_MS,
    tenants: [{ name: "contoso" }, { name: "fabrikam" }],
    scans: [
      { tenant: "contoso", name: OF_SCAN.scan },
      { tenant: "contoso", name: SECOND.scan },
    ],
  });

const at = (step: number, ms = 0) => START_MS + step * STEP_MS + ms;

test("what comes in a step is counted in it, and what is so at its end is kept", () => {
  const keeper = opened();
  keeper.record(moved({ caughtUpMs: at(0) }), at(0, 1));
  keeper.record(page({ published: 7 }), at(0, 2));
  keeper.record(page({ published: 2 }), at(0, 9_999));
  keeper.record(answered(), at(1));
  keeper.record(answered({ verdict: "throttled", code: "4xx" }), at(1, 5_000));
  keeper.record({ type: "budget", tenant: "contoso", limitPerMinute: 12, usedLastMinute: 2 }, at(1, 5_000));
  const history = keeper.history(OF_SCAN.scan, at(3, 1));
  const last = (values: readonly (number | null)[] | undefined) => values?.slice(-4);
  expect(history).toMatchObject({ stepSeconds: 10, until: new Date(at(3)).toISOString() });
  expect(last(history?.published)).toEqual([null, 9, 0, 0]);
  expect(last(history?.lagSeconds)).toEqual([null, 10, 20, 30]);
  expect(last(history?.requests)).toEqual([null, 0, 2, 0]);
  expect(last(history?.throttled)).toEqual([null, 0, 1, 0]);
  expect(last(history?.limitPerMinute)).toEqual([null, null, 12, 12]);
});

test("of all scans together it is their sum, and the largest lag", () => {
  const keeper = opened();
  keeper.record(moved({ caughtUpMs: at(0) }), at(0));
  keeper.record({ ...moved({ caughtUpMs: at(-6) }), ...SECOND } as ReturnType<typeof moved>, at(0));
  keeper.record(page({ published: 7 }), at(0));
  keeper.record({ ...page({ published: 3 }), ...SECOND } as ReturnType<typeof page>, at(0));
  const budget = { type: "budget", usedLastMinute: 1 } as const;
  keeper.record({ ...budget, tenant: "contoso", limitPerMinute: 20 }, at(0));
  keeper.record({ ...budget, tenant: "fabrikam", limitPerMinute: 5 }, at(0));
  const history = keeper.history(null, at(1));
  expect(history?.scan).toBeNull();
  expect([history?.published, history?.lagSeconds, history?.limitPerMinute].map((each) => each?.at(-1))).toEqual([
    ...[10, 70, 25],
  ]);
});

test("the last minute is its six full steps", () => {
  const keeper = opened();
  for (let step = 0; step < 10; step++) keeper.record(page({ published: 1 }), at(step));
  expect(keeper.publishedLastMinute(OF_SCAN.scan, at(10))).toBe(6);
  expect(keeper.publishedLastMinute(OF_SCAN.scan, at(13))).toBe(3);
  expect(keeper.publishedLastMinute("no such scan", at(13))).toBe(0);
});

test("its size is fixed, however long it runs or sleeps, and a clock put back does no harm", () => {
  const keeper = opened();
  keeper.record(page({ published: 5 }), at(0));
  const later = keeper.history(OF_SCAN.scan, at(1_000_000));
  expect(later?.published).toEqual(new Array(STEPS).fill(0));
  keeper.record(page({ published: 4 }), at(999_990));
  expect(keeper.history(OF_SCAN.scan, at(1_000_001))?.published.at(-1)).toBe(4);
});

test("the last day of a scan is what it said last, until its shard is given up", () => {
  const keeper = opened();
  const slice = { fromMs: at(0), state: "read", published: 4, duplicates: 3, deadLettered: 2, late: 1 } as const;
  keeper.record({ type: "shard_opened", shard: 1, tenants: ["contoso"], durationMs: 1 }, at(0));
  keeper.record({ type: "budget", tenant: "contoso", limitPerMinute: 20, usedLastMinute: 1 }, at(0));
  keeper.record(
    moved({ caughtUpMs: at(0), slices: [slice], gaps: [{ fromMs: at(1), untilMs: at(2), reason: "stall" }] }),
    at(0),
  );
  const { fromMs, ...rest } = slice;
  expect(keeper.history(OF_SCAN.scan, at(1))?.scan).toEqual({
    ...OF_SCAN,
    slices: [{ from: new Date(fromMs).toISOString(), ...rest }],
    gaps: [{ from: new Date(at(1)).toISOString(), until: new Date(at(2)).toISOString(), reason: "stall" }],
  });
  keeper.record({ type: "shard_released", shard: 1, reason: "rebalance" }, at(1));
  const given = keeper.history(OF_SCAN.scan, at(2));
  expect([given?.scan?.slices, given?.scan?.gaps]).toEqual([[], []]);
  expect(given?.lagSeconds.slice(-2)).toEqual([10, null]);
  expect(given?.limitPerMinute.slice(-2)).toEqual([20, null]);
});

test("a scan that is not configured has no history", () => {
  const keeper = opened();
  keeper.record({ ...page(), scan: "other" } as ReturnType<typeof page>, at(0));
  expect(keeper.history("other", at(1))).toBeUndefined();
});
