import { expect, test } from "vitest";
import {
  decodeJob,
  encodeJob,
  endJobPass,
  isDone,
  type Job,
  jobName,
  type NewJob,
  newJob,
  openJobPass,
} from "../../../src/scan/job.ts";
import { HOUR_MS, NOW_MS, passAt } from "./cursors.ts";

const FEW = { activities: 1, limit: 500 };
const whole = { fromMs: NOW_MS - 9 * HOUR_MS, untilMs: NOW_MS - 1 };
const jobOf = (more: Partial<NewJob> = {}) => newJob({ origin: "backfill", order: "asc", whole, ...more });

/** The spans that a job reads, in its order; each ends as if it had been read. */
function spansOf(job: Job): { fromMs: number; untilMs: number | null }[] {
  const spans: { fromMs: number; untilMs: number | null }[] = [];
  let at = job;
  while (!isDone(at)) {
    if (spans.length > 50) throw new Error("no end");
    const pass = openJobPass(at, "asc", NOW_MS);
    spans.push({ fromMs: pass.fromMs, untilMs: pass.untilMs });
    at = endJobPass(at, { ...pass, pages: 2 }, FEW);
  }
  return spans;
}

test.each(["asc", "desc"] as const)("a job in order %s reads its whole, hour by hour, no instant twice", (order) => {
  const hours = Array.from({ length: 9 }, (_, at) => whole.fromMs + at * HOUR_MS);
  const expected = hours.map((fromMs) => ({ fromMs, untilMs: fromMs + HOUR_MS - 1 }));
  expect(spansOf(jobOf({ order }))).toEqual(order === "asc" ? expected : expected.reverse());
});

test("a job's last span ends with its whole, and a whole of one instant is one span", () => {
  const odd = { fromMs: NOW_MS, untilMs: NOW_MS + HOUR_MS + 9 };
  expect(spansOf(jobOf({ whole: odd })).at(-1)).toEqual({ fromMs: NOW_MS + HOUR_MS, untilMs: NOW_MS + HOUR_MS + 9 });
  expect(spansOf(jobOf({ whole: odd, order: "desc" })).at(-1)).toEqual({ fromMs: NOW_MS, untilMs: NOW_MS + 9 });
  expect(spansOf(jobOf({ whole: { fromMs: 7, untilMs: 7 } }))).toEqual([{ fromMs: 7, untilMs: 7 }]);
});

test("a lookback reads its whole step at once, whatever its span, in the direction that is asked", () => {
  const pass = openJobPass(jobOf({ origin: "lookback", ageMs: 120_000 }), "desc", NOW_MS);
  expect(pass).toMatchObject({ ...whole, baseMs: whole.fromMs, reachMs: whole.untilMs, direction: "desc" });
  expect(pass.serverStartMs).toBe(NOW_MS);
});

test("a job goes on from what its pass was opened over, not from where a nudge or a stall has led it", () => {
  const pass = passAt({ fromMs: whole.fromMs + 500, untilMs: whole.fromMs + 1_001, pages: 2 });
  const led = { ...pass, baseMs: whole.fromMs, reachMs: whole.fromMs + 1_000 };
  expect(endJobPass(jobOf(), led, FEW)).toMatchObject({ fromMs: whole.fromMs + 1_001, untilMs: whole.untilMs });
});

test("spans of a job grow where little is found and shrink where passes take long; its passes are counted", () => {
  const end = (pages: number) => {
    const job = { ...jobOf(), spanMs: HOUR_MS, pass: passAt() };
    return endJobPass(job, passAt({ baseMs: whole.fromMs, reachMs: whole.fromMs, pages }), FEW);
  };
  expect([1, 2, 21].map((pages) => end(pages).spanMs)).toEqual([2 * HOUR_MS, HOUR_MS, HOUR_MS / 2]);
  expect(end(1)).toMatchObject({ pass: null, counts: { passes: 1 } });
});

test("lookbacks are named by their age, other jobs by where their stretch begins", () => {
  expect(jobName(jobOf({ origin: "lookback", ageMs: 86_400_000 }))).toBe("lookback/24h");
  expect(jobName(jobOf({ whole: { fromMs: NOW_MS, untilMs: NOW_MS } }))).toBe("backfill/2026-11-23T09:00:00.000Z");
});

test("a job comes back from its record as it was, in a pass or not", () => {
  const jobs = [jobOf(), { ...jobOf({ origin: "recovery", caughtUpMs: 5 }), paused: true, pass: passAt() }];
  for (const job of jobs) expect(decodeJob(Buffer.from(encodeJob(job)), "scan a")).toEqual(job);
});

test("a job's record from before there was anything to verify is read", () => {
  const { verify: _, ...old } = JSON.parse(encodeJob(jobOf())) as Record<string, unknown>;
  expect(decodeJob(Buffer.from(JSON.stringify(old)), "scan a")).toEqual(jobOf());
});

test.each([
  ["garbage", "cursor_corrupt", "scan a, x: the job record is not JSON"],
  [encodeJob(jobOf()).replace('"backfill"', '"whim"'), "cursor_corrupt", "damaged at origin"],
  [encodeJob(jobOf()).replace('"version":1', '"version":2'), "cursor_newer", "version 2, this program knows 1"],
])("a record that is no job, or a newer one, is told with its place: %s", (text, code, message) => {
  const decode = () => decodeJob(Buffer.from(text), "scan a, x");
  expect(decode).toThrow(expect.objectContaining({ code, disposition: "fatal" }));
  expect(decode).toThrow(message);
});
