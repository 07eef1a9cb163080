import fc from "fast-check";
import { expect, test } from "vitest";
import { IdTable } from "../../../src/scan/id-table.ts";

/** Ids that crowd into few slots: their first word, which picks the slot, takes few values. */
const crowded = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 400 })).map(([first, last]) => {
  const id = Buffer.alloc(16);
  id.writeUInt32LE(first * 64, 0);
  id.writeUInt32LE(last, 12);
  return id;
});

test("a table holds exactly what was added, once each, through growth and collisions", () => {
  fc.assert(
    fc.property(fc.array(crowded, { maxLength: 600 }), (ids) => {
      const table = new IdTable();
      const names = new Set<string>();
      for (const id of ids) {
        expect(table.has(id)).toBe(names.has(id.toString("hex")));
        expect(table.add(id)).toBe(!names.has(id.toString("hex")));
        names.add(id.toString("hex"));
      }
      expect(table.size).toBe(names.size);
      for (const id of ids) expect(table.has(id)).toBe(true);
    }),
  );
});

test("ids that differ in one bit only are different ids", () => {
  const table = new IdTable();
  table.add(Buffer.alloc(16, 7));
  for (let bit = 0; bit < 128; bit++) {
    const id = Buffer.alloc(16, 7);
    id[bit >> 3]! ^= 1 << (bit & 7);
    expect(table.has(id)).toBe(false);
  }
});

test("an id takes at most 43 bytes, and of many at most 23", () => {
  const table = new IdTable();
  const id = Buffer.alloc(16);
  for (let n = 1; n <= 40_000; n++) {
    id.writeUInt32LE(Math.imul(n, 0x9e37_79b1) >>> 0, 0);
    table.add(id);
    if (n >= 48) expect(table.bytes / n).toBeLessThan(n < 20_000 ? 43 : 23);
  }
});

test("room that is made beforehand is all that is needed, and holds what was there", () => {
  const ids = Array.from({ length: 1_000 }, (_, n) => {
    const id = Buffer.alloc(16, n % 251);
    id.writeUInt32LE(Math.imul(n + 1, 0x9e37_79b1) >>> 0, 0);
    return id;
  });
  const table = new IdTable();
  for (const id of ids.slice(0, 100)) table.add(id);
  table.reserve(1_000);
  const room = table.bytes;
  for (const id of ids.slice(100)) table.add(id);
  expect(table.bytes - room).toBeLessThanOrEqual(900 * 16 + 4_096);
  expect(ids.every((id) => table.has(id))).toBe(true);
  expect(table.size).toBe(1_000);
});

test("a segment that is adopted counts each of its ids once, also those that were there before", () => {
  const table = new IdTable();
  const segment = Buffer.concat([1, 2, 3].map((n) => Buffer.alloc(16, n)));
  table.adopt(Buffer.concat([segment, Buffer.alloc(16, 1)]));
  expect(table.size).toBe(3);
  table.adopt(segment);
  expect(table.size).toBe(3);
  expect([1, 2, 3, 4].map((n) => table.has(Buffer.alloc(16, n)))).toEqual([true, true, true, false]);
});
