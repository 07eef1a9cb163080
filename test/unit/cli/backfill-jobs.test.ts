import { expect, test } from "vitest";
import { jobLines, jobsOf, queuedOf } from "../../../src/cli/backfill-jobs.ts";
import { targetOf } from "../../../src/cli/command-plan.ts";
import { commandKey, encodeCommand } from "../../../src/scan/command.ts";

const HOUR_MS = 3_600_000;
const untilMs = Date.parse("2026-11-23T12:00:00Z");
const record = {
  version: 1,
  origin: "operator",
  fromMs: untilMs - HOUR_MS,
  untilMs,
  whole: { fromMs: untilMs - 4 * HOUR_MS, untilMs },
  order: "asc",
  paused: false,
  counts: { pages: 3, read: 30, published: 20, duplicates: 10, later: 5 },
  pass: null,
};
const target = targetOf({ scan: "all", pageSize: 100, requestsPerMinute: 21 }, new Map());
const stateOf = (...records: [reader: string, value: unknown][]) =>
  new Map(
    records.map(([reader, value]) => [JSON.stringify({ scan: "all", reader }), Buffer.from(JSON.stringify(value))]),
  );

test("a job is shown with its stretch, what is left and its counts, whatever else its record holds", () => {
  const state = stateOf(
    ["tail", record],
    ["backfill/a", record],
    ["recovery/b", { ...record, paused: true, order: "desc" }],
  );
  state.set(JSON.stringify({ scan: "another", reader: "backfill/c" }), Buffer.from(JSON.stringify(record)));
  const jobs = jobsOf(target, state);
  expect(jobs).toEqual([
    {
      scan: "all",
      job: "backfill/a",
      origin: "operator",
      state: "running",
      order: "oldest-first",
      whole: { from: "2026-11-23T08:00:00.000Z", until: "2026-11-23T12:00:00.000Z" },
      left: { from: "2026-11-23T11:00:00.000Z", until: "2026-11-23T12:00:00.000Z" },
      leftCost: expect.objectContaining({ requests: 1 }),
      done: 0.75,
      counts: { pages: 3, read: 30, published: 20, duplicates: 10 },
    },
    expect.objectContaining({ job: "recovery/b", state: "paused", order: "newest-first" }),
  ]);
  const [head, first] = jobLines(jobs, []);
  expect(head).toMatch(/^SCAN +JOB +STATE/);
  expect(first).toMatch(/^all +backfill\/a +running +oldest-first .* 75 % +1 request, .* 3 +30 +20 +10$/);
});

test.each([
  ["no JSON", "{"],
  ["a list", "[]"],
  ["null", "null"],
  ["another's", '{"fromMs":"x","counts":7}'],
])("a job whose record is %s is still listed", (_, text) => {
  const state = new Map([[JSON.stringify({ scan: "all", reader: "backfill/a" }), Buffer.from(text)]]);
  const jobs = jobsOf(target, state);
  expect(jobs).toMatchObject([{ job: "backfill/a", state: "unreadable", whole: null, left: null }]);
  expect(jobLines(jobs, [])[1]).toMatch(/^all +backfill\/a +unreadable( +-)+$/);
});

test("commands that wait for an owner are listed with who gave them; illegible ones and other scans' are not", () => {
  const head = { version: 1, at: "2026-11-23T10:00:00.000Z", by: "ada@host", scan: "all" } as const;
  const given = [
    { ...head, id: "1", action: "backfill_add", fromMs: 0, untilMs: 1, order: "asc", mayRepeat: false },
    { ...head, id: "2", action: "job_pause", reader: "backfill/a" },
    { ...head, id: "3", action: "cursor_reset", toMs: 0, mayRepeat: false },
    { ...head, id: "4", scan: "another", action: "cursor_reset", toMs: 0, mayRepeat: false },
  ] as const;
  const state = new Map(given.map((command) => [commandKey(command.id), Buffer.from(encodeCommand(command))]));
  state.set(commandKey("5"), Buffer.from("garbage"));
  const queued = queuedOf("all", state);
  expect(queued.map(({ id, what }) => [id, what])).toEqual([
    ["1", "backfill 1970-01-01T00:00:00.000Z to 1970-01-01T00:00:00.001Z"],
    ["2", "pause backfill/a"],
    ["3", "reset to 1970-01-01T00:00:00.000Z"],
  ]);
  expect(jobLines([], queued)[1]).toBe(
    "queued: scan all: pause backfill/a, by ada@host at 2026-11-23T10:00:00.000Z (2)",
  );
  expect(jobLines([], [])).toEqual(["there are no jobs"]);
});
