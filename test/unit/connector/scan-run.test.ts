import { expect, test } from "vitest";
import type { RecordPlan } from "../../../src/connector/page.ts";
import { LIMIT_MIN, ScanRun, startMs } from "../../../src/connector/scan-run.ts";
import type { Event } from "../../../src/observe/events.ts";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import { simConfig } from "../../fakes/sim-connector.ts";
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

test("a page takes at most three quarters of the free memory, but the API's smallest limit always", () => {
  const { run } = scanRun();
  expect(run.pageWithin(1 << 30).limit).toBe(5_000);
  expect(run.pageWithin(64 << 20).limit).toBe(5_000);
  expect(run.pageWithin(32 << 20)).toEqual({ limit: 3_072, bytes: 24 << 20 });
  expect(run.pageWithin(0)).toEqual({ limit: LIMIT_MIN, bytes: LIMIT_MIN * 8_192 });
});

test("how large activities are is learned from pages that had any", () => {
  const { run } = scanRun();
  run.sized(0, 0);
  expect(run.pageWithin(0).bytes).toBe(LIMIT_MIN * 8_192);
  for (let page = 0; page < 20; page++) run.sized(100, 100 * 4_000);
  expect(run.pageWithin(0).bytes / LIMIT_MIN).toBeCloseTo(4_400, -2);
});

test.each([
  [{ kind: "instant", atMs: NOW_MS - HOUR_MS } as const, NOW_MS - HOUR_MS],
  [{ kind: "age", ageMs: HOUR_MS } as const, NOW_MS - HOUR_MS],
  [{ kind: "now" } as const, NOW_MS],
])("a start of %j is where the first pass begins, its overlap included", (start, atMs) => {
  expect(startMs(start, NOW_MS) - OVERLAP_MS).toBe(atMs);
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
