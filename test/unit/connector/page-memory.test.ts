import { expect, test } from "vitest";
import { PageMemory } from "../../../src/connector/page-memory.ts";

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
