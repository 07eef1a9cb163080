import type { Cursor } from "../../../src/scan/cursor.ts";
import { type Job, jobName, newJob } from "../../../src/scan/job.ts";
import type { Gap } from "../../../src/scan/ledger.ts";
import { ScanDraft } from "../../../src/scan/scan-draft.ts";
import type { Slices } from "../../../src/scan/slices.ts";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import { cursorAt, HOUR_MS, NOW_MS } from "./cursors.ts";
import { add, adding, ids, newSlices } from "./slice-changes.ts";

export const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;
export const LONG_AGO_MS = NOW_MS - 40 * DAY_MS;
export const hour = (at: number) => NOW_MS + at * HOUR_MS;

interface Given {
  readonly cursor?: Partial<Cursor>;
  readonly jobs?: readonly Job[];
  readonly slices?: Slices;
}

/** A change of a scan whose tail stands at `NOW_MS`, without lookbacks, but for what is given. */
export function draftOf({ cursor = {}, jobs = [], slices = newSlices() }: Given = {}): ScanDraft {
  const at = cursorAt({ beganMs: LONG_AGO_MS, positionMs: NOW_MS + OVERLAP_MS, ...cursor });
  return new ScanDraft("all", { cursor: at, jobs: new Map(jobs.map((job) => [jobName(job), job])), slices });
}

/** Slices with two ids each, at these hours from `NOW_MS`. */
export function slicesAt(...hours: readonly number[]): Slices {
  const slices = newSlices();
  for (const each of hours) add(slices, adding(hour(each), ids(each * 10, 2)));
  return slices;
}

export const range = (fromMs: number, untilMs: number, more: Partial<Job> = {}): Job => ({
  ...newJob({ origin: "backfill", order: "desc", whole: { fromMs, untilMs } }),
  ...more,
});
export const lookback = (whole: Job["whole"], more: Partial<Job> = {}): Job => ({
  ...newJob({ origin: "lookback", order: "asc", ageMs: DAY_MS, whole }),
  ...more,
});
export const owed = (...covered: { fromMs: number; untilMs: number }[]): Partial<Cursor> => ({
  lookbacks: [
    { ageMs: 2 * MINUTE_MS, covered: [{ fromMs: LONG_AGO_MS, untilMs: NOW_MS }] },
    { ageMs: DAY_MS, covered },
  ],
});
export const stall = (atMs: number): Gap => ({ fromMs: atMs, untilMs: atMs, reason: "stall" });

/** The hours whose ids are remembered after the change. */
export function rememberedAfter(draft: ScanDraft): number[] {
  return (draft.apply().slices?.remembered ?? []).map((sliceMs) => (sliceMs - NOW_MS) / HOUR_MS);
}

export function tidied(given: Given, serverNowMs = NOW_MS): number[] {
  const draft = draftOf(given);
  draft.tidy(serverNowMs);
  return rememberedAfter(draft);
}
