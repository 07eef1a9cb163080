import { expect, test } from "vitest";
import { instantOf, iso } from "../../../src/cli/instant.ts";

const nowMs = Date.parse("2026-11-23T12:00:00Z");

test.each([
  ["2026-11-23T11:00:00Z", nowMs - 3_600_000, null],
  ["2026-11-23T13:00:00+02:00", nowMs - 3_600_000, null],
  ["2h", nowMs - 7_200_000, null],
  ["now", nowMs, null],
  ["2026-11-23T12:00:00.001Z", nowMs + 1, "--from: 2026-11-23T12:00:00.001Z lies in the future"],
  ["yesterday", nowMs, '--from: found "yesterday"; allowed: an instant'],
  ["2026-02-31", nowMs, '--from: found "2026-02-31"'],
])("%s is read as an instant, or complained about", (text, ms, problem) => {
  const problems: string[] = [];
  expect(instantOf("--from", text, nowMs, problems)).toBe(ms);
  expect(problems).toEqual(problem === null ? [] : [expect.stringContaining(problem)]);
});

test("what no calendar holds is shown as a number", () => {
  expect(iso(nowMs)).toBe("2026-11-23T12:00:00.000Z");
  expect(iso(9e15)).toBe("9000000000000000 ms");
});
