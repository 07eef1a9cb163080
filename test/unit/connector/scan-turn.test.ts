import { expect, test } from "vitest";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import type { Verdict } from "../../../src/tenant/answer.ts";
import type { PageRequest } from "../../../src/tenant/request.ts";
import { bodyOf } from "../../fakes/sim-tenant.ts";
import { backlog, DAY_MS, HOUR_MS, idsOf, MINUTE_MS, NOW_MS, page, Scene, saved, sorted } from "./scene.ts";

const boundsOf = (request: PageRequest | undefined) => JSON.parse(request?.filters ?? "{}");
const rejected: Verdict = { kind: "rejected", reason: "400: not valid" };

test("with cursorField auto a tenant that honours bounds on created is scanned along created", async () => {
  const scene = new Scene({ activities: backlog(9), pageCeiling: 4 });
  scene.start();
  await scene.pass(MINUTE_MS);
  expect(scene.of("cursor_field_decided").map((event) => event.field)).toEqual(["created"]);
  expect(scene.cursor().cursorField).toBe("created");
  expect(scene.published).toHaveLength(9);
});

test.each([
  ["shows activities outside of bounds on created", { ignoreCreated: true }],
  ["pages along the other time", { next: "other" as const }],
  ["pages along date whatever is asked", { next: "date" as const }],
])("with cursorField auto a tenant that %s is scanned along date, which stays so", async (_, options) => {
  const activities = backlog(30, 10 * MINUTE_MS);
  const scene = new Scene({ activities, pageCeiling: 4, ...options });
  scene.start();
  await scene.pass(2 * MINUTE_MS);
  scene.restart();
  await scene.pass(2 * MINUTE_MS);
  expect(scene.of("cursor_field_decided")).toEqual([]);
  expect(scene.cursor().cursorField).toBe("date");
  expect(scene.tenant.requests.at(-1)?.sortField).toBe("date");
  expect(sorted(scene.published)).toEqual(idsOf(activities));
});

test("a probe that is empty against its own total decides nothing: it is asked once more", async () => {
  const activities = [saved("a", NOW_MS - MINUTE_MS)];
  let lied = false;
  const fault = (request: PageRequest, number: number) => {
    const inFuture = boundsOf(request).created?.gte > NOW_MS + HOUR_MS;
    if (lied || number === 1 || !inFuture) return null;
    lied = true;
    return page({ total: 3 });
  };
  const scene = new Scene({ activities, ignoreCreated: true, fault, scan: { start: { kind: "age", ageMs: HOUR_MS } } });
  scene.start();
  await scene.pass(MINUTE_MS);
  expect(lied).toBe(true);
  expect(scene.cursor().cursorField).toBe("date");
  expect(scene.published).toEqual(["a"]);
});

test("a cursor field that is configured is not probed, and a breach of it holds the scan loudly", async () => {
  const scan = { cursorField: "created" as const, start: { kind: "age" as const, ageMs: HOUR_MS } };
  const scene = new Scene({ activities: backlog(3, HOUR_MS), ignoreCreated: true, scan });
  scene.start();
  await scene.pass(MINUTE_MS);
  expect(scene.states.at(-1)).toBe("blocked");
  expect(scene.of("scan_state").at(-1)).toMatchObject({
    code: "api_contract",
    reason: expect.stringContaining("created"),
  });
  expect(scene.anomalies("out_of_bounds")).toBeGreaterThan(0);
  expect(scene.published).toEqual([]);
  expect(scene.cursor().positionMs).toBe(NOW_MS - HOUR_MS + OVERLAP_MS);
});

test("caught up, the tenant is asked once a poll interval", async () => {
  const scene = new Scene({ scan: { pollIntervalMs: 10_000 } });
  scene.start();
  await scene.until((event) => event.type === "scan_state" && event.state === "idle");
  const before = scene.tenant.arrivalsMs.length;
  await scene.pass(10 * MINUTE_MS);
  const asked = scene.tenant.arrivalsMs.length - before;
  expect(asked).toBeGreaterThanOrEqual(59);
  expect(asked).toBeLessThanOrEqual(61);
});

test("behind, the tail asks in bounded spans and passes empty ones, until it is at now", async () => {
  const activities = [saved("old", NOW_MS - 9 * DAY_MS), saved("new", NOW_MS - MINUTE_MS)];
  const scene = new Scene({ activities, scan: { start: { kind: "age", ageMs: 10 * DAY_MS } } });
  scene.start();
  await scene.until((event) => event.type === "scan_state" && event.state === "idle");
  const spans = scene.tenant.requests.map((request) => boundsOf(request).created).filter((bound) => bound.gte < NOW_MS);
  expect(spans.slice(0, -1).every(({ gte, lte }) => lte - gte <= DAY_MS + OVERLAP_MS)).toBe(true);
  expect(spans.at(-1).lte).toBeUndefined();
  expect(spans.length).toBeLessThan(40);
  expect(scene.published).toEqual(["old", "new"]);
  expect(scene.cursor().positionMs).toBe(NOW_MS - MINUTE_MS);
});

test("an instant that holds more than a page can show is a visible gap, opened once; all else is published", async () => {
  const crowdMs = NOW_MS - 30 * MINUTE_MS;
  const crowd = Array.from({ length: 9 }, (_, at) => saved(`crowd${at}`, crowdMs));
  const scene = new Scene({ activities: [...backlog(60), ...crowd], pageCeiling: 5 });
  scene.start();
  await scene.pass(3 * MINUTE_MS);
  expect(scene.anomalies("stall")).toBe(1);
  const gaps = () => [...scene.ledgers().values()].flatMap((ledger) => ledger.gaps);
  expect(gaps()).toEqual([{ fromMs: crowdMs, untilMs: crowdMs, reason: "stall" }]);
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBe(1);
  expect(scene.published.filter((id) => id.startsWith("a"))).toHaveLength(60);
  expect(scene.states.at(-1)).toBe("idle");
  scene.restart();
  await scene.pass(MINUTE_MS);
  expect(gaps()).toHaveLength(1);
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBe(1);
});

test("the newest instant being overfull, polls go on within the budget and its gap stays one", async () => {
  const crowd = Array.from({ length: 9 }, (_, at) => saved(`crowd${at}`, NOW_MS - MINUTE_MS));
  const scene = new Scene({ activities: crowd, pageCeiling: 5 });
  scene.start();
  await scene.pass(10 * MINUTE_MS);
  scene.tenant.activities.push(saved("later", scene.clock.nowMs() + 1_000));
  await scene.pass(MINUTE_MS);
  expect(scene.published).toContain("later");
  expect([...scene.ledgers().values()].flatMap((ledger) => ledger.gaps)).toHaveLength(1);
  expect(scene.tenant.arrivalsMs.length).toBeLessThan(500);
});

test("an empty page with more to come is told and followed", async () => {
  const activities = backlog(3);
  const nextFilters = JSON.stringify({ created: { gte: NOW_MS - 9 * MINUTE_MS } });
  const fault = (_: PageRequest, number: number) => (number === 2 ? page({ hasNext: true, nextFilters }) : null);
  const scene = new Scene({ activities, fault, scan: { start: { kind: "age", ageMs: 10 * MINUTE_MS } } });
  scene.start();
  await scene.pass(MINUTE_MS);
  expect(scene.anomalies("empty_page_with_next")).toBe(1);
  expect(scene.published).toEqual(["a0", "a1", "a2"]);
});

test.each([false, true])(
  "a tenant that shows nothing where a bound is an activity's exact instant loses nothing (descending: %s)",
  async (descending) => {
    const activities = backlog(40);
    const scene = new Scene({ activities, pageCeiling: 5, emptyAtInstant: true, descending });
    scene.start();
    await scene.pass(5 * MINUTE_MS);
    expect(sorted(scene.published)).toEqual(idsOf(activities));
    expect(scene.anomalies("empty_page_with_total")).toBeGreaterThan(5);
    expect(scene.states.at(-1)).toBe("idle");
  },
);

test("an empty answer that total contradicts does not make the tail pass over what it hides", async () => {
  const hidden = saved("hidden", NOW_MS - 20 * HOUR_MS);
  let lies = 0;
  const fault = (request: PageRequest) => {
    const { gte, lte } = boundsOf(request).created ?? {};
    return gte <= hidden.createdMs && hidden.createdMs <= (lte ?? NOW_MS) && lies++ < 2 ? page({ total: 1 }) : null;
  };
  const scene = new Scene({ activities: [hidden], fault, scan: { cursorField: "created" } });
  scene.start();
  await scene.pass(2 * MINUTE_MS);
  expect(scene.anomalies("empty_page_with_total")).toBe(2);
  expect(scene.published).toEqual(["hidden"]);
});

test("newest first is told, and followed to the end before the position moves", async () => {
  const activities = backlog(30);
  const scene = new Scene({ activities, pageCeiling: 4, descending: true });
  scene.start();
  const moved = () => scene.of("cursor_moved");
  await scene.clock.runUntil(() => scene.published.length > 0, 5_000);
  expect(moved().at(-1)?.positionMs).toBeLessThan(NOW_MS - 30 * MINUTE_MS);
  await scene.pass(2 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
  expect(scene.anomalies("order_not_honoured")).toBeGreaterThan(0);
  expect(scene.cursor().positionMs).toBe(NOW_MS - MINUTE_MS);
});

test("activities that come again on the next page are published once, counted and told", async () => {
  const activities = backlog(8);
  const nextFilters = JSON.stringify({ created: { gte: NOW_MS - 5 * MINUTE_MS } });
  const scene = new Scene({
    activities,
    scan: { start: { kind: "age", ageMs: HOUR_MS }, cursorField: "created" },
    fault: (_, number, take) => {
      if (number !== 2) return null;
      for (const activity of activities.slice(0, 5)) take(bodyOf(activity));
      return page({ hasNext: true, nextFilters, activities: 5 });
    },
  });
  scene.start();
  await scene.pass(MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
  expect(scene.anomalies("repeated_in_pass")).toBe(1);
  expect(scene.of("page_published").find((event) => event.duplicates > 0)).toMatchObject({ read: 5, duplicates: 2 });
});

test("next filters that have aged make the pass start again from its position", async () => {
  let refused = 0;
  const fault = (request: PageRequest, number: number) => {
    if (number < 5 || refused > 0 || boundsOf(request).cursor === undefined) return null;
    refused += 1;
    return rejected;
  };
  const activities = backlog(30);
  const scene = new Scene({ activities, pageCeiling: 4, next: "opaque", fault });
  scene.start();
  await scene.pass(2 * MINUTE_MS);
  expect(scene.anomalies("filters_rejected")).toBe(1);
  expect(scene.states).toContain("retrying");
  expect(sorted(scene.published)).toEqual(idsOf(activities));
});

test("a tenant that refuses all of its own next filters is read by time, to the end", async () => {
  const fault = (request: PageRequest) => (boundsOf(request).cursor === undefined ? null : rejected);
  const activities = backlog(30);
  const scene = new Scene({ activities, pageCeiling: 4, next: "opaque", fault });
  scene.start();
  await scene.pass(10 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
  expect(scene.states.at(-1)).toBe("idle");
  expect(scene.cursor().positionMs).toBe(NOW_MS - MINUTE_MS);
});

test.each<[string, "auto" | "created", number]>([
  ["the probe", "auto", 1],
  ["the first request of a pass", "created", 2],
])("a 400 on %s blocks the scan loudly, and it is tried again ever more rarely", async (_, cursorField, from) => {
  const fault = (_request: PageRequest, number: number) => (number >= from ? rejected : null);
  const scene = new Scene({ fault, scan: { cursorField } });
  scene.start();
  await scene.pass(HOUR_MS);
  expect(scene.of("scan_state").at(-1)).toMatchObject({
    state: "blocked",
    code: "api_rejected",
    reason: rejected.reason,
  });
  expect(scene.anomalies("filters_rejected")).toBe(scene.tenant.arrivalsMs.length - from + 1);
  expect(scene.tenant.arrivalsMs.length).toBeGreaterThan(60);
  expect(scene.tenant.arrivalsMs.length).toBeLessThan(160);
});

test("HTML instead of a page, probe or not, is counted and tried again", async () => {
  const contract: Verdict = { kind: "contract", reason: "HTML with status 200" };
  const fault = (_: PageRequest, number: number) => (number === 1 || number === 4 ? contract : null);
  const scene = new Scene({ activities: backlog(3), fault });
  scene.start();
  await scene.pass(MINUTE_MS);
  expect(scene.anomalies("contract_error")).toBe(2);
  expect(scene.published).toEqual(["a0", "a1", "a2"]);
});

test("a scan that another owner began while our commit failed goes on from there, not from its start", async () => {
  const activities = backlog(20);
  const scene = new Scene({ activities, pageCeiling: 5 });
  let failed = false;
  const first = scene.start(async (step) => {
    if (step !== "commit.state" || failed) return;
    failed = true;
    scene.cluster.forgetGroup();
    const other = scene.start();
    while (scene.published.length < 20) await scene.clock.sleep(1_000, new AbortController().signal);
    other.kill();
    throw new Error("connection lost");
  });
  await scene.pass(3 * MINUTE_MS);
  first.stop();
  expect(failed).toBe(true);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
});

test("ids that outgrow their memory are forgotten early, as visible gaps; where that is not enough the scan says so", async () => {
  const scan = { lookbacksMs: [2 * MINUTE_MS, DAY_MS], start: { kind: "age" as const, ageMs: 21 * HOUR_MS } };
  const scene = new Scene({ activities: backlog(600, 2 * MINUTE_MS), pageCeiling: 50, scan });
  scene.config = { ...scene.config, memory: { ...scene.config.memory, idsBytes: 8_192 } };
  scene.start();
  await scene.pass(10 * MINUTE_MS);
  expect(scene.published).toHaveLength(600);
  expect(scene.states.at(-1)).toBe("idle");
  const ledgers = [...scene.ledgers()];
  const early = ledgers.filter(([, { remembered }]) => !remembered);
  expect(early.length).toBeGreaterThan(5);
  expect(scene.anomalies("lookbacks_refused")).toBe(early.length);
  for (const [sliceMs, { gaps, settledMs }] of early) {
    expect(gaps).toEqual([{ fromMs: sliceMs, untilMs: sliceMs + HOUR_MS - 1, reason: "memory" }]);
    expect(settledMs).toBeNull();
  }
  const kept = ledgers.filter(([, { remembered }]) => remembered);
  expect(kept.map(([sliceMs]) => sliceMs)).toEqual(kept.map((_, at) => kept[0]![0] + at * HOUR_MS));
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBe(early.length);
  scene.config = { ...scene.config, memory: { ...scene.config.memory, idsBytes: 500 } };
  scene.restart();
  await scene.pass(5 * MINUTE_MS);
  expect(scene.published).toHaveLength(600);
  expect(scene.of("scan_state").at(-1)).toMatchObject({
    state: "blocked",
    code: "memory_exhausted",
    reason: expect.stringContaining("memory.ids"),
  });
});
