import { expect, test } from "vitest";
import type { PageRequest } from "../../../src/tenant/request.ts";
import { simConfig } from "../../fakes/sim-connector.ts";
import { backlog, HOUR_MS, MINUTE_MS, NOW_MS, page, Scene, type SceneOptions, saved } from "./scene.ts";

const FILTERS = { service: { eq: [7] } };
const POLL = { pollIntervalMs: MINUTE_MS, filters: FILTERS };

interface Bounds {
  readonly service?: object;
  readonly created?: { readonly gte: number };
}
const filtersOf = (request: PageRequest): Bounds => JSON.parse(request.filters);
/** Wider queries have none of the scan's filters. */
const isWide = (request: PageRequest): boolean => filtersOf(request).service === undefined;

function started({ requestsPerMinute = 600, ...options }: SceneOptions & { requestsPerMinute?: number } = {}): Scene {
  const scene = new Scene(options);
  scene.config = simConfig({ ...POLL, ...options.scan }, requestsPerMinute);
  scene.start();
  return scene;
}

const wideOf = ({ tenant }: Scene) => tenant.requests.filter(isWide);
const silenceOf = (scene: Scene) => scene.of("silence").at(-1);
const stateOf = (scene: Scene) => scene.of("scan_state").at(-1);

test("a scan that shows what it knows again is not silent, however long nothing new comes", async () => {
  const activities = [saved("a", NOW_MS - MINUTE_MS, { service: 7 })];
  const scene = started({ activities, scan: { start: { kind: "age", ageMs: HOUR_MS } } });
  await scene.pass(5 * HOUR_MS);
  expect(scene.published).toEqual(["a"]);
  expect(wideOf(scene)).toEqual([]);
  expect(scene.of("silence").map(({ sinceMs }) => sinceMs)).toEqual([null]);
  expect(stateOf(scene)).toMatchObject({ state: "idle", reason: null });
});

test("a silent scan of a tenant that shows others is idle, proven by one wider query a baseline", async () => {
  const scene = started({ activities: backlog(9, HOUR_MS) });
  await scene.pass(HOUR_MS - 2 * MINUTE_MS);
  expect(wideOf(scene)).toEqual([]);
  await scene.pass(5 * MINUTE_MS);
  const [wide] = wideOf(scene);
  expect(wide).toMatchObject({ limit: 500, sortField: "created" });
  const askedMs = scene.tenant.arrivalsMs[scene.tenant.requests.findIndex(isWide)] ?? 0;
  expect(Math.abs((filtersOf(wide!).created?.gte ?? 0) - (askedMs - 24 * HOUR_MS))).toBeLessThan(2_000);
  expect(silenceOf(scene)).toMatchObject({ baselineMs: HOUR_MS, judged: { kind: "idle", found: 9 }, reason: null });
  expect(stateOf(scene)).toMatchObject({ state: "idle", reason: null });
  await scene.pass(3 * HOUR_MS);
  expect(wideOf(scene)).toHaveLength(4);
  expect(scene.published).toEqual([]);
});

test("where the wider query shows nothing either the scan is suspect, and says what to check", async () => {
  const scene = started();
  await scene.pass(HOUR_MS + 3 * MINUTE_MS);
  expect(stateOf(scene)).toMatchObject({
    state: "suspect",
    reason: expect.stringMatching(/silent for 60 min.*last 24 h.*permission.*licence.*how long/),
  });
  const before = scene.cursor();
  await scene.pass(HOUR_MS);
  // Asked again, said again; nothing is moved by it but what polls move.
  expect(wideOf(scene)).toHaveLength(2);
  expect(silenceOf(scene)?.judged).toEqual(scene.of("silence").at(-2)?.judged);
  expect(scene.cursor().positionMs).toBe(before.positionMs);
  expect(scene.cursor().cursorField).toBeNull();
  expect(scene.states.at(-1)).toBe("suspect");
});

test("the first activity shown ends a suspicion", async () => {
  const scene = started({ activities: [saved("late", NOW_MS + 90 * MINUTE_MS, { service: 7 })] });
  await scene.pass(70 * MINUTE_MS);
  expect(stateOf(scene)?.state).toBe("suspect");
  await scene.pass(30 * MINUTE_MS);
  expect(scene.published).toEqual(["late"]);
  expect(stateOf(scene)).toMatchObject({ state: "idle", reason: null });
  // A silence that was suspect is not learned.
  expect(silenceOf(scene)).toMatchObject({ sinceMs: null, judged: null, baselineMs: HOUR_MS });
});

test("a wider query that shows something ends a suspicion too", async () => {
  const scene = started({ activities: [saved("other", NOW_MS + 90 * MINUTE_MS)] });
  await scene.pass(70 * MINUTE_MS);
  expect(stateOf(scene)?.state).toBe("suspect");
  await scene.pass(HOUR_MS);
  expect(stateOf(scene)).toMatchObject({ state: "idle", reason: null });
  expect(silenceOf(scene)?.judged).toMatchObject({ kind: "idle", found: 1 });
});

test("a suspect scan that fails in between is suspect again afterwards", async () => {
  let fails = false;
  const scene = started({ fault: () => (fails ? { kind: "retry", reason: "503" } : null) });
  await scene.pass(70 * MINUTE_MS);
  fails = true;
  await scene.pass(5 * MINUTE_MS);
  expect(stateOf(scene)?.state).toBe("retrying");
  fails = false;
  await scene.pass(3 * MINUTE_MS);
  expect(stateOf(scene)?.state).toBe("suspect");
});

test.each([
  ["400", { kind: "rejected", reason: "400: not valid" } as const, "filters_rejected"],
  ["no page", { kind: "contract", reason: "no data" } as const, "contract_error"],
])("a wider query answered with %s is counted, decides nothing, holds nothing", async (_, verdict, kind) => {
  const scene = started({ fault: (request) => (isWide(request) ? verdict : null) });
  await scene.pass(70 * MINUTE_MS);
  expect(scene.anomalies(kind)).toBe(1);
  expect(wideOf(scene)).toHaveLength(1);
  expect(silenceOf(scene)).toMatchObject({ judged: null });
  expect(scene.states).toEqual(["starting", "reading", "idle"]);
  expect(scene.tenant.requests.length).toBeGreaterThan(70);
});

test("a wider query that is throttled or refused is an ordinary error, and is asked again a baseline later", async () => {
  const fault = (request: PageRequest) => (isWide(request) ? ({ kind: "unauthorized", reason: "403" } as const) : null);
  const scene = started({ fault });
  await scene.pass(70 * MINUTE_MS);
  expect(scene.states).toContain("unauthorized");
  expect(stateOf(scene)?.state).toBe("idle");
  expect(wideOf(scene)).toHaveLength(1);
  await scene.pass(HOUR_MS);
  expect(wideOf(scene)).toHaveLength(2);
});

test("a wider query that shows nothing against its own total says so", async () => {
  const scene = started({ fault: (request) => (isWide(request) ? page({ total: 4 }) : null) });
  await scene.pass(70 * MINUTE_MS);
  expect(stateOf(scene)).toMatchObject({ state: "suspect", reason: expect.stringContaining("though it counts 4") });
});

test("the wider query asks along the field that the scan moves along", async () => {
  const scene = started({ scan: { cursorField: "date" }, activities: backlog(2_000, 30_000) });
  await scene.pass(70 * MINUTE_MS);
  const [wide] = wideOf(scene);
  expect(wide?.sortField).toBe("date");
  expect(Object.keys(JSON.parse(wide?.filters ?? "{}"))).toEqual(["date"]);
  expect(silenceOf(scene)?.judged).toMatchObject({ kind: "idle", found: 499 });
});

test("the wider query is within the budget, where polls take all of it", async () => {
  const REQUESTS = 10;
  const scene = started({ requestsPerMinute: REQUESTS, scan: { pollIntervalMs: 1_000 } });
  await scene.pass(4 * HOUR_MS);
  expect(wideOf(scene).length).toBeGreaterThan(2);
  const { arrivalsMs, requests } = scene.tenant;
  // It waits for its turn as polls do, which come as fast as the budget lets them.
  const pausesMs = requests.flatMap((request, at) =>
    isWide(request) ? [arrivalsMs[at]! - arrivalsMs[at - 1]!, arrivalsMs[at + 1]! - arrivalsMs[at]!] : [],
  );
  expect(Math.min(...pausesMs)).toBeGreaterThanOrEqual(MINUTE_MS / REQUESTS);
  const inMinute = (from: number) => arrivalsMs.filter((at) => at >= from && at < from + MINUTE_MS).length;
  expect(Math.max(...arrivalsMs.map(inMinute))).toBeLessThanOrEqual(REQUESTS);
  expect(arrivalsMs.length).toBeGreaterThan(8 * 4 * 60);
});
