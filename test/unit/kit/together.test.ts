import { expect, test } from "vitest";
import { together } from "../../../src/kit/together.ts";

const until = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

test("tasks that all succeed leave the signal alone", async () => {
  const failed = new AbortController();
  await together([Promise.resolve(1), Promise.resolve(2)], failed);
  expect(failed.signal.aborted).toBe(false);
});

test("the first failure aborts the others and is thrown, once the last has ended", async () => {
  const failed = new AbortController();
  const first = new Error("first");
  const ends: string[] = [];
  const slow = until(failed.signal).catch(async () => {
    await Promise.resolve();
    ends.push("slow");
    throw new Error("second");
  });
  await expect(together([slow, Promise.reject(first)], failed)).rejects.toBe(first);
  expect(failed.signal.reason).toBe(first);
  expect(ends).toEqual(["slow"]);
});
