import fc from "fast-check";
import { expect, test } from "vitest";
import { type Cursor, decodeCursor, encodeCursor, filtersHash, newCursor } from "../../../src/scan/cursor.ts";
import { cursorAt, NOW_MS, passAt } from "./cursors.ts";

const ms = fc.integer({ min: 0, max: NOW_MS });
const stretch = fc.record({ fromMs: ms, untilMs: ms });
const cursors: fc.Arbitrary<Cursor> = fc
  .record({
    positionMs: ms,
    cursorField: fc.constantFrom("created" as const, "date" as const, null),
    lookbacks: fc.array(fc.record({ ageMs: fc.integer({ min: 1 }), covered: fc.array(stretch) })),
    folded: fc.option(stretch.map((all) => ({ ...all, published: 3, deadLettered: 1 }))),
    pass: fc.option(
      fc
        .record({
          untilMs: fc.option(ms),
          splits: fc.array(ms),
          highestMs: fc.option(ms),
          nextFilters: fc.option(fc.string({ unit: "binary" })),
          sent: fc.array(fc.string()),
          nudged: fc.boolean(),
          stoodAt: fc.option(fc.record({ atMs: ms, ascending: fc.boolean() })),
          nudges: fc.record({ highestMs: fc.option(ms), lowestMs: fc.option(ms) }),
          passedBy: fc.array(ms),
          direction: fc.constantFrom("asc" as const, "desc" as const),
        })
        .map(passAt),
    ),
  })
  .map(cursorAt);

test("a cursor comes back from its record as it was, with the same text: a commit is recognised by it", () => {
  fc.assert(
    fc.property(cursors, (cursor) => {
      const text = encodeCursor(cursor);
      const back = decodeCursor(Buffer.from(text), "scan a");
      expect(back).toEqual(cursor);
      expect(encodeCursor(back)).toBe(text);
    }),
  );
});

const record = (more: object) => Buffer.from(JSON.stringify({ ...JSON.parse(encodeCursor(cursorAt())), ...more }));

test.each([
  ["not JSON", Buffer.from("garbage"), "scan a: the cursor record is not JSON (7 bytes)"],
  ["another JSON", Buffer.from("[]"), "damaged"],
  ["without a version", record({ version: undefined }), "damaged at version"],
  ["a position that is no time", record({ positionMs: "soon" }), "damaged at positionMs"],
  ["a member that nobody knows", record({ extra: 1 }), "damaged"],
  ["a lookback of no age", record({ lookbacks: [{ ageMs: 0, covered: [] }] }), "damaged at lookbacks.0.ageMs"],
  ["a damaged pass", record({ pass: { ...passAt(), sent: 3 } }), "damaged at pass.sent"],
])("a record that is %s is corrupt, and its error says where", (_, value, message) => {
  const decode = () => decodeCursor(value, "scan a");
  expect(decode).toThrow(expect.objectContaining({ code: "cursor_corrupt", disposition: "fatal" }));
  expect(decode).toThrow(message);
});

test("a record of a newer version is refused as such, whatever else it holds", () => {
  expect(() => decodeCursor(record({ version: 3, positions: [] }), "scan a")).toThrow(
    expect.objectContaining({
      code: "cursor_newer",
      message: expect.stringContaining("version 3, this program knows 2"),
    }),
  );
});

test("only while it is paused a cursor is of a version that older programs refuse", () => {
  const paused = cursorAt({ paused: { atMs: NOW_MS, by: "ada@host" } });
  expect(JSON.parse(encodeCursor(paused))).toMatchObject({ version: 2, paused: { by: "ada@host" } });
  expect(decodeCursor(Buffer.from(encodeCursor(paused)), "scan a")).toEqual(paused);
  const first = JSON.parse(encodeCursor(cursorAt()));
  expect([first.version, "paused" in first]).toEqual([1, false]);
});

test("filters are known by what they say, not by the order that they say it in", () => {
  const one = { service: { eq: [1], neq: [2] }, instance: { eq: [0] } };
  expect(filtersHash(one)).toBe(filtersHash({ instance: { eq: [0] }, service: { neq: [2], eq: [1] } }));
  expect(filtersHash(one)).not.toBe(filtersHash({ ...one, instance: { eq: [1] } }));
});

test("a new scan asks for nothing before its start", () => {
  expect(newCursor("contoso", {}, NOW_MS)).toMatchObject({
    positionMs: NOW_MS,
    beganMs: NOW_MS,
    lookbacks: [],
    folded: null,
    caughtUpMs: NOW_MS,
    cursorField: null,
    pass: null,
  });
});
