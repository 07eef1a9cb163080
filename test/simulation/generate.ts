import { STEPS } from "../fakes/memory-kafka.ts";
import { type Crowd, placeActivities, type Setting } from "./placing.ts";
import {
  type Act,
  type Change,
  type Incident,
  LOOKBACK_AGES_MS,
  OVERLAP_MS,
  type Point,
  type Scenario,
  TENANT_FAULTS,
  type TenantFault,
} from "./scenario.ts";
import { Seeded } from "./seeded.ts";

const NINE_MS = Date.UTC(2026, 10, 23, 9, 0, 0);
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** The scenario of a seed. */
export function generate(seed: number): Scenario {
  const seeded = new Seeded(seed);
  const setting = drawSetting(seeded, seed);
  const incidents = drawIncidents(seeded);
  const longestMs = Math.max(0, ...incidents.map(({ act }) => (act.kind === "kill" ? act.downMs : 0)));
  const activities = placeActivities(seeded, setting, drawCrowd(seeded, setting, longestMs));
  const faults = drawFaults(seeded);
  const restarts = drawRestarts(seeded);
  const verifies = drawVerifies(seeded);
  const changes = drawChanges(seeded);
  return { ...setting, activities, faults, incidents: [...incidents, ...restarts], verifies, changes };
}

function drawSetting(seeded: Seeded, seed: number): Setting {
  const beginMs = NINE_MS + seeded.pick([-1, 0, 1, 250, 1_800_000]);
  const cursorField = seeded.weighted<Scenario["scan"]["cursorField"]>([
    [6, "auto"],
    [3, "created"],
    [1, "date"],
  ]);
  const tenant = drawTenant(seeded, seed, cursorField);
  const lookbacksMs = seeded.pick(LOOKBACK_AGES_MS);
  const requestsPerMinute = seeded.pick([12, 30, 240, 240]);
  const backMs =
    seeded.pick([0, MINUTE_MS, HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS]) + seeded.pick([0, 1, 2_000, OVERLAP_MS]);
  return {
    seed,
    beginMs,
    scan: {
      start: seeded.weighted<() => Scenario["scan"]["start"]>([
        [6, () => ({ kind: "instant", atMs: beginMs - backMs })],
        [3, () => ({ kind: "age", ageMs: backMs })],
        [1, () => ({ kind: "now" })],
      ])(),
      cursorField,
      // However long the last age is, it passes within some forty polls; within fewer where each poll that comes across
      // a crowd takes eight requests, or has to split the time for seventeen.
      pollIntervalMs: Math.max(
        seeded.pick([2, 10, 30]) * SECOND_MS,
        ...lookbacksMs.map((ageMs) => ageMs / (tenant.emptyAtInstant === "again" || isDear(tenant) ? 12 : 40)),
      ),
      pageSize: seeded.pick([500, 2_000]),
      lookbacksMs,
      catchUp: { afterMs: seeded.pick([60_000, 900_000]), order: seeded.pick(["newest-first", "in-order"] as const) },
    },
    requestsPerMinute,
    tenant,
    // Below the interval between two requests, as the budget assumes of whoever takes over.
    latenciesMs: drawLatencies(seeded, Math.floor(MINUTE_MS / requestsPerMinute)),
    commitMs: seeded.pick([0, 0, 40, 1_500]),
    skewMs: seeded.pick([0, 0, 0, -1, 1]) * seeded.pick([300, 90_000, 3 * HOUR_MS]),
  };
}

function drawTenant(seeded: Seeded, seed: number, cursorField: string): Scenario["tenant"] {
  const next = seeded.weighted<Scenario["tenant"]["next"]>([
    [4, "echo"],
    [2, "boundary"],
    [2, "opaque"],
    [1, "other"],
    [cursorField === "created" ? 0 : 1, "date"],
  ]);
  return {
    pageCeiling: seeded.pick([3, 4, 5, 8, 12, 500]),
    next,
    descending: seeded.chance(0.2),
    // A tenant that does not know `created` holds up a scan that insists on it, for good and rightly.
    ignoreCreated: cursorField !== "created" && seeded.chance(0.15),
    emptyAtInstant: seeded.chance(0.15) && (seed % 2 === 0 ? true : "again"),
    refusesNext: next === "opaque" && seeded.chance(0.3),
  };
}

function drawLatencies(seeded: Seeded, belowMs: number): number[] {
  if (seeded.chance(0.4)) return [];
  return Array.from({ length: seeded.int(1, 5) }, () => seeded.int(0, Math.min(2_000, belowMs / 2)));
}

/** Whether its next filters lead nowhere. */
const isUnread = ({ next, refusesNext, emptyAtInstant }: Scenario["tenant"]): boolean =>
  next === "opaque" && (refusesNext || emptyAtInstant !== false);

/** Whether the time has to be split to read a page, so that each costs many requests. */
const isDear = (tenant: Scenario["tenant"]): boolean =>
  tenant.next === "other" || tenant.next === "date" || isUnread(tenant);

function drawCrowd(seeded: Seeded, setting: Setting, longestOutageMs: number): Crowd {
  const { tenant, scan, beginMs } = setting;
  const unread = isUnread(tenant);
  const dear = isDear(tenant);
  const overfull =
    (tenant.next === "echo" || tenant.next === "boundary") && !tenant.emptyAtInstant && seeded.chance(0.15);
  const { start } = scan;
  const fromMs = start.kind === "instant" ? start.atMs : beginMs - (start.kind === "age" ? start.ageMs : 0);
  const isDate =
    scan.cursorField === "date" || (scan.cursorField === "auto" && (tenant.ignoreCreated || tenant.next === "date"));
  return {
    count: seeded.int(0, seeded.pick(unread ? [3, 6] : dear || overfull ? [4, 12] : [8, 25, 60])),
    field: isDate ? "date" : "created",
    fromMs,
    liveMs: longestOutageMs + seeded.pick([20 * SECOND_MS, 2 * MINUTE_MS, 20 * scan.pollIntervalMs]),
    overfull,
    isSplit: dear,
    lagMs: seeded.pick([1_000, 1_000, 2 * HOUR_MS, 72 * HOUR_MS]),
  };
}

function drawFaults(seeded: Seeded): Scenario["faults"] {
  const count = seeded.weighted([
    [3, 0],
    [4, seeded.int(1, 3)],
    [2, seeded.int(3, 8)],
  ]);
  const faults: { request: number; kind: TenantFault }[] = [];
  for (let at = 0; at < count; at++) {
    const kind = seeded.pick(TENANT_FAULTS);
    const request = seeded.int(1, seeded.pick([6, 20, 40]));
    const inARow = seeded.weighted([
      [6, 1],
      [2, 2],
      [1, 4],
    ]);
    for (let nth = 0; nth < inARow; nth++) faults.push({ request: request + nth, kind });
  }
  return faults;
}

const POINTS: readonly Point[] = [...STEPS.filter((step) => step !== "state.read"), "tenant.request", "tenant.answer"];

function drawIncidents(seeded: Seeded): Incident[] {
  const count = seeded.weighted([
    [3, 0],
    [4, 1],
    [3, 2],
    [1, 4],
  ]);
  return Array.from({ length: count }, () => {
    const point = seeded.pick(POINTS);
    const rare = point.startsWith("open.") || point === "topics.prepare";
    return {
      point,
      nth: rare ? seeded.int(1, 3) : seeded.int(1, seeded.pick([3, 12, 25])),
      act: drawAct(seeded, point),
    };
  });
}

/** Orderly restarts in a row at the full pace: each new process that asks too early adds a request to the window. */
function drawRestarts(seeded: Seeded): Incident[] {
  if (!seeded.chance(0.04)) return [];
  const first = seeded.int(1, 10);
  const apart = seeded.int(1, 3);
  const nths = Array.from({ length: seeded.int(2, 5) }, (_, at) => first + at * apart);
  return nths.map((nth) => ({ point: "tenant.answer", nth, act: { kind: "stop", downMs: 0 } }));
}

function drawVerifies(seeded: Seeded): Scenario["verifies"] {
  if (!seeded.chance(0.15)) return [];
  const atTheEnd = seeded.pick(["at the end", "after one too late"] as const);
  return [...(seeded.chance(0.5) ? [seeded.int(2, 60)] : []), atTheEnd];
}

function drawChanges(seeded: Seeded): Scenario["changes"] {
  const changes: Change[] = [];
  if (seeded.chance(0.08)) {
    const forMs = seeded.pick([0, 1_000, 45_000, 20 * MINUTE_MS, 3 * HOUR_MS]);
    changes.push({ kind: "pause", request: seeded.int(1, 30), forMs });
  }
  if (seeded.chance(0.08)) {
    const exportAt = seeded.int(1, 20);
    changes.push({ kind: "import", exportAt, request: exportAt + seeded.int(0, 20) });
  }
  return changes;
}

function drawAct(seeded: Seeded, point: Point): Act {
  const atTenant = point.startsWith("tenant.");
  const downMs = seeded.pick([0, 0, 1_000, 45_000, 20 * MINUTE_MS, 3 * HOUR_MS]);
  const pauseMs = seeded.pick([0, 50, 3_000, 90_000]);
  return seeded.weighted<Act>([
    [atTenant ? 0 : 5, { kind: "fail" }],
    [4, { kind: "kill", downMs }],
    [2, { kind: "stop", downMs }],
    [2, { kind: "zombie", pauseMs }],
    [point === "tenant.request" ? 0 : 1, { kind: "pause", pauseMs }],
    [2, { kind: "jump", byMs: seeded.pick([-1, 1]) * seeded.pick([1_000, 40_000, 2 * HOUR_MS]) }],
  ]);
}
