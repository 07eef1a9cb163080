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

test("an id takes at most 43 bytes", () => {
  const table = new IdTable();
  const id = Buffer.alloc(16);
  for (let n = 1; n <= 5_000; n++) {
    id.writeUInt32LE(Math.imul(n, 0x9e37_79b1) >>> 0, 0);
    table.add(id);
    if (n >= 48) expect(table.bytes / n).toBeLessThan(43);
  }
});
