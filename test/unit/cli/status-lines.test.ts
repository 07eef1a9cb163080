import { expect, test } from "vitest";
import { statusLines } from "../../../src/cli/status-lines.ts";
import type { ScanStatus, Status } from "../../../src/observe/status.ts";

const AT = "2026-11-25T09:00:00.000Z";

const SCAN: ScanStatus = {
  tenant: "contoso",
  scan: "contoso-all",
  state: "idle",
  reason: null,
  since: AT,
  cursorField: "created",
  position: AT,
  caughtUp: AT,
  lagSeconds: 4.4,
  settledUntil: AT,
  openGaps: 0,
  openMismatches: 0,
  mismatches: [],
  silence: null,
  jobs: [],
  lateness: [],
  residualRisk: null,
  counts: {
    pages: 9,
    read: 900,
    published: 800,
    duplicates: 100,
    deadLettered: 1,
    late: 3,
    outsideMemory: 0,
    bytes: 1,
    anomalies: 0,
  },
  publishedLastMinute: 12,
  lastAnomaly: null,
  lastError: null,
};

const STATUS: Status = {
  version: "0.1.0",
  cursorsTopic: "mdca-activities-cursors",
  startedAt: AT,
  uptimeSeconds: 7_500,
  stopping: null,
  configuration: { readAt: AT, refused: null },
  stages: [],
  shards: [
    {
      shard: 3,
      owned: true,
      tenants: ["contoso"],
      since: AT,
      transactions: { committed: 1, failed: 0, fenced: 0 },
      lastError: null,
    },
  ],
  tenants: [
    {
      tenant: "contoso",
      requestsPerMinute: { limit: 19.4, used: 6 },
      requests: 60,
      throttled: 2,
      throttledUntil: null,
      credentialExpiresAt: null,
      clockSkewSeconds: -0.25,
    },
  ],
  scans: [SCAN],
};

const textOf = (scan: Partial<ScanStatus> = {}, status: Partial<Status> = {}): string =>
  statusLines({ ...STATUS, scans: [{ ...SCAN, ...scan }], ...status }).join("\n");

test("a connector at ease is a table of scans, one of tenants, and nothing else", () => {
  expect(statusLines(STATUS)).toEqual([
    `mdca-kafka-source 0.1.0, cursors topic mdca-activities-cursors, up 2 h 5 min (since ${AT})`,
    "shards owned: 3",
    "",
    "SCAN         TENANT   STATE  FIELD    CAUGHT UP                 LAG  LAST MINUTE  PUBLISHED  LATE  DEAD LETTERS  GAPS  DIFFER",
    `contoso-all  contoso  idle   created  ${AT}  4 s  12           800        3     1             0     0`,
    "",
    "TENANT   REQUESTS IN THE LAST MINUTE  REQUESTS  THROTTLED  SKEW    CREDENTIALS UNTIL",
    "contoso  6 of 19                      60        2          -0.3 s  -",
  ]);
});

const noted = (message: string) => ({ message, at: AT });

test("everything that is wrong is a line of its own, and says what to look at", () => {
  const text = textOf(
    {
      state: "blocked",
      reason: "the cursor belongs to other filters",
      openGaps: 2,
      mismatches: [{ slice: AT, published: 5, shown: 6, at: AT }],
      jobs: [{ reader: "backfill/x", from: AT, until: AT, done: 0.437, paused: true, published: 7, verified: null }],
      lastError: noted("503 from the tenant"),
      lastAnomaly: { ...noted("the page's order"), kind: "order_not_honoured" },
    },
    {
      stopping: "SIGTERM",
      stages: [{ subject: "shard 1", stage: "state being read", since: AT, seconds: 61 }],
      shards: [{ ...STATUS.shards[0]!, owned: false, lastError: noted("no broker") }],
      tenants: [{ ...STATUS.tenants[0]!, throttledUntil: AT }],
      configuration: { readAt: AT, refused: noted("tenants.contoso: unknown key") },
    },
  );
  for (const line of [
    "; stopping: SIGTERM",
    "shards owned: none",
    "shard 1: state being read since 1 min",
    `contoso-all: blocked since ${AT}: the cursor belongs to other filters`,
    "contoso-all: 2 gaps: see `cursor show --scan contoso-all`",
    `contoso-all: the hour from ${AT} differs: 5 published, the API shows 6`,
    `contoso-all: backfill/x paused at 43 % of ${AT} to ${AT}, 7 published`,
    `contoso-all: last error ${AT}: 503 from the tenant`,
    `contoso-all: last anomaly ${AT}: order_not_honoured: the page's order`,
    `shard 3: last error ${AT}: no broker`,
    `contoso: throttled until ${AT}`,
    `configuration refused at ${AT}: tenants.contoso: unknown key`,
  ])
    expect(text).toContain(line);
});

test("what is not known yet is a dash, and a reason is not said twice", () => {
  const text = textOf({ caughtUp: null, lagSeconds: null, cursorField: null, reason: "no", lastError: noted("no") });
  expect(text).toMatch(/contoso-all +contoso +idle +undecided +- +- +12/);
  expect(text).not.toContain("last error");
  expect(textOf({}, { cursorsTopic: null })).toContain("not connected yet");
});

test("a scan that is silent, and proven idle or not looked into yet, is told; suspicion is its reason", () => {
  const silence = { since: AT, baselineSeconds: 900, provenAt: null, found: 0, suspectSince: null };
  expect(textOf({ silence })).toContain(`contoso-all: shows nothing since ${AT}`);
  expect(textOf({ silence: { ...silence, suspectSince: AT } })).not.toContain("shows nothing since");
});

test.each([
  [0, "0 s"],
  [59.4, "59 s"],
  [60, "1 min"],
  [3_600, "1 h 0 min"],
  [90_061, "1 d 1 h"],
])("a lag of %d seconds is %s", (lagSeconds, spoken) => {
  expect(textOf({ lagSeconds })).toMatch(new RegExp(`Z  ${spoken} `));
});
