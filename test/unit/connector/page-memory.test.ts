import { expect, test } from "vitest";
import { PageMemory } from "../../../src/connector/page-memory.ts";
import { HOUR_MS, idsOf, large, MINUTE_MS, NOW_MS, Scene, sorted } from "./scene.ts";

const { signal } = new AbortController();

/** Whether a promise is resolved by now. */
async function done(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol("open");
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(open)])) !== open;
}

test("what is not free is waited for, and had as soon as it is given back", async () => {
  const memory = new PageMemory(100);
  const first = await memory.reserve(70, signal);
  const second = memory.reserve(31, signal);
  expect(await done(second)).toBe(false);
  first[Symbol.dispose]();
  expect(await done(second)).toBe(true);
  expect(memory.freeBytes).toBe(69);
});

test("who asked first is served first: small pages do not starve a large one", async () => {
  const memory = new PageMemory(100);
  const first = await memory.reserve(60, signal);
  const large = memory.reserve(90, signal);
  const small = memory.reserve(10, signal);
  expect(memory.freeBytes).toBe(0);
  expect([await done(large), await done(small)]).toEqual([false, false]);
  first[Symbol.dispose]();
  expect([await done(large), await done(small)]).toEqual([true, true]);
});

test("more than there is can be asked for: it is all that there is", async () => {
  const memory = new PageMemory(100);
  using _ = await memory.reserve(1_000, signal);
  expect(memory.freeBytes).toBe(0);
});

test("a page may grow beyond what it reserved as long as the rest is free", async () => {
  const memory = new PageMemory(100);
  const other = await memory.reserve(30, signal);
  const lease = await memory.reserve(10, signal);
  expect([lease.use(10), lease.use(60), lease.use(1)]).toEqual([true, true, false]);
  lease[Symbol.dispose]();
  other[Symbol.dispose]();
  expect(memory.freeBytes).toBe(100);
});

test("a lease is given back once, however often it is disposed of", async () => {
  const memory = new PageMemory(100);
  const lease = await memory.reserve(40, signal);
  lease[Symbol.dispose]();
  lease[Symbol.dispose]();
  expect(memory.freeBytes).toBe(100);
});

test("who gives up waiting leaves the queue to those behind", async () => {
  const memory = new PageMemory(100);
  const first = await memory.reserve(60, signal);
  const stop = new AbortController();
  const large = memory.reserve(90, stop.signal);
  const other = memory.reserve(50, signal);
  stop.abort(new Error("stopped"));
  await expect(large).rejects.toThrow("stopped");
  first[Symbol.dispose]();
  expect(await done(other)).toBe(true);
  await expect(memory.reserve(1, stop.signal)).rejects.toThrow("stopped");
  expect(memory.freeBytes).toBe(50);
});

test("those behind who fit need not wait for more when the first in the queue gives up", async () => {
  const memory = new PageMemory(100);
  await memory.reserve(60, signal);
  const stop = new AbortController();
  const large = memory.reserve(90, stop.signal);
  const small = memory.reserve(10, signal);
  stop.abort(new Error("stopped"));
  await expect(large).rejects.toThrow("stopped");
  expect(await done(small)).toBe(true);
});

test("a page that does not fit is asked again with half the limit", async () => {
  const activities = Array.from({ length: 1_100 }, (_, at) => large(`a${at}`, NOW_MS - HOUR_MS + at * 1_000, 18_000));
  const memory = { pagesBytes: 16 * 1024 * 1024, idsBytes: 1024 * 1024 };
  const scan = { pageSize: 4_000, cursorField: "created" as const, start: { kind: "age" as const, ageMs: HOUR_MS } };
  const scene = new Scene({ activities, pageCeiling: 5_000, scan, config: { memory } });
  scene.start();
  await scene.pass(2 * MINUTE_MS);
  expect(scene.anomalies("page_too_large")).toBeGreaterThan(0);
  expect(scene.tenant.requests.every((request) => request.limit >= 500)).toBe(true);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
});

test("where even 500 do not fit, the scan is blocked and says which setting to raise", async () => {
  const activities = Array.from({ length: 500 }, (_, at) => large(`a${at}`, NOW_MS - HOUR_MS + at * 1_000, 4_096));
  const scan = { pageSize: 1_000, cursorField: "created" as const };
  const scene = new Scene({ activities, scan, config: { memory: { pagesBytes: 1024 * 1024, idsBytes: 1 << 20 } } });
  scene.start();
  await scene.pass(MINUTE_MS);
  expect(scene.of("scan_state").at(-1)).toMatchObject({
    state: "blocked",
    code: "page_too_large",
    reason: expect.stringContaining("memory.pages"),
  });
  expect(scene.published).toEqual([]);
});
