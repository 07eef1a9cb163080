import type { KafkaPort, ShardState } from "../kafka/port.ts";
import { decodeJob, type Job } from "../scan/job.ts";
import { decodeLedger, isMismatch, parseSliceKey, readerKey } from "../scan/ledger.ts";
import { shownKey } from "../scan/shown.ts";
import { countsOf, NEW_VERIFY, type VerifyCounts } from "../scan/verify.ts";
import { counted } from "./command-plan.ts";
import { iso } from "./instant.ts";
import { agrees, type IdReport, idLines } from "./sides-report.ts";

/** What a verify job came to. Times are ISO 8601. */
export interface VerifyReport {
  readonly hours: VerifyCounts;
  /** Hours that differ, by their beginning: what was published, or dead-lettered, and what the API shows. */
  readonly mismatches: readonly { readonly hour: string; readonly published: number; readonly shown: number }[];
  /** Hours that could not be judged, by why. */
  readonly unjudged: Readonly<Record<string, number>>;
  /** What the job found where ids are remembered, and published: it had shown late. */
  readonly foundLate: number;
  /** Whether it read all that it was given; not, where it was cancelled. */
  readonly finished: boolean;
  /** What the comparison by ids came to; null: it was not asked for. */
  readonly ids: IdReport | null;
}

/** Whose job is followed, and from where in the shard. */
export interface Followed {
  readonly kafka: KafkaPort;
  readonly scan: string;
  readonly job: string;
  readonly shard: number;
  readonly offset: bigint;
  /** Of the shard, before the job: comparisons that are told there already are others'. */
  readonly before: ShardState;
  /** Told each tenth of the way, as a number from 0 to 9. */
  onTenth(tenth: number): void;
  /** Told what the job tells of what it is shown, record by record. False ends the following. */
  onShown(value: Buffer): boolean;
}

/** What a job came to, and the job as it was at its end; null: it was never seen. */
export interface Ended {
  readonly report: Omit<VerifyReport, "ids">;
  readonly job: Job | null;
}

/** Follows a verify job to its end, however long that takes. @throws the reason of `signal`. */
export async function followVerify(followed: Followed, signal: AbortSignal): Promise<Ended> {
  const { kafka, scan, job: name, shard, offset, before } = followed;
  const over = new AbortController();
  const mismatches = new Map<number, VerifyReport["mismatches"][number]>();
  let job: Job | null = null;
  let tenth = 0;
  const onRecord = (key: string, value: Buffer | null): void => {
    const slice = parseSliceKey(key);
    if (slice?.scan === scan && slice.chunk === null) note(slice.sliceMs, key, value);
    if (key === shownKey(scan, name) && value !== null && !followed.onShown(value)) over.abort();
    if (key === readerKey(scan, name) && !over.signal.aborted) onJob(value);
  };
  const onJob = (value: Buffer | null): void => {
    if (value === null) {
      if (job !== null) over.abort();
      return;
    }
    job = decodeJob(value, name);
    const now = Math.floor(10 * doneOf(job));
    if (now > tenth && now < 10) followed.onTenth(now);
    tenth = Math.max(tenth, now);
  };
  const note = (sliceMs: number, key: string, value: Buffer | null): void => {
    if (value === null) return;
    const ledger = decodeLedger(value, key);
    const known = before.get(key);
    const { verified } = ledger;
    if (known !== undefined && decodeLedger(known, key).verified?.atMs === verified?.atMs) return;
    if (verified === null || !isMismatch(ledger)) mismatches.delete(sliceMs);
    else mismatches.set(sliceMs, { hour: iso(sliceMs), published: ledger.ids, shown: verified.ids });
  };
  await kafka.followFrom(shard, offset, onRecord, AbortSignal.any([signal, over.signal]));
  signal.throwIfAborted();
  return { report: reportOf(job, mismatches), job };
}

function reportOf(job: Job | null, mismatches: ReadonlyMap<number, VerifyReport["mismatches"][number]>) {
  const verify = job?.verify ?? NEW_VERIFY;
  return {
    hours: countsOf(verify),
    mismatches: [...mismatches].sort(([a], [b]) => a - b).map(([, each]) => each),
    unjudged: verify.unjudged,
    foundLate: job?.counts.published ?? 0,
    finished: job !== null && job.fromMs > job.untilMs,
  };
}

function doneOf({ whole, fromMs }: Job): number {
  return (fromMs - whole.fromMs) / (whole.untilMs - whole.fromMs + 1);
}

/** For people. */
export function verifyLines({ hours, mismatches, unjudged, foundLate, finished, ids }: VerifyReport): string[] {
  const { equal, different } = hours;
  const lines = [
    `${counted(equal + different, "hour")} compared with the API: ${equal} equal, ${different} different; ` +
      `${hours.unjudged} could not be judged`,
    ...mismatches.map(({ hour, published, shown }) => `  ${hour}: ${published} published, the API shows ${shown}`),
    ...Object.entries(unjudged).map(([reason, count]) => `  not judged: ${counted(count, "hour")}: ${reason}`),
  ];
  if (foundLate > 0)
    lines.push(`${counted(foundLate, "activity", "activities")} had shown late and were published now`);
  if (!finished) lines.push("the job was cancelled before its end");
  return ids === null ? lines : [...lines, ...idLines(ids)];
}

/** Whether all that could be compared is equal, to the job's end. */
export const isSound = ({ hours, finished, ids }: VerifyReport): boolean =>
  finished && hours.different === 0 && (ids === null || agrees(ids));
