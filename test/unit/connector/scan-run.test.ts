import { expect, test } from "vitest";
import type { RecordPlan } from "../../../src/connector/page-records.ts";
import { ScanMemory } from "../../../src/connector/scan-memory.ts";
import { LIMIT_MIN, ScanRun } from "../../../src/connector/scan-run.ts";
import type { Event } from "../../../src/observe/events.ts";
import { encodeCursor, newCursor } from "../../../src/scan/cursor.ts";
import { cursorKey } from "../../../src/scan/ledger.ts";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import { simConfig } from "../../fakes/sim-connector.ts";
import { VirtualClock } from "../../fakes/virtual-clock.ts";
import { HOUR_MS, idsOf, MINUTE_MS, NOW_MS, Scene, saved, sorted } from "./scene.ts";

function scanRun(pageSize = 5_000) {
  const events: Event[] = [];
  const scan = simConfig({ pageSize }).scans[0]!;
  return { events, run: new ScanRun(scan, {} as RecordPlan, 1 << 20, (event) => void events.push(event)) };
}

test("what a scan does is said once, until it or its reason changes", () => {
  const { run, events } = scanRun();
  run.is("reading");
  run.is("reading");
  run.is("retrying", "503", "api_unavailable");
  run.is("retrying", "502", "api_unavailable");
  run.is("retrying", "502", "api_unavailable");
  expect(events.map((event) => event.type === "scan_state" && [event.state, event.reason, event.code])).toEqual([
    ["reading", null, undefined],
    ["retrying", "503", "api_unavailable"],
    ["retrying", "502", "api_unavailable"],
  ]);
});

test("what a wider query says of a silence leaves trouble as it is", () => {
  const { run, events } = scanRun();
  const clock = new VirtualClock(NOW_MS);
  run.polled(0, true, clock);
  run.silence.probing(clock, NOW_MS);
  run.silence.probed({ found: 0, total: 0, reachMs: 24 * HOUR_MS }, clock);
  run.is("retrying", "503", "api_unavailable");
  run.judged();
  const states = () => events.flatMap((event) => (event.type === "scan_state" ? [event.state] : []));
  expect(states()).toEqual(["idle", "retrying"]);
  run.polled(0, true, clock);
  run.polled(0, false, clock);
  run.polled(1, true, clock);
  expect(states().slice(2)).toEqual(["suspect", "reading", "idle"]);
});

test("a page that may be full takes at most three quarters of the free memory, but the API's smallest limit always", () => {
  const { run } = scanRun();
  const tail = run.reader("tail");
  expect(run.pageWithin(1 << 30, tail, true).limit).toBe(5_000);
  expect(run.pageWithin(64 << 20, tail, true).limit).toBe(5_000);
  expect(run.pageWithin(32 << 20, tail, true)).toEqual({ limit: 3_072, bytes: 24 << 20 });
  expect(run.pageWithin(0, tail, true)).toEqual({ limit: LIMIT_MIN, bytes: LIMIT_MIN * 8_192 });
});

const shown = (count: number, bytes: number) => ({ fresh: Array(count).fill(null) as never[], bytes });

test("how large activities are is learned from pages that had any", () => {
  const { run } = scanRun();
  const tail = run.reader("tail");
  run.sized(tail, shown(0, 0), true);
  expect(run.pageWithin(0, tail, true).bytes).toBe(LIMIT_MIN * 8_192);
  for (let page = 0; page < 20; page++) run.sized(tail, shown(100, 100 * 4_000), true);
  expect(run.pageWithin(0, tail, true).bytes / LIMIT_MIN).toBeCloseTo(4_400, -2);
});

test("a page that should be small has room for twice what the last one brought, and one that outgrows it for all", () => {
  const { run } = scanRun();
  const tail = run.reader("tail");
  expect(run.pageWithin(1 << 30, tail, false)).toEqual({ limit: 5_000, bytes: 50 * 8_192 });
  run.sized(tail, shown(300, 300 * 8_192), true);
  run.sized(tail, shown(4_000, 4_000 * 8_192), false);
  const size = run.pageWithin(1 << 30, tail, true).bytes / 5_000;
  expect(run.pageWithin(1 << 30, tail, false)).toEqual({ limit: 5_000, bytes: 600 * size });
  expect(run.hasOutgrown(tail, false)).toBe(true);
  expect(run.pageWithin(1 << 30, tail, false)).toEqual({ limit: 5_000, bytes: 5_000 * size });
  expect(run.hasOutgrown(tail, false)).toBe(false);
  run.sized(tail, shown(2_500, 2_500 * 8_192), true);
  expect(run.pageWithin(1 << 30, tail, false).bytes).toBeGreaterThan(5_000 * 8_192);
  run.sized(tail, shown(0, 0), true);
  expect(run.pageWithin(1 << 30, tail, false).bytes).toBeLessThan(51 * 9_100);
});

/** A run whose scan owes looking back at two minutes from an hour before `NOW_MS`, where the tail stands, on. */
function lookingBack(positionMs = NOW_MS + OVERLAP_MS) {
  const scan = simConfig({ cursorField: "created", lookbacksMs: [2 * MINUTE_MS] }).scans[0]!;
  const run = new ScanRun(scan, {} as RecordPlan, 1 << 20, () => undefined);
  const lookbacks = [{ ageMs: 2 * MINUTE_MS, covered: [] }];
  const began = { ...newCursor(scan.tenant, scan.filters, NOW_MS - HOUR_MS), cursorField: "created" as const };
  const record = Buffer.from(encodeCursor({ ...began, positionMs, lookbacks }));
  run.memory = ScanMemory.load(scan, new Map([[cursorKey(scan.name), record]]), 1 << 20);
  return run;
}

test("the tail is due at once, others once the server's time is known; when each was served is known", () => {
  const run = lookingBack();
  const never = Number.NEGATIVE_INFINITY;
  const tail = { reader: "tail", class: "tail", dueMs: never, servedMs: 700 };
  run.reader("tail").servedMs = 700;
  expect(run.dues({ nowMs: 1_000, serverNowMs: null })).toEqual([tail]);
  expect(run.dues({ nowMs: 1_000, serverNowMs: NOW_MS })).toEqual([
    tail,
    { reader: "lookback/2m", class: "first_lookback", dueMs: expect.any(Number), servedMs: never },
  ]);
  run.memory = null;
  expect(run.dues({ nowMs: 1_000, serverNowMs: NOW_MS })).toEqual([tail]);
});

test("a lookback's due time is that of its step, moved from the server's clock to the monotonic one", () => {
  const dueMs = NOW_MS - HOUR_MS + 30_000 + 2 * MINUTE_MS;
  const due = (serverNowMs: number) => lookingBack().dues({ nowMs: 1_000, serverNowMs })[1];
  expect(due(dueMs - 7)).toMatchObject({ reader: "lookback/2m", dueMs: 1_007 });
  expect(due(dueMs + 9)).toMatchObject({ dueMs: 991 });
  expect(lookingBack(NOW_MS - HOUR_MS).dues({ nowMs: 1_000, serverNowMs: dueMs })).toHaveLength(1);
});

test("while a scan is held none of its readers is due", () => {
  const run = lookingBack();
  run.heldUntilMs = 5_000;
  const dues = run.dues({ nowMs: 1_000, serverNowMs: NOW_MS + 24 * HOUR_MS });
  expect(dues.every(({ dueMs }) => dueMs >= 5_000)).toBe(true);
});

test("what is known of a reader is forgotten once it has no job, but for the tail", () => {
  const run = lookingBack();
  for (const name of ["tail", "backfill/x"]) run.reader(name).servedMs = 9;
  run.forgetReaders();
  expect(run.reader("tail").servedMs).toBe(9);
  expect(run.reader("backfill/x").servedMs).toBe(Number.NEGATIVE_INFINITY);
});

test.each([
  ["now", { kind: "now" as const }, ["future"]],
  ["an age", { kind: "age" as const, ageMs: HOUR_MS }, ["future", "half", "edge"]],
  ["an instant", { kind: "instant" as const, atMs: NOW_MS - 90 * MINUTE_MS }, ["future", "half", "edge", "before"]],
])("a scan begins at %s, nothing earlier and nothing later", async (_, start, expected) => {
  const activities = [
    saved("ancient", NOW_MS - 90 * MINUTE_MS - 1),
    saved("before", NOW_MS - 90 * MINUTE_MS),
    saved("edge", NOW_MS - HOUR_MS + 1_000),
    saved("half", NOW_MS - 30 * MINUTE_MS),
    saved("future", NOW_MS + 20_000),
  ];
  const scene = new Scene({ activities, scan: { start } });
  scene.start();
  await scene.pass(MINUTE_MS);
  expect(sorted(scene.published)).toEqual(sorted(expected));
});

test("a scan that begins just below the edge of two slices repeats nothing", async () => {
  const activities = Array.from({ length: 20 }, (_, at) => saved(`a${at}`, NOW_MS - 1_500 + at * 150));
  const scene = new Scene({ activities, pageCeiling: 4, scan: { start: { kind: "instant", atMs: NOW_MS - 2_000 } } });
  scene.start();
  await scene.pass(2 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
});
