import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { MockTenantOptions } from "../../../src/mock-tenant/settings.ts";
import { handClock, idsOf, type Page, START_MS, tenant } from "./fixture.ts";

const small: MockTenantOptions = { backlog: 400, pageCeiling: 60 };
const sorted = (ids: readonly string[]): string[] => [...ids].sort();

describe("a chain of pages", () => {
  for (const nextFilters of ["echo", "boundary", "opaque", "string"] as const) {
    for (const sortField of ["date", "created"] as const) {
      for (const sortDirection of ["asc", "desc"] as const) {
        test(`${nextFilters}, ${sortField} ${sortDirection}: lists everything exactly once, in order`, async () => {
          await using mock = await tenant({ ...small, nextFilters, tieShare: 0.5, tieSize: 7 });
          const pages = await mock.walk({ sortField, sortDirection });
          expect(pages.length).toBeGreaterThan(6);
          expect(sorted(idsOf(pages))).toEqual(sorted(mock.truth().map(({ id }) => id)));
          const times = pages.flatMap(({ data }) => data.map((a) => (sortField === "date" ? a.timestamp : a.created)));
          expect(times).toEqual([...times].sort((a, b) => (sortDirection === "asc" ? a - b : b - a)));
        });
      }
    }
  }

  test("with a filter: echo, opaque and string keep it, boundary forgets it", async () => {
    const filters = { service: { eq: [20893] } };
    for (const nextFilters of ["echo", "opaque", "string", "boundary"] as const) {
      await using mock = await tenant({ ...small, nextFilters });
      const ids = idsOf(await mock.walk({ filters, sortDirection: "asc" }));
      const expected = sorted(mock.truth(filters).map(({ id }) => id));
      expect(expected.length).toBeGreaterThan(100);
      if (nextFilters === "boundary") expect(ids.length).toBeGreaterThan(expected.length);
      else expect(sorted(ids)).toEqual(expected);
    }
  });

  test("echo puts the boundary beside the other filters: gte when ascending, lte when descending", async () => {
    await using mock = await tenant(small);
    const filters = { service: { neq: [1] }, created: { gte: 5, lte: START_MS } };
    const asc = await mock.scan({ filters, sortField: "created", sortDirection: "asc" });
    expect(asc.nextQueryFilters).toEqual({
      service: { neq: [1] },
      created: { gte: expect.any(Number), lte: START_MS },
    });
    const desc = await mock.scan({ filters, sortField: "created", sortDirection: "desc" });
    expect(desc.nextQueryFilters).toEqual({ service: { neq: [1] }, created: { gte: 5, lte: expect.any(Number) } });
  });

  test("wrong-field bounds the other time", async () => {
    await using mock = await tenant({ ...small, nextFilters: "wrong-field" });
    const page = await mock.scan({ sortField: "created", sortDirection: "asc" });
    expect(page.nextQueryFilters).toEqual({ date: { gte: expect.any(Number) } });
    const other = await mock.scan({ sortField: "date" });
    expect(other.nextQueryFilters).toEqual({ created: { lte: expect.any(Number) } });
  });

  test("opaque holds nothing legible, and a forged cursor is refused", async () => {
    await using mock = await tenant({ ...small, nextFilters: "opaque" });
    const { nextQueryFilters } = await mock.scan({ filters: { service: { neq: [1] } } });
    expect(Object.keys(nextQueryFilters as object)).toEqual(["cursor"]);
    expect(JSON.stringify(nextQueryFilters)).not.toContain("service");
    expect((await mock.post({ isScan: true, filters: { cursor: "e30.forged" } })).status).toBe(400);
  });

  test("string is the JSON text of the filters", async () => {
    await using mock = await tenant({ ...small, nextFilters: "string" });
    const { nextQueryFilters } = await mock.scan({ filters: { service: { neq: [1] } } });
    expect(JSON.parse(nextQueryFilters as string)).toEqual({
      service: { neq: [1] },
      date: { lte: expect.any(Number) },
    });
  });
});

describe("a page", () => {
  test("drops its last records, all of one time, and the next page starts with them", async () => {
    await using mock = await tenant({ ...small, tieShare: 1, tieSize: 8 });
    const first = await mock.scan({ sortField: "created", sortDirection: "asc" });
    expect(first.data).toHaveLength(56);
    const boundary = (first.nextQueryFilters as { created: { gte: number } }).created.gte;
    expect(first.data.every(({ created }) => created < boundary)).toBe(true);
    const second = await mock.scan({ filters: first.nextQueryFilters, sortField: "created", sortDirection: "asc" });
    expect(second.data.slice(0, 8).map(({ created }) => created)).toEqual(Array(8).fill(boundary));
  });

  test("has no next filters when it is the last", async () => {
    await using mock = await tenant({ backlog: 20 });
    const page = await mock.scan();
    expect(page).toMatchObject({ hasNext: false, moreThanTotal: false });
    expect(page).not.toHaveProperty("nextQueryFilters");
    expect(page.data).toHaveLength(20);
  });

  test("counts a little more in total than there is, and nothing where there is nothing", async () => {
    await using mock = await tenant({ backlog: 20 });
    expect((await mock.scan()).total).toBe(21);
    expect((await mock.scan({ filters: { service: { eq: [1] } } })).total).toBe(0);
  });

  test("takes limits of 500 to 5,000 in scans, 500 where none is given", async () => {
    await using mock = await tenant({ backlog: 700 });
    expect((await mock.scan()).max).toBe(500);
    expect((await mock.scan({ limit: 3 })).max).toBe(500);
    expect((await mock.scan({ limit: 600 })).max).toBe(600);
    expect((await mock.scan({ limit: 50_000 })).max).toBe(5_000);
  });

  test("is no longer than a page ceiling", async () => {
    await using mock = await tenant({ backlog: 700, pageCeiling: 100 });
    expect((await mock.scan({ limit: 5_000 })).data.length).toBeLessThanOrEqual(100);
  });

  test("comes newest first by date unless asked otherwise", async () => {
    await using mock = await tenant({ backlog: 50 });
    const times = (await mock.scan()).data.map(({ timestamp }) => timestamp);
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  for (const envelope of ["before", "after"] as const) {
    test(`has its envelope ${envelope} data`, async () => {
      await using mock = await tenant({ ...small, envelope });
      const text = await (await mock.post({ isScan: true })).text();
      const keys = Object.keys(JSON.parse(text) as object);
      expect(keys.indexOf("data")).toBe(envelope === "before" ? keys.length - 1 : 0);
      expect(keys).toHaveLength(6);
    });
  }

  test("holds bytes whose hash is the truth's", async () => {
    await using mock = await tenant({ backlog: 40 });
    const text = await (await mock.post({ isScan: true, sortField: "created", sortDirection: "asc" })).text();
    // Activities are compact JSON, so the list can be cut at known seams.
    const body = text.slice('{"data":['.length, text.lastIndexOf("]"));
    const parts = body.split(/,(?=\{"_id":"[^"]+","tenantId")/);
    expect(parts.map((part) => createHash("sha256").update(part).digest("hex"))).toEqual(
      mock.truth().map(({ sha256 }) => sha256),
    );
  });
});

describe("one millisecond that holds more than a page", () => {
  const options: MockTenantOptions = { backlog: 200, pageCeiling: 50, tieShare: 1, tieSize: 200 };
  const asked = { sortField: "created", sortDirection: "asc" };

  test("repeat: the same page and the same next filters, without end", async () => {
    await using mock = await tenant({ ...options, tieOverflow: "repeat" });
    const first = await mock.scan(asked);
    const again = await mock.scan({ ...asked, filters: first.nextQueryFilters });
    expect(again.data).toEqual(first.data);
    expect(again.data).toHaveLength(50);
    expect(again.nextQueryFilters).toEqual(first.nextQueryFilters);
  });

  test("empty: nothing, though hasNext is true", async () => {
    await using mock = await tenant({ ...options, tieOverflow: "empty" });
    const page = await mock.scan(asked);
    expect(page).toMatchObject({ data: [], hasNext: true });
    expect(page.nextQueryFilters).toEqual({ created: { gte: expect.any(Number) } });
  });

  test("end: nothing, and a false end with a total", async () => {
    await using mock = await tenant({ ...options, tieOverflow: "end" });
    expect(await mock.scan(asked)).toMatchObject({ data: [], hasNext: false, total: 201 });
  });
});

describe("list mode", () => {
  const list = async (mock: Awaited<ReturnType<typeof tenant>>, body: object): Promise<Page> =>
    (await (await mock.post(body)).json()) as Page;

  test("pages by skip and limit, at most 100 a page, without next filters", async () => {
    await using mock = await tenant({ backlog: 250 });
    const pages = [await list(mock, {}), await list(mock, { skip: 100, limit: 900 }), await list(mock, { skip: 200 })];
    expect(pages.map(({ data }) => data.length)).toEqual([100, 100, 50]);
    expect(pages.map(({ hasNext }) => hasNext)).toEqual([true, true, false]);
    expect(pages[0]).toMatchObject({ total: 250, max: 100, moreThanTotal: false });
    expect(pages[0]).not.toHaveProperty("nextQueryFilters");
    expect(new Set(idsOf(pages)).size).toBe(250);
  });

  test("reaches no further than 5,000", async () => {
    await using mock = await tenant({ backlog: 5_200 });
    expect(await list(mock, { skip: 4_900 })).toMatchObject({ moreThanTotal: true, total: 5_000 });
    expect((await mock.post({ skip: 4_901 })).status).toBe(400);
  });

  test("GET takes filters as JSON text and ignores limit", async () => {
    await using mock = await tenant({ backlog: 150 });
    const filters = encodeURIComponent(JSON.stringify({ service: { neq: 1 } }));
    const response = await fetch(`${mock.url}/api/v1/activities/?filters=${filters}&limit=7`, {
      headers: { authorization: "Token mock-token" },
    });
    expect(((await response.json()) as Page).data).toHaveLength(100);
  });
});

describe("time", () => {
  test("brings new activities at the rate, up to the total", async () => {
    const clock = handClock();
    await using mock = await tenant({ rate: 10, total: 25 }, { clock });
    expect(mock.truth()).toHaveLength(0);
    clock.advance(1_000);
    expect(mock.truth()).toHaveLength(10);
    clock.advance(60_000);
    expect(mock.truth()).toHaveLength(25);
  });

  test("a share shows later than it was created", async () => {
    const clock = handClock();
    await using mock = await tenant(
      { rate: 100, lateVisibleShare: 0.5, lateVisibleMaxMs: 30_000, total: 400 },
      { clock },
    );
    clock.advance(4_000);
    const early = mock.truth();
    expect(early.length).toBeGreaterThan(150);
    expect(early.length).toBeLessThan(300);
    clock.advance(30_000);
    const shown = mock.truth();
    expect(shown).toHaveLength(400);
    const known = new Set(early.map(({ id }) => id));
    expect(shown.some(({ id, created }) => !known.has(id) && created < START_MS + 2_000)).toBe(true);
  });

  test("activities are saved minutes after they happened, a share much later", async () => {
    await using mock = await tenant({ backlog: 2_000, slowSavingShare: 0.1 });
    const delays = mock.truth().map(({ created, timestamp }) => created - timestamp);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(170_000);
    const slow = delays.filter((delay) => delay > 341_000).length;
    expect(slow).toBeGreaterThan(120);
    expect(slow).toBeLessThan(280);
  });

  test("the Date header shows the tenant's clock", async () => {
    await using mock = await tenant({ clockSkewMs: -90_000 });
    const response = await mock.post({ isScan: true });
    expect(Date.parse(response.headers.get("date") ?? "")).toBe(START_MS - 90_000);
  });

  test("latency holds each page back", async () => {
    const clock = handClock();
    await using mock = await tenant({ latencyMs: 700 }, { clock });
    await mock.scan();
    expect(clock.nowMs()).toBe(START_MS + 700);
  });
});

describe("the seed", () => {
  test("gives the same activities, byte for byte, from the same start; another seed gives others", async () => {
    const truthOf = async (options: MockTenantOptions) => {
      await using mock = await tenant({ backlog: 300, ...options });
      return mock.truth();
    };
    const first = await truthOf({ seed: 7 });
    expect(await truthOf({ seed: 7 })).toEqual(first);
    const other = new Set((await truthOf({ seed: 8 })).map(({ id }) => id));
    expect(first.some(({ id }) => other.has(id))).toBe(false);
  });
});

describe("quirks", () => {
  test("ignored created: sorts and filters by date, and bounds date", async () => {
    await using mock = await tenant({ ...small, ignoreCreated: true });
    const page = await mock.scan({
      filters: { created: { gte: START_MS + 1 } },
      sortField: "created",
      sortDirection: "asc",
    });
    expect(page.nextQueryFilters).toEqual({ date: { gte: expect.any(Number) } });
    const times = page.data.map(({ timestamp }) => timestamp);
    expect(times.length).toBeGreaterThan(0);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test("a lower bound on a whole second finds nothing though total counts; a millisecond more does", async () => {
    await using mock = await tenant({ backlog: 30, emptyOnWholeSecond: true });
    const bound = START_MS - 86_400_000;
    const at = (gte: number) =>
      mock.scan({ filters: { created: { gte } }, sortField: "created", sortDirection: "asc" });
    expect(await at(bound)).toMatchObject({ data: [], hasNext: false, total: 31 });
    expect((await at(bound + 1)).data.length).toBeGreaterThan(28);
  });

  for (const nextFilters of ["echo", "boundary", "opaque", "string"] as const) {
    test(`${nextFilters}: next filters are taken as they came and refused when edited`, async () => {
      await using mock = await tenant({ ...small, nextFilters, refuseEditedFilters: true });
      const asked = { sortField: "created", sortDirection: "asc" };
      const { nextQueryFilters: next } = await mock.scan(asked);
      const parsed = (typeof next === "string" ? JSON.parse(next) : next) as object;
      const added = { ...parsed, service: { eq: [20893] } };
      const edited = typeof next === "string" ? JSON.stringify(added) : added;
      expect((await mock.post({ isScan: true, ...asked, filters: edited })).status).toBe(400);
      expect((await mock.walk({ ...asked, filters: next })).length).toBeGreaterThan(5);
    });
  }
});
