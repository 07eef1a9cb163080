import { expect, test } from "vitest";
import { ScanIds } from "../../../src/cli/scan-ids.ts";
import { idHash } from "../../../src/scan/digest.ts";

const fresh = (name: string, valueMs: number | null) => ({ id: idHash(name), valueMs });

function read(): ScanIds {
  const ids = new ScanIds();
  ids.add(fresh("early", 10_000), 100_000);
  ids.add(fresh("edge", 99_999), 100_000);
  ids.add(fresh("no time", null), 100_000);
  return ids;
}

test("behind a span's end the ids of its overlap are remembered, and those that no bound keeps out", () => {
  const ids = read();
  expect(ids.size).toBe(3);
  ids.endSpan();
  expect(ids.has(idHash("early"))).toBe(false);
  expect(ids.has(idHash("edge"))).toBe(true);
  expect(ids.has(idHash("no time"))).toBe(true);
  ids.endSpan();
  expect(ids.has(idHash("edge"))).toBe(false);
  expect(ids.has(idHash("no time"))).toBe(true);
});

test("what is kept goes on as if nothing had been", () => {
  const ids = new ScanIds(read().kept);
  expect(ids.kept).toEqual(read().kept);
  for (const name of ["early", "edge", "no time"]) expect(ids.has(idHash(name))).toBe(true);
  ids.endSpan();
  expect(ids.size).toBe(2);
});

test("an id counts once", () => {
  const ids = read();
  ids.add(fresh("edge", 99_999), 100_000);
  expect(ids.size).toBe(3);
  expect(ids.kept.overlap).toHaveLength(16);
});
