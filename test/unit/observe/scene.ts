import type { Event, Verdict } from "../../../src/observe/events.ts";

export const CONFIGURED = {
  version: "1.2.3",
  tenants: [{ name: "contoso", requestsPerMinute: 20 }],
  scans: [{ tenant: "contoso", name: "contoso-all", lookbacksMs: [120_000, 86_400_000] }],
  shards: 2,
};

export const OF_SCAN = { tenant: "contoso", scan: "contoso-all" } as const;

export const page = (changes: Partial<Extract<Event, { type: "page_published" }>> = {}): Event => ({
  type: "page_published",
  ...OF_SCAN,
  reader: "tail",
  read: 10,
  published: 7,
  duplicates: 2,
  deadLettered: 1,
  late: 0,
  outsideMemory: 0,
  bytes: 500,
  ingestionDelaysMs: [15_000, 200_000],
  publishLatenciesMs: [2_000],
  ...changes,
});

export const answered = (changes: Partial<Extract<Event, { type: "request_answered" }>> = {}): Event => ({
  type: "request_answered",
  ...OF_SCAN,
  verdict: "page",
  code: "2xx",
  durationMs: 300,
  bodyBytes: 1_000,
  skewMs: 250,
  ...changes,
});

export const state = (name: Extract<Event, { type: "scan_state" }>["state"], reason: string | null = null): Event => ({
  type: "scan_state",
  ...OF_SCAN,
  state: name,
  reason,
});

export const moved = (changes: Partial<Extract<Event, { type: "cursor_moved" }>> = {}): Event => ({
  type: "cursor_moved",
  ...OF_SCAN,
  positionMs: 5_000,
  caughtUpMs: 6_000,
  settledUntilMs: 4_000,
  openGaps: 1,
  openMismatches: 0,
  mismatches: [],
  jobs: [],
  lateness: [],
  residualRisk: null,
  slices: [],
  gaps: [],
  ...changes,
});

export const silence = (changes: Partial<Extract<Event, { type: "silence" }>> = {}): Event => ({
  type: "silence",
  ...OF_SCAN,
  sinceMs: 2_000,
  baselineMs: 3_600_000,
  judged: null,
  reason: null,
  ...changes,
});

export const anomaly = (detail: string): Event => ({ type: "anomaly", ...OF_SCAN, kind: "stall", detail });

const VERIFIED = { reader: "verify/1970-01-01T00:00:00.000Z" };

const compared = (verdict: Verdict, changes: Partial<Extract<Event, { type: "slice_verified" }>> = {}): Event => ({
  type: "slice_verified",
  ...OF_SCAN,
  ...VERIFIED,
  sliceMs: 0,
  verdict,
  published: 60,
  shown: verdict === "equal" ? 60 : 61,
  reason: verdict === "unjudged" ? "it is not read as a whole" : null,
  ...changes,
});

const done = (changes: Partial<Extract<Event, { type: "verify_done" }>>): Event => ({
  type: "verify_done",
  ...OF_SCAN,
  ...VERIFIED,
  fromMs: 0,
  untilMs: 7_199_999,
  equal: 1,
  different: 0,
  unjudged: 1,
  ...changes,
});

const NOTHING = { added: [], removed: [], changed: [] };

export const reloaded = (changes: Partial<Extract<Event, { type: "config_reloaded" }>> = {}): Event => ({
  type: "config_reloaded",
  cause: "signal",
  atMs: 70_000,
  tenants: NOTHING,
  scans: NOTHING,
  secrets: [],
  ...changes,
});

/** One event of each type, some with several shapes. */
export const EVERY_EVENT: readonly Event[] = [
  { type: "connector_started", version: "1.2.3", cursorsTopic: "cursors" },
  { type: "stage", subject: "shard 1", stage: "reading state" },
  { type: "shard_opened", shard: 1, tenants: ["contoso"], durationMs: 12 },
  state("reading"),
  state("unauthorized", "401"),
  { type: "cursor_field_decided", ...OF_SCAN, field: "created", reason: "the API honours it" },
  answered(),
  answered({ verdict: "throttled", code: "4xx", skewMs: null }),
  { type: "waited", tenant: "contoso", reason: "retry_after", waitMs: 30_000 },
  { type: "budget", tenant: "contoso", limitPerMinute: 15, usedLastMinute: 9 },
  { type: "credential", tenant: "contoso", expiresAtMs: 1_000_000 },
  page(),
  page({ reader: "recovery", published: 1, late: 1 }),
  page({ reader: "lookback_24h", read: 5, published: 3, late: 2, duplicates: 1, deadLettered: 0, outsideMemory: 1 }),
  moved(),
  moved({
    jobs: [
      { reader: "recovery/x", fromMs: 1_000, untilMs: 3_000, done: 0.25, paused: false, published: 1, verified: null },
    ],
    lateness: [
      { age: "2m", read: 9, found: 0 },
      { age: "24h", read: 5, found: 3 },
    ],
    residualRisk: 0.25,
    openMismatches: 1,
    mismatches: [{ sliceMs: 0, published: 60, shown: 61, atMs: 9_000 }],
  }),
  { type: "recovery_begun", ...OF_SCAN, behindMs: 1_800_000, fromMs: 1_000 },
  { type: "gap_closed", ...OF_SCAN, fromMs: 7_000, untilMs: 7_000, reason: "stall", reader: "lookback/2m" },
  ...(["equal", "unjudged", "different"] as const).map((verdict) => compared(verdict)),
  done({}),
  done({ different: 1 }),
  anomaly("the same page twice"),
  silence(),
  silence({ judged: { kind: "idle", atMs: 9_000, found: 3 } }),
  silence({ judged: { kind: "suspect", sinceMs: 20_000 }, reason: "nothing shows" }),
  { type: "field_mismatch", field: "appId" },
  { type: "transaction_ended", shard: 1, result: "committed", durationMs: 40, error: null },
  { type: "transaction_ended", shard: 1, result: "failed", durationMs: 40, error: "lost the broker" },
  { type: "config_refused", cause: "file", reason: "configuration mdca.yaml: 1 problem" },
  reloaded(),
  { type: "shard_released", shard: 1, reason: "stop" },
  { type: "connector_stopping", reason: "SIGTERM", failed: false },
];
