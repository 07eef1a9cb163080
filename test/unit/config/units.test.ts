import { expect, test } from "vitest";
import { parseDurationMs, parseSizeBytes, parseStart } from "../../../src/config/units.ts";

test.each([
  ["250ms", 250],
  ["10s", 10_000],
  ["1.5h", 5_400_000],
  ["1d", 86_400_000],
  ["10", null],
  ["-1s", null],
  ["1 s", null],
  ["1w", null],
  ["99999999999999999d", null],
])("the duration %s is %s ms", (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});

test.each([
  ["64MiB", 67_108_864],
  ["10MB", 10_000_000],
  ["512B", 512],
  ["0.5KiB", 512],
  ["64", null],
  ["64mb", null],
])("the size %s is %s bytes", (text, bytes) => {
  expect(parseSizeBytes(text)).toBe(bytes);
});

test.each([
  ["now", { kind: "now" }],
  ["12h", { kind: "age", ageMs: 43_200_000 }],
  ["2026-11-01", { kind: "instant", atMs: Date.UTC(2026, 10, 1) }],
  ["2026-11-01T10:00:00.5+02:00", { kind: "instant", atMs: Date.UTC(2026, 10, 1, 8, 0, 0, 500) }],
  ["2026-11-01T10:00:00", null],
  ["2026-02-31", null],
  ["2026-13-01", null],
  ["2026-11-01T25:00:00Z", null],
  ["yesterday", null],
])("the start %s is %o", (text, start) => {
  expect(parseStart(text)).toEqual(start);
});
