import { expect, test } from "vitest";
import { type Ended, summaryJson, summaryLine } from "../../../src/cli/scan-summary.ts";
import { Tally } from "../../../src/cli/scan-tally.ts";

const ended = (changed: Partial<Tally> = {}, more: Partial<Ended> = {}): Ended => ({
  ending: "done",
  tally: Object.assign(new Tally("created", null), {
    pages: 3,
    fromMs: 1_000_000,
    untilMs: 2_000_000,
    startedMs: 3_000_000,
    ...changed,
  }),
  traffic: { requests: 5, throttled: 1, throttledMs: 16_200, pacedMs: 9_500 },
  activities: 12_345,
  format: "avro",
  out: "day.avro",
  isResumed: true,
  notes: ["a note"],
  error: null,
  ...more,
});

test("the summary is one line, and says more only where there is more to say", () => {
  expect(summaryLine(ended())).toBe(
    "scan done: 12,345 activities, 3 pages, 5 requests, throttled 17 s; " +
      "created from 1970-01-01T00:16:40.000Z to 1970-01-01T00:33:20.000Z",
  );
  const more = ended({ repeats: 1, defects: 3, leftOut: 1, gaps: [{ fromMs: 1, untilMs: 1 }] }, { activities: 1 });
  expect(summaryLine(more)).toMatch(
    /1 activity, .* 1 repeat left out, 2 not JSON objects with an id, .*, 1 left out .*, 1 gap;/,
  );
  expect(summaryLine(ended({ startedMs: 0 }, { ending: "failed" }))).not.toContain("from");
});

test("for programs it is one line of JSON with everything", () => {
  const json = summaryJson(ended({ gaps: [{ fromMs: 1_000, untilMs: null }] }, { error: { code: "x", message: "y" } }));
  expect(json).not.toContain("\n");
  expect(JSON.parse(json)).toEqual({
    ending: "done",
    activities: 12_345,
    pages: 3,
    requests: 5,
    throttledSeconds: 16.2,
    budgetWaitSeconds: 9.5,
    repeats: 0,
    defects: 0,
    leftOut: 0,
    gaps: [{ from: "1970-01-01T00:00:01.000Z", until: null }],
    gapsMore: 0,
    cursorField: "created",
    from: "1970-01-01T00:16:40.000Z",
    until: "1970-01-01T00:33:20.000Z",
    format: "avro",
    out: "day.avro",
    resumed: true,
    notes: ["a note"],
    error: { code: "x", message: "y" },
  });
  expect(JSON.parse(summaryJson(ended({ startedMs: 0 })))).toMatchObject({ from: null });
});
