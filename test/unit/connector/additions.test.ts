import { expect, test } from "vitest";
import { mergeAdditions } from "../../../src/connector/additions.ts";
import { idHash } from "../../../src/scan/digest.ts";
import { HOUR_MS, NOW_MS } from "./scene.ts";

const addition = (sliceMs: number, ...ids: string[]) => ({
  sliceMs,
  ids: ids.map(idHash),
  read: 5,
  duplicates: 3,
  deadLettered: 1,
  late: 2,
  proven: 4,
});

test("additions to one slice become one, with the sum of each count and all ids; other slices stay apart", () => {
  const other = addition(NOW_MS + HOUR_MS, "c");
  expect(mergeAdditions([addition(NOW_MS, "a"), other, addition(NOW_MS), addition(NOW_MS, "b")])).toEqual([
    { sliceMs: NOW_MS, ids: ["a", "b"].map(idHash), read: 15, duplicates: 9, deadLettered: 3, late: 6, proven: 12 },
    other,
  ]);
  expect(mergeAdditions([])).toEqual([]);
});
