import { expect, test } from "vitest";
import { FORMATS, openFormat } from "../../../src/cli/scan-format.ts";
import { activityOf } from "../activity/samples.ts";

const open = (name: (typeof FORMATS)[number]) =>
  openFormat(name, { tenant: "contoso", sync: Buffer.alloc(16, 1), nowMs: () => 1_795_438_800_000 });

test.each(FORMATS)("%s: a page is cut into pieces that are bounded, in order and complete", (name) => {
  const format = open(name);
  const encoded = Array.from({ length: 500 }, (_, n) => {
    const activity = activityOf({ _id: `a${n}`, description: "d".repeat(n === 7 ? 600_000 : 2_000) });
    return format.encode(activity) ?? Buffer.alloc(0);
  });
  const pieces = [...format.pieces(encoded)];
  expect(pieces.reduce((sum, { activities }) => sum + activities, 0)).toBe(500);
  expect(pieces.length).toBeGreaterThan(name === "table" ? 0 : 3);
  for (const { bytes } of pieces) expect(bytes.length).toBeLessThan(900_000);
  expect([...format.pieces([])]).toEqual([]);
});

test("NDJSON is the exact JSON on one line, whatever it is", () => {
  const { encode, head } = open("ndjson");
  expect(head).toHaveLength(0);
  expect(encode(activityOf('{"_id":"a",\n"n":1.0}'))?.toString()).toBe('{"_id":"a", "n":1.0}');
  expect(encode(activityOf("[1]"))?.toString()).toBe("[1]");
});

test("an Avro file has no place for what is no JSON object with an id", () => {
  const { encode } = open("avro");
  expect(encode(activityOf({ _id: "a" }))).not.toBeNull();
  for (const json of ["[1]", "{}", '{"_id":5}', "nonsense"]) expect(encode(activityOf(json))).toBeNull();
});
