import { expect, test } from "vitest";
import type { ScanConfig } from "../../../src/config/config.ts";
import { Page, type PageContext } from "../../../src/connector/page.ts";
import { PageMemory } from "../../../src/connector/page-memory.ts";
import type { RecordPlan } from "../../../src/connector/page-records.ts";
import { newCursor } from "../../../src/scan/cursor.ts";
import { idHash } from "../../../src/scan/digest.ts";
import { openPass } from "../../../src/scan/tail.ts";
import { simConfig } from "../../fakes/sim-connector.ts";
import { bodyOf } from "../../fakes/sim-tenant.ts";
import { HOUR_MS, NOW_MS, saved } from "./scene.ts";

const lease = await new PageMemory(10_000).reserve(0, new AbortController().signal);
const pass = openPass(newCursor("contoso", {}, NOW_MS), NOW_MS);

function openPage(context: Partial<PageContext> = {}, plan: Partial<RecordPlan> = {}, scan: Partial<ScanConfig> = {}) {
  const records: RecordPlan = {
    scan: simConfig(scan).scans[0]!,
    encode: (activity) => Buffer.from(`value of ${activity.id}`),
    dlqTopic: "dlq",
    activityBytesMax: 1_000,
    valueBytesMax: 1_000,
    partitionOf: (topic, key) => (topic === "dlq" ? 0 : key.length),
    ...plan,
  };
  return new Page(records, {
    field: "created",
    pass,
    reader: "tail",
    lateBelowMs: null,
    isPublished: () => false,
    isForgotten: () => false,
    comparison: null,
    previous: new Set(),
    serverNowMs: NOW_MS,
    nowMs: () => NOW_MS,
    lease,
    ...context,
  });
}

const body = (id: string, createdMs = NOW_MS) => bodyOf(saved(id, createdMs));
const json = (value: object) => Buffer.from(JSON.stringify({ created: NOW_MS, timestamp: NOW_MS, ...value }));

test("what was published before, or is on the page twice, is counted and not published again", () => {
  const page = openPage({ isPublished: (id) => id.equals(idHash("known")) });
  for (const id of ["known", "new", "new"]) page.take(body(id));
  expect(page.activities).toBe(3);
  expect(page.counts).toEqual({ read: 3, published: 1, duplicates: 2, deadLettered: 0, outsideMemory: 0 });
  expect(page.records.map(({ key }) => String(key))).toEqual(["new"]);
  expect(page.additions()).toMatchObject([{ sliceMs: NOW_MS, read: 3, duplicates: 2, ids: [idHash("new")] }]);
});

test.each<[ScanConfig["key"], object, string | null, number]>([
  ["id", { _id: "a1" }, "a1", 2],
  ["none", { _id: "a1" }, null, 2],
  ["user", { _id: "a1", user: { userName: "ada@contoso.com" } }, "ada@contoso.com", 15],
  ["user", { _id: "a1", user: { userName: { failedUserData: 1 } } }, "a1", 2],
  ["user", { _id: "a1", user: { userName: { failedUserData: { userName: "bob" } } } }, "bob", 3],
  ["user", { _id: "a1", user: { userName: "" } }, "a1", 2],
  ["user", { _id: "a1", user: null }, "a1", 2],
  ["user", { _id: "a1" }, "a1", 2],
])("with key: %s the record of %j has the key %s", (key, activity, expected, partition) => {
  const page = openPage({}, {}, { key });
  page.take(json(activity));
  expect(page.records[0]?.key?.toString() ?? null).toBe(expected);
  expect(page.records[0]?.partition).toBe(partition);
});

test("a record says whence it is in its headers", () => {
  for (const reader of ["tail", "lookback"]) {
    const page = openPage({ reader });
    page.take(body("a"));
    expect(page.records[0]?.headers).toEqual({
      tenant: "contoso",
      scan: "contoso-all",
      reader,
      "schema-version": "1",
    });
  }
});

test("what turns up where ids are forgotten is counted and not published, a stretch a slice", () => {
  const isForgotten = (valueMs: number) => valueMs < NOW_MS;
  const page = openPage({ isForgotten, pass: { ...pass, baseMs: NOW_MS - 9 * HOUR_MS } });
  const values = [NOW_MS - 5, NOW_MS - 900, NOW_MS - 40, NOW_MS - HOUR_MS - 1, NOW_MS];
  for (const [at, createdMs] of values.entries()) page.take(body(`a${at}`, createdMs));
  page.take(body("a0", NOW_MS - 5));
  expect(page.counts).toEqual({ read: 6, published: 1, duplicates: 1, deadLettered: 0, outsideMemory: 4 });
  expect(page.records.map(({ key }) => String(key))).toEqual(["a4"]);
  expect(page.outsideMemory).toEqual([
    { fromMs: NOW_MS - 900, untilMs: NOW_MS - 5, reason: "outside_memory" },
    { fromMs: NOW_MS - HOUR_MS - 1, untilMs: NOW_MS - HOUR_MS - 1, reason: "outside_memory" },
  ]);
});

test("what a nudge shows beside its pass where ids are forgotten was published in its time", () => {
  const nudged = { ...pass, baseMs: NOW_MS, fromMs: NOW_MS - 1 };
  const page = openPage({ isForgotten: (valueMs) => valueMs < NOW_MS, pass: nudged });
  page.take(body("a", NOW_MS - 1));
  expect(page.counts).toMatchObject({ published: 0, duplicates: 1, outsideMemory: 0 });
  expect(page.outsideMemory).toEqual([]);
});

test("what is remembered is a duplicate even where ids are said to be forgotten", () => {
  const page = openPage({ isForgotten: () => true, isPublished: () => true });
  page.take(body("a"));
  expect(page.counts).toMatchObject({ duplicates: 1, outsideMemory: 0 });
});

test("late is what another reader than the tail publishes below the tail's position, dead letters aside", () => {
  const values = [NOW_MS - HOUR_MS, NOW_MS - 1, NOW_MS, NOW_MS + 1];
  const take = (lateBelowMs: number | null) => {
    const page = openPage({ lateBelowMs, reader: "lookback" });
    for (const [at, createdMs] of values.entries()) page.take(body(`a${at}`, createdMs));
    page.take(json({ _id: "b", created: "today" }));
    return page;
  };
  expect(take(NOW_MS).late).toBe(2);
  expect(
    take(NOW_MS)
      .additions()
      .map(({ late }) => late),
  ).toEqual([2, 0]);
  expect(take(null).late).toBe(0);
});

test("a page tells whether it came in the order that its pass asks for", () => {
  const inOrder = (direction: "asc" | "desc") => {
    const page = openPage({ pass: { ...pass, direction } });
    for (const createdMs of [NOW_MS, NOW_MS + 1]) page.take(body(`a${createdMs}`, createdMs));
    return !page.tally.facts({ hasNext: false, nextFilters: null, total: null, serverNowMs: NOW_MS }).disordered;
  };
  expect([inOrder("asc"), inOrder("desc")]).toEqual([true, false]);
});

test("a page's activities belong to the slice of their own time", () => {
  const page = openPage();
  page.take(body("a", NOW_MS - 1));
  page.take(body("b", NOW_MS));
  expect(page.additions().map(({ sliceMs }) => sliceMs)).toEqual([NOW_MS - HOUR_MS, NOW_MS]);
});

test.each([
  ["now", NOW_MS + 9 * HOUR_MS, NOW_MS + 9 * HOUR_MS],
  ["the pass, where the clock is far behind", NOW_MS - 90 * HOUR_MS, NOW_MS - HOUR_MS],
])("an activity without a time is a dead letter, remembered in the slice of %s", (_, serverNowMs, sliceMs) => {
  const page = openPage({ serverNowMs });
  page.take(json({ _id: "a", created: "today" }));
  expect(page.counts).toEqual({ read: 1, published: 0, duplicates: 0, deadLettered: 1, outsideMemory: 0 });
  expect(page.additions()).toMatchObject([{ sliceMs, ids: [idHash("a")], deadLettered: 1 }]);
});

test.each<[string, Partial<RecordPlan>, string]>([
  ["is larger than limits.activity", { activityBytesMax: 10 }, "too_large"],
  ["makes a record larger than the topic takes", { encode: () => Buffer.alloc(1_001) }, "too_large"],
  [
    "makes the encoder throw",
    {
      encode: () => {
        throw new Error("no");
      },
    },
    "not_encodable",
  ],
])("an activity that %s is a dead letter, and the next is published", (_, plan, defect) => {
  const page = openPage({}, plan);
  page.take(body("a"));
  expect(page.records.map(({ topic, headers }) => [topic, headers["__connect.errors.exception.class.name"]])).toEqual([
    ["dlq", defect],
  ]);
  expect(page.records[0]?.value.equals(body("a"))).toBe(true);
});

test("a page stops taking when its values outgrow what they may occupy", async () => {
  const own = await new PageMemory(15).reserve(15, new AbortController().signal);
  const page = openPage({ lease: own });
  expect([page.take(body("a")), page.take(body("a")), page.take(body("b"))]).toEqual([true, true, false]);
});
