import { describe, expect, test } from "vitest";
import { systemClock } from "../../../src/kit/clock.ts";
import { FAULTS, type FaultName, type MockTenantOptions } from "../../../src/mock-tenant/settings.ts";
import { handClock, idsOf, tenant } from "./fixture.ts";

const backlog: MockTenantOptions = { backlog: 300, pageCeiling: 100 };
const asked = { isScan: true, sortField: "created", sortDirection: "asc" };

async function withFault(fault: FaultName, options: MockTenantOptions = {}) {
  return tenant({ ...backlog, ...options, faults: { [fault]: 1 } });
}

describe("faults", () => {
  test.each([["500"], ["502"], ["503"]] as const)("%s is that status", async (fault) => {
    await using mock = await withFault(fault);
    expect((await mock.post(asked)).status).toBe(Number(fault));
  });

  test("html comes with 200", async () => {
    await using mock = await withFault("html");
    const response = await mock.post(asked);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(await response.text()).toMatch(/^<!DOCTYPE html>/);
  });

  test("error-body comes with 200 and has neither data nor hasNext", async () => {
    await using mock = await withFault("error-body");
    const response = await mock.post(asked);
    const body = await response.json();
    expect(response.status).toBe(200);
    expect(body).toMatchObject({ error: true });
    expect(body).not.toHaveProperty("hasNext");
  });

  test.each([[false], [true]])("reset breaks the connection in mid-body, compressed: %s", async (compress) => {
    await using mock = await tenant({ ...backlog, compress, faults: { reset: 1 } }, { clock: systemClock });
    const response = await mock.post(asked);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  test.each([[false], [true]])(
    "truncate ends cleanly in the middle of an activity, compressed: %s",
    async (compress) => {
      await using mock = await withFault("truncate", { compress });
      const text = await (await mock.post(asked)).text();
      expect(text).toMatch(/^\{"data":\[/);
      // Not even closing what is open makes it a page: an activity is cut, too.
      expect(() => JSON.parse(`${text}]}`)).toThrow();
    },
  );

  test("hang never answers; stall stops in mid-body", async () => {
    await using mock = await withFault("hang");
    const hanging = mock.post(asked);
    const first = await Promise.race([hanging.then(() => "answered"), mock.post("{nope").then(() => "other")]);
    expect(first).toBe("other");
    mock.change({ faults: { stall: 1 } });
    const stalled = await mock.post(asked);
    const reading = stalled.text();
    await mock.close();
    await expect(reading).rejects.toThrow();
    await expect(hanging).rejects.toThrow();
  });

  test("descending: newest first although ascending was asked, and the chain still ends with everything", async () => {
    await using mock = await withFault("descending");
    const pages = await mock.walk({ ...asked, filters: { created: { gte: 5 } } });
    const times = pages.flatMap(({ data }) => data.map(({ created }) => created));
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(pages[0]?.nextQueryFilters).toEqual({ created: { gte: 5, lte: expect.any(Number) } });
    expect(new Set(idsOf(pages)).size).toBe(300);
  });

  test("duplicate: boundary records are on both pages", async () => {
    await using mock = await withFault("duplicate");
    const ids = idsOf(await mock.walk(asked));
    expect(new Set(ids).size).toBe(300);
    expect(ids.length).toBeGreaterThan(300);
  });

  test("empty-page: nothing, hasNext, and next filters that lose nothing", async () => {
    await using mock = await withFault("empty-page");
    const page = await mock.scan(asked);
    expect(page).toMatchObject({ data: [], hasNext: true });
    mock.change({ faults: {} });
    expect(new Set(idsOf(await mock.walk({ ...asked, filters: page.nextQueryFilters }))).size).toBe(300);
  });

  test("empty-last: the last page shows nothing though total counts", async () => {
    await using mock = await withFault("empty-last");
    const pages = await mock.walk(asked);
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.at(-1)).toMatchObject({ data: [], hasNext: false });
    expect(pages.at(-1)?.total).toBeGreaterThan(0);
  });

  test("are drawn by probability, the same again from the same seed", async () => {
    const statuses = async (seed: number) => {
      await using mock = await tenant({ faults: { "500": 0.3 }, seed });
      const seen: number[] = [];
      for (let request = 0; request < 60; request++) seen.push((await mock.post(asked)).status);
      return seen;
    };
    const first = await statuses(3);
    const failed = first.filter((status) => status === 500).length;
    expect(failed).toBeGreaterThan(8);
    expect(failed).toBeLessThan(30);
    expect(await statuses(3)).toEqual(first);
  });

  test("can be queued, one a page", async () => {
    await using mock = await tenant({});
    mock.change({ faultsNext: ["503", "500"] });
    const seen = [await mock.post(asked), await mock.post(asked), await mock.post(asked)];
    expect(seen.map(({ status }) => status)).toEqual([503, 500, 200]);
  });

  test("every one that is documented can be set", async () => {
    await using mock = await tenant({ faults: Object.fromEntries(FAULTS.map((fault) => [fault, 0])) });
    expect((await mock.post(asked)).status).toBe(200);
  });
});

describe("a tenant that is down", () => {
  test("refuses with 503, or closes connections, until it is up again; /_control still answers", async () => {
    await using mock = await tenant({}, { clock: handClock() });
    const control = (body: object) => fetch(`${mock.url}/_control`, { method: "POST", body: JSON.stringify(body) });
    expect((await control({ down: "refuse" })).status).toBe(200);
    expect((await mock.post(asked)).status).toBe(503);
    await control({ down: "close" });
    await expect(mock.post(asked)).rejects.toThrow();
    await control({ down: false });
    expect((await mock.post(asked)).status).toBe(200);
  });
});

test("a tenant that shows nothing answers as if there were nothing, until it shows again; its truth stays", async () => {
  await using mock = await tenant({ backlog: 30, showsNothing: true });
  const found = async () => (await mock.scan({ sortField: "created", sortDirection: "asc" })).data.length;
  expect(await mock.scan({})).toMatchObject({ data: [], hasNext: false, total: 0 });
  expect(mock.truth()).toHaveLength(30);
  mock.change({ showsNothing: false });
  expect(await found()).toBe(30);
});
