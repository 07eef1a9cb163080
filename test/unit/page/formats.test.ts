import { expect, test } from "vitest";
import { openFormats, utcOf } from "../../../src/page/formats.ts";

const formats = openFormats("Asia/Tokyo", "en-GB");
const AT_MS = Date.UTC(2026, 10, 25, 20, 5, 9);

test.each([
  [0, "0 s"],
  [0.4, "0 s"],
  [59.4, "59 s"],
  [60, "1 min"],
  [200, "3 min 20 s"],
  [3_600, "1 h"],
  [3_661, "1 h 1 min"],
  [90_000, "1 d 1 h"],
  [86_400 * 1_234, "1,234 d"],
  [-5, "0 s"],
])("%d seconds are %s", (seconds, text) => {
  expect(formats.duration(seconds)).toBe(text);
});

test("times stand in the zone, with their date where it is not today's there", () => {
  expect(formats.zone).toBe("Asia/Tokyo");
  expect(formats.moment(AT_MS, AT_MS + 3_600_000)).toBe("05:05:09");
  expect(formats.moment(AT_MS, AT_MS + 86_400_000)).toBe("26 Nov 2026, 05:05:09");
  expect(formats.clock(AT_MS)).toBe("05:05");
  expect(utcOf(AT_MS)).toBe("2026-11-25 20:05:09 UTC");
});

test("numbers are grouped as the viewer writes them", () => {
  expect(formats.count(1_234_567.4)).toBe("1,234,567");
  expect(openFormats("UTC", "de-DE").count(1_234_567)).toBe("1.234.567");
  expect(formats.share(0.000021)).toBe("0.0021%");
});
