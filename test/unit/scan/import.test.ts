import { expect, test } from "vitest";
import type { ImportCommand } from "../../../src/scan/command.ts";
import { encodeCursor } from "../../../src/scan/cursor.ts";
import { encodeExport, exportScan } from "../../../src/scan/export.ts";
import { effectOf, importOf, type Standing } from "../../../src/scan/import.ts";
import { encodeJob, type Job, jobName, newJob } from "../../../src/scan/job.ts";
import { cursorKey, readerKey } from "../../../src/scan/ledger.ts";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import { cursorAt, HOUR_MS, NOW_MS } from "./cursors.ts";

const hour = (hours: number) => NOW_MS - hours * HOUR_MS;
/** A scan whose tail would ask next for what was saved `hours` before now. */
const tailAt = (hours: number, more = {}) =>
  cursorAt({ positionMs: hour(hours) + OVERLAP_MS, beganMs: hour(48), revision: 100 - hours, ...more });
const backfill = (from: number, until: number, left: Partial<Job> = {}): Job => ({
  ...newJob({ origin: "backfill", order: "asc", whole: { fromMs: hour(from), untilMs: hour(until) - 1 } }),
  ...left,
});
const named = (...jobs: readonly Job[]) => new Map(jobs.map((job) => [jobName(job), job]));
const standing = (hours: number, more: Partial<Standing> = {}): Standing => {
  const hourly = Array.from({ length: 48 }, (_, at) => ({ sliceMs: hour(at + 1), remembered: at < 24 }));
  return { cursor: tailAt(hours), jobs: new Map(), ledgers: hourly, ...more };
};

/** What an export of such a scan asks for. */
function exported(
  { cursor, jobs }: Pick<Standing, "cursor" | "jobs">,
  more: Partial<ImportCommand> = {},
): ImportCommand {
  const state = new Map([
    [cursorKey("a"), Buffer.from(encodeCursor(cursor))],
    ...[...jobs].map(([name, job]) => [readerKey("a", name), Buffer.from(encodeJob(job))] as const),
  ]);
  const scan = exportScan({ scan: "a", shard: 1, endOffset: 7n, state }, false);
  const about = { exportedAt: new Date(NOW_MS).toISOString(), cursorsTopic: "cursors" };
  const file = JSON.parse(encodeExport([scan!], about));
  return { ...importOf(file, { id: "c-1", at: about.exportedAt, by: "ada@host", scan: "a" }, false), ...more };
}

test("an older export has what was read since read again beside the tail, and moves nothing", () => {
  const effect = effectOf(exported(standing(5)), standing(1), NOW_MS);
  expect(effect).toMatchObject({
    reads: [{ name: `backfill/${new Date(hour(5)).toISOString()}`, reach: { fromMs: hour(5), untilMs: hour(1) - 1 } }],
    skips: [],
    tailMs: null,
    forgottenHours: 0,
  });
});

test("an export that is further on opens what nobody has read as a gap, but for what its jobs have left", () => {
  const jobs = named(backfill(4, 3));
  const effect = effectOf(exported({ cursor: tailAt(1), jobs }), standing(5), NOW_MS);
  expect(effect).toMatchObject({
    reads: [{ reach: { fromMs: hour(4), untilMs: hour(3) - 1 } }],
    skips: [
      { fromMs: hour(5), untilMs: hour(4) - 1 },
      { fromMs: hour(3), untilMs: hour(1) - 1 },
    ],
    tailMs: hour(1),
  });
});

test("a job that has come further since is put back to what it had left, and keeps what it has left itself", () => {
  const then = named(backfill(10, 6));
  const now = named(backfill(10, 6, { fromMs: hour(8), paused: true }), backfill(20, 18));
  const effect = effectOf(exported({ cursor: tailAt(1), jobs: then }), standing(1, { jobs: now }), NOW_MS);
  const name = `backfill/${new Date(hour(10)).toISOString()}`;
  expect(effect).toMatchObject({
    reads: [{ name, job: { fromMs: hour(10), untilMs: hour(6) - 1, pass: null, paused: true } }],
    tailMs: null,
  });
});

test("a recovery that is done by now comes back as a backfill of what it had left; what verifies does not", () => {
  const whole = { fromMs: hour(9), untilMs: hour(7) - 1 };
  const recovery = {
    ...newJob({ origin: "recovery", order: "desc", whole, caughtUpMs: hour(9) }),
    untilMs: hour(8) - 1,
  };
  const jobs = named(recovery, newJob({ origin: "verify", order: "asc", whole }));
  const effect = effectOf(exported({ cursor: tailAt(1), jobs }), standing(1), NOW_MS);
  expect(effect).toMatchObject({
    reads: [{ job: { origin: "backfill", order: "desc", whole: { fromMs: hour(9), untilMs: hour(8) - 1 } } }],
  });
});

test("behind what is remembered it is refused, unless repeats are allowed", () => {
  expect(effectOf(exported(standing(30)), standing(1), NOW_MS)).toEqual({
    refusal: expect.stringMatching(/ids of 6 hours .* --may-repeat allows it/),
  });
  expect(effectOf(exported(standing(30), { mayRepeat: true }), standing(1), NOW_MS)).toMatchObject({
    reads: [{ job: { mayRepeat: true } }],
    forgottenHours: 6,
  });
});

test("of a life before this state nothing is remembered: what lies before it needs the word, too", () => {
  const anew = standing(1, { cursor: tailAt(1, { beganMs: hour(3), revision: 4 }), ledgers: [] });
  expect(effectOf(exported(standing(10)), anew, NOW_MS)).toEqual({
    refusal: expect.stringMatching(/ids of 7 hours/),
  });
  expect(effectOf(exported(standing(2)), anew, NOW_MS)).toMatchObject({ reads: [{}], forgottenHours: 0 });
});

test.each([
  ["tenant", { tenant: "fabrikam" }, /of tenant fabrikam, the scan's cursor of contoso/],
  ["cursor field", { cursorField: "date" as const }, /of cursor field date, the scan's cursor of created/],
  ["filters", { filtersHash: "0" }, /of filters with the hash 0/],
])("what is of another %s is refused", (_, more, refusal) => {
  expect(effectOf(exported(standing(5), more), standing(1), NOW_MS)).toEqual({
    refusal: expect.stringMatching(refusal),
  });
});

test("what lies in the tenant's future is refused", () => {
  const ahead = exported(standing(-1));
  expect(effectOf(ahead, standing(1), NOW_MS)).toEqual({ refusal: expect.stringContaining("lies in the future") });
});

test("more jobs than a scan may have are refused", () => {
  const many = named(...Array.from({ length: 50 }, (_, at) => backfill(at / 4 + 1.2, at / 4 + 1.1)));
  const effect = effectOf(exported({ cursor: tailAt(5), jobs: many }), standing(1), NOW_MS);
  expect(effect).toEqual({ refusal: expect.stringContaining("50 jobs are open already") });
});

test("an export has nothing of another scan, and says what it has", () => {
  const head = { id: "c", at: "", by: "", scan: "b" };
  const file = { scans: [{ scan: "a" } as never], exportedAt: "", digest: "" };
  expect(() => importOf(file, head, false)).toThrow(expect.objectContaining({ code: "cursor_foreign" }));
  expect(() => importOf(file, head, false)).toThrow('the export has no scan "b": it has a');
});
