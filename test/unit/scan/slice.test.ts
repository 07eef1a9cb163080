import { expect, test } from "vitest";
import { sliceOf } from "../../../src/scan/slice.ts";
import { HOUR_MS, NOW_MS } from "./cursors.ts";

test("a slice is an aligned hour, also before 1970", () => {
  expect(sliceOf(NOW_MS)).toBe(NOW_MS);
  expect(sliceOf(NOW_MS - 1)).toBe(NOW_MS - HOUR_MS);
  expect(sliceOf(-1)).toBe(-HOUR_MS);
});
