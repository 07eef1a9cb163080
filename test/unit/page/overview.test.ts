import { expect, test } from "vitest";
import { needsAttention, overviewOf, verdictOf } from "../../../src/page/overview.ts";
import { AT, known, scan, tenant } from "./known.ts";

test("the figures are sums over all, with the largest lag and who has it", () => {
  const scans = [
    scan("a", { published: 3, publishedLastMinute: 1, lagSeconds: null, openGaps: 1 }),
    scan("b", { published: 4, publishedLastMinute: 2, lagSeconds: 90 }),
    scan("c", { lagSeconds: 60 }),
    scan("d", { tenant: "fabrikam" }),
    scan("e", { tenant: "tailspin", lagSeconds: null, isHere: false }),
  ];
  const tenants = [
    tenant("contoso", { throttled: 2, throttledUntil: "2026-11-25T09:00:30.000Z" }),
    tenant("fabrikam", { throttled: 1, throttledUntil: AT, requestsPerMinute: { limit: 10, used: 7 } }),
    tenant("tailspin"),
  ];
  expect(overviewOf(known(scans, { tenants }))).toEqual({
    published: 7,
    publishedLastMinute: 3,
    lag: { scan: "b", seconds: 90 },
    requests: { used: 17, limit: 40 },
    throttled: 3,
    throttledUntil: "2026-11-25T09:00:30.000Z",
    openGaps: 1,
    deadLettered: 0,
  });
  expect(overviewOf(known([]))).toMatchObject({ lag: null, throttledUntil: null });
});

test.each([
  ["all is well", [scan("a"), scan("b")], {}, "good", "All 2 scans run well"],
  ["one scan", [scan("a", { state: "reading" })], {}, "good", "The scan runs well"],
  [
    "refused",
    [scan("a", { state: "unauthorized" }), scan("b")],
    {},
    "bad",
    "One of 2 scans needs attention: a (unauthorized)",
  ],
  ["the only one blocked", [scan("a", { state: "blocked" })], {}, "bad", "The scan needs attention: blocked"],
  ["suspect", [scan("a", { state: "suspect" })], {}, "warn", "The scan needs attention: suspect"],
  ["gaps", [scan("a", { openGaps: 2 })], {}, "warn", "The scan needs attention: 2 open gaps"],
  [
    "a failure with a gap",
    [scan("a", { openGaps: 1, state: "retrying" }), scan("b")],
    {},
    ...(["warn", "One of 2 scans needs attention: a (retrying, an open gap)"] as const),
  ],
  [
    "a gap and a failure",
    [scan("a", { openGaps: 1 }), scan("b", { state: "retrying" }), scan("c")],
    {},
    "warn",
    "2 of 3 scans need attention",
  ],
  ["throttled", [scan("a", { state: "throttled" })], {}, "warn", "One scan is throttled by its tenant"],
  ["stopping", [scan("a")], { stopping: "SIGTERM" }, "warn", "Stopping: SIGTERM"],
  [
    "a slow start",
    [scan("a", { state: "starting" })],
    { stages: [{ subject: "connector", stage: "checking topics", since: AT, seconds: 3 }] },
    ...(["quiet", "Starting: connector: checking topics"] as const),
  ],
  ["a replica without shards", [scan("a", { isHere: false })], {}, "quiet", "Standing by: no scan is here"],
  [
    "a replica with some",
    [scan("a"), scan("b", { isHere: false, state: "blocked" })],
    {},
    ...(["good", "The scan runs well; 1 more are not here"] as const),
  ],
])("%s, in one line", (_, scans, changes, tone, text) => {
  expect(verdictOf(known(scans, changes))).toEqual({ tone, text });
});

test("throttling passes by itself and needs nobody; a gap and a failure do", () => {
  const states = [
    "idle",
    "reading",
    "starting",
    "throttled",
    "stopped",
    "suspect",
    "retrying",
    "unauthorized",
    "blocked",
  ] as const;
  expect(states.filter((state) => needsAttention(scan("a", { state })))).toEqual([
    "suspect",
    "retrying",
    "unauthorized",
    "blocked",
  ]);
  expect(needsAttention(scan("a", { openGaps: 1 }))).toBe(true);
});
