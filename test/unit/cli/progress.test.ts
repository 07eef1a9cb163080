import { expect, test } from "vitest";
import type { Tally } from "../../../src/cli/one-shot.ts";
import { openProgress, percentOf, summaryOf } from "../../../src/cli/progress.ts";

const tally: Tally = {
  activities: 12_345,
  pages: 3,
  repeats: 0,
  defects: 0,
  gaps: 0,
  field: "created",
  fromMs: 1_000_000,
  untilMs: 2_000_000,
  highestMs: 1_500_000,
  startedMs: 3_000_000,
};
const traffic = { requests: 5, throttled: 1, throttledMs: 16_200 };

test("progress is where the scan stands on the cursor field", () => {
  expect(percentOf(tally)).toBe(50);
  expect(percentOf({ ...tally, untilMs: null })).toBe(25);
  expect(percentOf({ ...tally, highestMs: null })).toBe(0);
  expect(percentOf({ ...tally, highestMs: 9e9 })).toBe(100);
  expect(percentOf({ ...tally, fromMs: 2_000_000 })).toBe(0);
});

test("the summary is one line, and says more only where there is more to say", () => {
  expect(summaryOf(tally, traffic, "done")).toBe(
    "scan done: 12,345 activities, 3 pages, 5 requests, throttled 17 s; " +
      "created from 1970-01-01T00:16:40.000Z to 1970-01-01T00:33:20.000Z",
  );
  const more = summaryOf({ ...tally, activities: 1, repeats: 1, defects: 2, gaps: 1 }, traffic, "done");
  expect(more).toMatch(/1 activity, .* 1 repeat left out, 2 not JSON objects with an id, .*, 1 gap;/);
  expect(summaryOf({ ...tally, fromMs: 0 }, traffic, "failed")).not.toContain("from");
});

test("without a bar there are notes alone", () => {
  const lines: string[] = [];
  const stderr = { write: (line: string) => lines.push(line) > 0 } as unknown as NodeJS.WriteStream;
  const progress = openProgress({ stderr, bar: false });
  progress.onPage(tally);
  progress.onWait("throttled", 5_000);
  progress.note("created is not honoured");
  progress.stop();
  expect(lines).toEqual(["created is not honoured\n"]);
});
