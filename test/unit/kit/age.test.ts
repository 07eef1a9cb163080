import { expect, test } from "vitest";
import { ageText } from "../../../src/kit/age.ts";

test.each([
  [86_400_000, "24h"],
  [96 * 3_600_000, "96h"],
  [5_400_000, "90m"],
  [120_000, "2m"],
  [90_000, "90s"],
  [1_500, "1500ms"],
  [0, "0ms"],
])("an age of %i ms is written %s: in the largest unit that fits it whole", (ageMs, text) => {
  expect(ageText(ageMs)).toBe(text);
});
