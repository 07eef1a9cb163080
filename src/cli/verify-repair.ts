import { randomUUID } from "node:crypto";
import type { ShardState } from "../kafka/port.ts";
import type { Clock } from "../kit/clock.ts";
import { jobName } from "../scan/job.ts";
import { idsOf } from "../scan/repair.ts";
import { tellStage } from "./as-owner.ts";
import { carryOut } from "./carry-out.ts";
import { counted } from "./command-plan.ts";
import type { Place } from "./command-run.ts";
import { iso } from "./instant.ts";
import type { RepairRun, Repairs } from "./repairs.ts";
import type { CommandHead } from "./send-command.ts";
import { followVerify } from "./verify-report.ts";

/** What became of a repair. Times are ISO 8601, `until` excluded. */
export interface RepairReport {
  readonly runs: readonly RepairedRun[];
  readonly held: number;
  readonly left: number;
}

interface RepairedRun {
  readonly from: string;
  readonly until: string;
  /** For people. */
  readonly message: string;
  readonly asked: number;
  /** As far as the job was followed to its end. */
  readonly published: number;
}

export interface RepairedBy {
  readonly place: Place;
  readonly head: CommandHead;
  readonly clock: Clock;
  readonly waitMs: number;
  readonly mayRepeat: boolean;
  /** Of the shard. */
  readonly state: ShardState;
}

/** Has what is missing published, run by run, each followed to its end. @throws ConnectorError; the reason of `signal`. */
export async function repair(
  { runs, held, left }: Repairs,
  by: RepairedBy,
  signal: AbortSignal,
): Promise<RepairReport> {
  const done: RepairedRun[] = [];
  for (const run of runs) done.push(await carried(run, by, signal));
  return { runs: done, held, left };
}

async function carried(run: RepairRun, by: RepairedBy, signal: AbortSignal): Promise<RepairedRun> {
  const { place, clock, waitMs, mayRepeat, state: before } = by;
  const { fromMs, untilMs, repair: what } = run;
  const head = { ...by.head, id: randomUUID(), at: iso(clock.nowMs()) };
  const command = { ...head, action: "repair_add", fromMs, untilMs, repair: what, mayRepeat } as const;
  const offsets: bigint[] = [];
  const change = {
    ...place,
    command,
    emit: tellStage,
    onSent: ({ offset }: { offset: bigint }) => void offsets.push(offset),
  };
  const { kafka, shard } = place;
  const outcome = await carryOut(change, { kafka, clock, waitMs }, signal);
  const told = {
    from: iso(fromMs),
    until: iso(untilMs),
    message: `${outcome.outcome}: ${outcome.message}`,
    asked: run.ids,
  };
  const [offset] = offsets;
  if (outcome.outcome !== "done" || "asOwner" in outcome || offset === undefined) return { ...told, published: 0 };
  const job = jobName({ origin: "verify", ageMs: null, whole: { fromMs, untilMs } });
  const onTenth = () => undefined;
  const followed = { kafka, scan: head.scan, job, shard, offset, before, onTenth, onShown: () => true };
  const ended = await followVerify(followed, signal);
  const leftOver = (ended.job?.repair ?? what).reduce((sum, hour) => sum + idsOf(hour).length, 0);
  return { ...told, published: run.ids - leftOver };
}

/** For people. */
export function repairLines({ runs, held, left }: RepairReport): string[] {
  const lines = runs.map(({ from, until, message, asked, published }) => {
    const notAll =
      published === asked ? "" : `: of the others the API showed nothing, or their hour has changed (${message})`;
    return `repair of ${from} to ${until}: ${published} of ${asked} published${notAll}`;
  });
  if (runs.length === 0) lines.push("there is nothing to repair");
  if (held > 0) {
    const who = counted(held, "activity was", "activities were");
    lines.push(`${who} published before, or may have been: who has read them gets them twice with --may-repeat`);
  }
  if (left > 0) lines.push(`${counted(left, "activity", "activities")} did not fit in: do it again for the rest`);
  return lines;
}
