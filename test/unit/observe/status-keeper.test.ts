import { expect, test } from "vitest";
import { openStatus } from "../../../src/observe/status-keeper.ts";
import { CONFIGURED, EVERY_EVENT, moved, reloaded, silence, state } from "./scene.ts";

const opened = () => openStatus({ ...CONFIGURED, startedAtMs: 0 });

test("before anything has happened, what is configured is there", () => {
  expect(opened().status(1_500)).toMatchObject({
    version: "1.2.3",
    cursorsTopic: null,
    startedAt: "1970-01-01T00:00:00.000Z",
    uptimeSeconds: 1.5,
    stopping: null,
    stages: [],
    shards: [],
    tenants: [{ tenant: "contoso", requestsPerMinute: { limit: 20, used: 0 }, throttledUntil: null }],
    scans: [
      {
        scan: "contoso-all",
        state: "starting",
        position: null,
        caughtUp: null,
        lagSeconds: null,
        settledUntil: null,
        jobs: [],
      },
    ],
  });
});

test("events add up to what the connector does", () => {
  const keeper = opened();
  const released = EVERY_EVENT.findIndex(({ type }) => type === "shard_released");
  for (const [second, event] of EVERY_EVENT.entries()) if (second < released) keeper.record(event, second * 1_000);
  const { scans, tenants } = keeper.status(60_000);
  for (const [second, event] of EVERY_EVENT.entries()) if (second >= released) keeper.record(event, second * 1_000);
  const at = (type: string) =>
    new Date(EVERY_EVENT.findLastIndex((event) => event.type === type) * 1_000).toISOString();
  const status = keeper.status(60_000);
  expect(status).toMatchObject({ cursorsTopic: "cursors", stopping: "SIGTERM" });
  expect(status.stages).toEqual([
    { subject: "shard 1", stage: "reading state", since: "1970-01-01T00:00:01.000Z", seconds: 59 },
  ]);
  expect(status.shards).toEqual([
    {
      shard: 1,
      owned: false,
      tenants: ["contoso"],
      since: at("shard_released"),
      transactions: { committed: 1, failed: 1, fenced: 0 },
      lastError: { message: "lost the broker", at: at("transaction_ended") },
    },
  ]);
  expect(tenants).toEqual([
    {
      tenant: "contoso",
      requestsPerMinute: { limit: 15, used: 9 },
      requests: 2,
      throttled: 1,
      throttledUntil: null,
      credentialExpiresAt: "1970-01-01T00:16:40.000Z",
      clockSkewSeconds: 0.25,
    },
  ]);
  expect(scans).toEqual([
    {
      tenant: "contoso",
      scan: "contoso-all",
      state: "unauthorized",
      reason: "401",
      since: "1970-01-01T00:00:04.000Z",
      cursorField: "created",
      position: "1970-01-01T00:00:05.000Z",
      caughtUp: "1970-01-01T00:00:06.000Z",
      lagSeconds: 54,
      settledUntil: "1970-01-01T00:00:04.000Z",
      openGaps: 1,
      openMismatches: 1,
      mismatches: [{ slice: "1970-01-01T00:00:00.000Z", published: 60, shown: 61, at: "1970-01-01T00:00:09.000Z" }],
      silence: {
        since: "1970-01-01T00:00:02.000Z",
        baselineSeconds: 3_600,
        provenAt: null,
        found: 0,
        suspectSince: "1970-01-01T00:00:20.000Z",
      },
      jobs: [
        {
          reader: "recovery/x",
          from: "1970-01-01T00:00:01.000Z",
          until: "1970-01-01T00:00:03.000Z",
          done: 0.25,
          paused: false,
          published: 1,
          verified: null,
        },
      ],
      lateness: [
        { age: "2m", read: 9, found: 0 },
        { age: "24h", read: 5, found: 3 },
      ],
      residualRisk: 0.25,
      counts: {
        pages: 3,
        read: 25,
        published: 11,
        duplicates: 5,
        deadLettered: 2,
        late: 3,
        outsideMemory: 1,
        bytes: 1_500,
        anomalies: 1,
      },
      publishedLastMinute: 11,
      lastAnomaly: { kind: "stall", message: "the same page twice", at: at("anomaly") },
      lastError: { message: "401", at: "1970-01-01T00:00:04.000Z" },
    },
  ]);
  expect(JSON.parse(JSON.stringify(status))).toEqual(status);
});

test("a silence is shown with what was said of it, until something is shown again", () => {
  const keeper = opened();
  const shown = () => keeper.status(99_000).scans[0]?.silence;
  expect(shown()).toBeNull();
  keeper.record(silence({ judged: { kind: "idle", atMs: 9_000, found: 3 } }), 9_000);
  expect(shown()).toMatchObject({ provenAt: "1970-01-01T00:00:09.000Z", found: 3, suspectSince: null });
  keeper.record(silence({ sinceMs: null }), 10_000);
  expect(shown()).toBeNull();
});

test("throttled ends when its time has come", () => {
  const keeper = opened();
  keeper.record({ type: "waited", tenant: "contoso", reason: "retry_after", waitMs: 1_000 }, 0);
  expect(keeper.status(999).tenants[0]?.throttledUntil).toBe("1970-01-01T00:00:01.000Z");
  expect(keeper.status(1_000).tenants[0]?.throttledUntil).toBeNull();
});

test("a stage keeps its beginning while it is repeated, and is gone when its subject runs", () => {
  const keeper = opened();
  const stage = (name: string) => ({ type: "stage", subject: "connector", stage: name }) as const;
  keeper.record(stage("checking topics"), 1_000);
  keeper.record(stage("checking topics"), 9_000);
  expect(keeper.status(13_000).stages[0]?.seconds).toBe(12);
  keeper.record(stage("running"), 14_000);
  expect(keeper.status(15_000).stages).toEqual([]);
});

test("how long a state has lasted is not reset by hearing it again", () => {
  const keeper = opened();
  keeper.record(state("retrying", "a"), 1_000);
  keeper.record(state("retrying", "b"), 5_000);
  expect(keeper.status(6_000).scans[0]).toMatchObject({ since: "1970-01-01T00:00:01.000Z", reason: "b" });
});

test("impossible times and events of what is not configured do no harm", () => {
  const keeper = opened();
  keeper.record(moved({ positionMs: 1e300, caughtUpMs: Number.NEGATIVE_INFINITY, settledUntilMs: 1e300 }), 0);
  keeper.record({ ...moved(), scan: "other" } as never, 0);
  expect(() => JSON.stringify(keeper.status(0))).not.toThrow();
  expect(keeper.status(0).scans).toHaveLength(1);
});

test("of a shard that was given up nothing is said that would be out of date, only what was counted here", () => {
  const keeper = opened();
  const fresh = keeper.status(0);
  for (const event of EVERY_EVENT) if (event.type !== "shard_released") keeper.record(event, 0);
  keeper.record({ type: "waited", tenant: "contoso", reason: "retry_after", waitMs: 600_000 }, 0);
  expect(keeper.status(1_000).tenants[0]).toMatchObject({ throttledUntil: expect.any(String) });
  keeper.record({ type: "shard_released", shard: 1, reason: "rebalance" }, 2_000);
  const { tenants, scans } = keeper.status(3_000);
  const { counts, lastError, lastAnomaly, publishedLastMinute: _, ...scan } = scans[0]!;
  expect([counts.published, lastError?.message, lastAnomaly?.kind]).toEqual([11, "401", "stall"]);
  expect({ ...fresh.scans[0], ...scan, state: "starting", since: fresh.scans[0]?.since }).toEqual(fresh.scans[0]);
  expect(scan).toMatchObject({ state: "stopped", since: "1970-01-01T00:00:02.000Z" });
  const { requests, throttled, ...tenant } = tenants[0]!;
  expect([requests, throttled]).toEqual([2, 1]);
  expect(tenant).toEqual({
    ...{ tenant: "contoso", requestsPerMinute: { limit: 15, used: 0 } },
    ...{ throttledUntil: null, credentialExpiresAt: null, clockSkewSeconds: null },
  });
});

test("a minute after the last request none is used any more", () => {
  const keeper = opened();
  keeper.record({ type: "budget", tenant: "contoso", limitPerMinute: 15, usedLastMinute: 9 }, 1_000);
  expect(keeper.status(60_999).tenants[0]?.requestsPerMinute.used).toBe(9);
  expect(keeper.status(61_000).tenants[0]?.requestsPerMinute.used).toBe(0);
});

test("what is configured anew is shown, what stays with all that is known of it, what is gone not at all", () => {
  const keeper = opened();
  for (const event of EVERY_EVENT) keeper.record(event, 1_000);
  const [before] = keeper.status(2_000).scans;
  const tenants = [
    { name: "fabrikam", requestsPerMinute: 5 },
    { name: "contoso", requestsPerMinute: 7 },
  ];
  const added = { tenant: "fabrikam", name: "fabrikam-all" };
  keeper.configure({ tenants, scans: [added, { tenant: "contoso", name: "contoso-all" }] }, 2_000);
  const { tenants: shown, scans } = keeper.status(2_000);
  expect(shown.map(({ tenant, requestsPerMinute: { limit } }) => [tenant, limit])).toEqual([
    ["fabrikam", 5],
    ["contoso", 7],
  ]);
  expect(shown[1]?.requests).toBe(2);
  expect(scans).toEqual([expect.objectContaining({ scan: "fabrikam-all", state: "starting" }), before]);
  keeper.configure({ tenants: tenants.slice(0, 1), scans: [added] }, 3_000);
  keeper.record(state("reading"), 3_000);
  expect(keeper.status(3_000).scans.map(({ scan }) => scan)).toEqual(["fabrikam-all"]);
});

test("a refused configuration is shown until one is taken, and when the one in force was read", () => {
  const keeper = opened();
  expect(keeper.status(0).configuration).toEqual({ readAt: "1970-01-01T00:00:00.000Z", refused: null });
  keeper.record({ type: "config_refused", cause: "file", reason: "1 problem" }, 5_000);
  const refused = { message: "1 problem", at: "1970-01-01T00:00:05.000Z" };
  expect(keeper.status(6_000).configuration).toEqual({ readAt: "1970-01-01T00:00:00.000Z", refused });
  keeper.record(reloaded({ atMs: 7_000 }), 7_000);
  expect(keeper.status(8_000).configuration).toEqual({ readAt: "1970-01-01T00:00:07.000Z", refused: null });
});
