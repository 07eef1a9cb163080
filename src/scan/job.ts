import { z } from "zod";
import { ageText } from "../kit/age.ts";
import type { Stretch } from "./coverage.ts";
import { epochMs, NO_COUNTS, newPass, type Pass, passSchema, readerCounts } from "./pass.ts";
import { decodeRecord } from "./record.ts";
import { repairSchema } from "./repair.ts";
import { type LastPage, nextSpanMs } from "./tail.ts";
import { NEW_VERIFY, verifySchema } from "./verify.ts";

/** Why a stretch is read by another reader than the tail. */
const ORIGINS = ["lookback", "recovery", "backfill", "verify"] as const;

const JOB_VERSION = 1;

export const jobSchema = z.strictObject({
  version: z.literal(JOB_VERSION),
  origin: z.enum(ORIGINS),
  /** Of a lookback; null for the others. */
  ageMs: z.int().min(1).nullable(),
  /** What it was given to read; inclusive. Of a lookback: its present step. */
  whole: z.strictObject({ fromMs: epochMs, untilMs: epochMs }),
  /** What is left of it; `fromMs` above `untilMs`: nothing. */
  fromMs: epochMs,
  untilMs: epochMs,
  /** Whether it begins with the oldest or with the newest of its stretch. */
  order: z.enum(["asc", "desc"]),
  paused: z.boolean(),
  /** Whether it may publish again what lies where ids are forgotten: an operator's word. */
  mayRepeat: z.boolean(),
  spanMs: z.int().min(1),
  /** Of a recovery: up to where all had been published before the outage; null for the others. */
  caughtUpMs: epochMs.nullable(),
  /** Of a verify job: how far it has compared; null for the others. */
  verify: verifySchema.nullable().default(null),
  /** What a verify job has still to publish by name; null: it publishes nothing so. */
  repair: repairSchema.readonly().nullable().default(null),
  pass: passSchema.nullable(),
  counts: z.strictObject(readerCounts),
});

/**
 * A range job: reads a stretch of the cursor field, span by span. A lookback is one that is given its next step
 * again and again. Values are never changed in place.
 */
export type Job = Readonly<Omit<z.infer<typeof jobSchema>, "version">>;

/** What a job takes in its first pass. */
export const SPAN_FIRST_MS = 3_600_000;

export type NewJob = Pick<Job, "origin" | "order" | "whole"> &
  Partial<Pick<Job, "ageMs" | "mayRepeat" | "caughtUpMs" | "repair">>;

export function newJob({ origin, order, whole, ...more }: NewJob): Job {
  return {
    origin,
    order,
    whole,
    ageMs: null,
    mayRepeat: false,
    caughtUpMs: null,
    verify: origin === "verify" ? NEW_VERIFY : null,
    repair: null,
    ...more,
    fromMs: whole.fromMs,
    untilMs: whole.untilMs,
    paused: false,
    spanMs: SPAN_FIRST_MS,
    pass: null,
    counts: NO_COUNTS,
  };
}

export const encodeJob = (job: Job): string => JSON.stringify({ version: JOB_VERSION, ...job });

/** @throws ConnectorError `cursor_corrupt` | `cursor_newer` */
export function decodeJob(value: Buffer, where: string): Job {
  const { version: _, ...job } = decodeRecord(jobSchema, value, { where, what: "job", version: JOB_VERSION });
  return job;
}

/** A lookback's name by its age, others' by their origin and where their stretch begins. */
export function jobName(job: Pick<Job, "origin" | "ageMs" | "whole">): string {
  const at = job.ageMs === null ? new Date(job.whole.fromMs).toISOString() : ageText(job.ageMs);
  return `${job.origin}/${at}`;
}

/** Whether nothing is left to read. */
export const isDone = (job: Job): boolean => job.fromMs > job.untilMs;

/** Whether a job has still to read something for the first time: what looks back or verifies never has. */
export const isPending = (job: Job): boolean => job.origin !== "lookback" && job.origin !== "verify" && !isDone(job);

/** All that a job may still ask for, the pass that it is in included; inclusive. */
export function leftOf(job: Job): { readonly fromMs: number; readonly untilMs: number } {
  const { baseMs = job.fromMs, reachMs = null } = job.pass ?? {};
  return { fromMs: Math.min(job.fromMs, baseMs), untilMs: Math.max(job.untilMs, reachMs ?? job.untilMs) };
}

/** Whether a job may still ask for something of a stretch. */
export function isLeftIn(job: Job, stretch: Stretch): boolean {
  const left = leftOf(job);
  return left.fromMs < stretch.untilMs && left.untilMs >= stretch.fromMs;
}

/**
 * Opens a job's next pass: the oldest or the newest span of what is left. A lookback reads its whole step, and the
 * last age newest first, so that pages are cut elsewhere than the first time.
 */
export function openJobPass(job: Job, direction: Pass["direction"], serverNowMs: number): Pass {
  const { fromMs, untilMs, order } = job;
  const spanMs = job.origin === "lookback" ? Number.MAX_SAFE_INTEGER : job.spanMs;
  const bounds =
    order === "asc"
      ? { fromMs, untilMs: Math.min(untilMs, fromMs + spanMs - 1) }
      : { fromMs: Math.max(fromMs, untilMs - spanMs + 1), untilMs };
  return newPass({ ...bounds, direction }, serverNowMs);
}

/** The job after its pass has been read to the end. */
export function endJobPass(job: Job, pass: Pass, lastPage: LastPage): Job {
  const reachMs = pass.reachMs ?? job.untilMs;
  const left = job.order === "asc" ? { fromMs: reachMs + 1 } : { untilMs: pass.baseMs - 1 };
  const counts = { ...job.counts, passes: job.counts.passes + 1 };
  return { ...job, ...left, spanMs: nextSpanMs(job.spanMs, pass, lastPage), pass: null, counts };
}
