import { isDone, newJob, openJobPass } from "../scan/job.ts";
import { nextStep } from "../scan/lookback.ts";
import type { Pass } from "../scan/pass.ts";
import { lookbackName } from "../scan/planner.ts";
import { openPass } from "../scan/tail.ts";
import type { ScanMemory } from "./scan-memory.ts";

/** A reader's pass that is under way or about to begin. */
export interface OpenReader {
  readonly pass: Pass;
  readonly mayRepeat: boolean;
}

/**
 * The pass that a reader is in, or its next one; a lookback is given its next step. Null when there is none yet: a
 * lookback's step that is not old enough, a job that is done.
 *
 * @param name `tail`, or a job's name.
 */
export function openReader(memory: ScanMemory, name: string, serverNowMs: number): OpenReader | null {
  const { cursor } = memory;
  if (name === "tail") return { pass: cursor.pass ?? openPass(cursor, serverNowMs), mayRepeat: false };
  const ages = cursor.lookbacks.map(({ ageMs }) => ageMs);
  const ageMs = ages.find((each) => lookbackName(each) === name);
  const job = memory.jobs.get(name);
  if (job?.pass != null) return { pass: job.pass, mayRepeat: job.mayRepeat };
  if (ageMs === undefined) {
    if (job === undefined || job.paused || isDone(job)) return null;
    return { pass: openJobPass(job, "asc", serverNowMs), mayRepeat: job.mayRepeat };
  }
  const step = nextStep(cursor, ageMs, memory.jobs.values(), serverNowMs);
  if (step === null || step.dueMs > serverNowMs) return null;
  const whole = { fromMs: step.fromMs, untilMs: step.untilMs - 1 };
  const fresh = newJob({ origin: "lookback", order: "asc", whole, ageMs });
  const next = job === undefined ? fresh : { ...fresh, counts: job.counts };
  memory.setJob(name, next);
  // The last age reads newest first, so that pages are cut elsewhere and defects fall differently.
  const direction = ageMs === ages.at(-1) ? "desc" : "asc";
  return { pass: openJobPass(next, direction, serverNowMs), mayRepeat: false };
}

/**
 * Whether the next page may be as full as pages get: it follows one that had more to come, or its reader is behind. The
 * other ones find what is new since the last poll, or late.
 */
export function mayBeFull(name: string, pass: Pass): boolean {
  if (pass.pages > 0) return true;
  return name === "tail" ? pass.reachMs !== null : readerKind(name) !== "lookback";
}

/** `lookback/2m` is of the kind `lookback`. */
export const readerKind = (name: string): string => name.split("/")[0] ?? name;

/** What metrics call a reader: a lookback by its age, others by their kind. */
export const readerLabel = (name: string): string =>
  name.startsWith("lookback/") ? name.replace("/", "_") : readerKind(name);
