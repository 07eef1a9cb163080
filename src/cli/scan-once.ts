import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { SYNC_BYTES } from "../activity/container.ts";
import type { Config, TenantConfig } from "../config/config.ts";
import type { TenantPort } from "../connector/tenant-run.ts";
import { systemClock } from "../kit/clock.ts";
import { ConnectorError, describeError } from "../kit/errors.ts";
import { hideSecrets } from "../kit/secret.ts";
import type { OneShotState } from "../scan/one-shot-state.ts";
import { Budget } from "../tenant/budget.ts";
import { Asker } from "./asker.ts";
import { OneShot, type OneShotDeps, type OneShotPlan } from "./one-shot.ts";
import { Output } from "./output.ts";
import { openProgress, type Progress } from "./progress.ts";
import { type FormatName, openFormat } from "./scan-format.ts";
import { type AskedFor, removeState, writeState } from "./scan-state.ts";
import { type Ended, summaryJson, summaryLine } from "./scan-summary.ts";
import type { Tally } from "./scan-tally.ts";
import { connectTenant } from "./wiring.ts";

/** One scan as its flags, and what an earlier process left of it, have it. */
export interface ScanJob {
  readonly config: Config;
  readonly tenant: TenantConfig;
  /** What the tenant is called in messages and records. */
  readonly label: string;
  readonly plan: OneShotPlan;
  readonly format: FormatName;
  /** Null: standard output. */
  readonly out: string | null;
  readonly asked: AskedFor;
  /** Null: nobody will go on with it. */
  readonly stateFile: string | null;
  readonly state: OneShotState | null;
  readonly warnings: readonly string[];
  readonly summary: { readonly output: "text" | "json"; readonly file: string | null };
}

/** Notes that the summary repeats. */
const NOTES_MAX = 100;

/**
 * Carries a scan out, and says what it was, however it ends.
 * @returns the exit code. @throws what ended it, the reason of `signal` included.
 */
export async function scanOnce(job: ScanJob, signal: AbortSignal): Promise<number> {
  const sync = job.state?.output.sync ?? randomBytes(SYNC_BYTES);
  const format = openFormat(job.format, { tenant: job.label, sync, nowMs: () => systemClock.nowMs() });
  const from = job.state?.output ?? null;
  await using output = await Output.open({ file: job.out, head: format.head, from, isKept: job.stateFile !== null });
  await using client = connectTenant(job.config, job.tenant);
  const notes = openNotes(job);
  const asker = openAsker(job, client, notes);
  const oneShot = new OneShot(job.plan, { asker, format, ...portsOf(job, { output, notes, sync }) }, job.state);
  const { tally } = oneShot;
  const before = tally.activities;
  const end = (ending: Ended["ending"], error: Ended["error"] = null) => {
    notes.progress.stop();
    const activities = before + output.activities;
    const { format, out, state } = job;
    const { traffic } = asker;
    tell(job, { ending, error, tally, traffic, activities, format, out, isResumed: state !== null, notes: notes.all });
  };
  try {
    await oneShot.run(signal);
    await output.begin();
    if (output.isRead && job.stateFile !== null) await removeState(job.stateFile);
  } catch (error) {
    const code = error instanceof ConnectorError ? error.code : null;
    end(signal.aborted ? "stopped" : "failed", { code, message: hideSecrets(describeError(error)) });
    throw error;
  }
  if (!tally.isComplete) notes.note(incompleteness(tally));
  end(output.isRead ? (tally.isComplete ? "done" : "incomplete") : "ended by its reader");
  return tally.isComplete ? 0 : 1;
}

function openAsker({ label, tenant }: ScanJob, client: TenantPort, { progress }: Notes): Asker {
  return new Asker({
    tenant: label,
    client,
    budget: new Budget({ requests: tenant.requestsPerMinute }, systemClock.monotonicMs()),
    clock: systemClock,
    random: Math.random,
    onWait: (reason, waitMs) => progress.onWait(reason, waitMs),
  });
}

/** Where the scan's pages, its state and its words go. */
function portsOf(
  { stateFile, asked }: ScanJob,
  { output, notes, sync }: { output: Output; notes: Notes; sync: Buffer },
): Omit<OneShotDeps, "asker" | "format"> {
  return {
    nowMs: () => systemClock.nowMs(),
    write: (pieces, stop) => output.write(pieces, stop),
    keep: async (standing) => {
      if (stateFile === null) return;
      const end = { ...(await output.settled()), sync };
      await writeState(stateFile, { ...standing(), asked, output: end });
    },
    note: notes.note,
    onPage: (tally) => notes.progress.onPage(tally),
  };
}

interface Notes {
  readonly note: (text: string) => void;
  readonly all: readonly string[];
  readonly progress: Progress;
}

/** Notes go to a person at once, or with the bar; to a program with the summary. */
function openNotes({ out, summary, state, stateFile, warnings }: ScanJob): Notes {
  // A bar among lines on the same terminal helps nobody.
  const isMixed = out === null && process.stdout.isTTY === true;
  const progress = openProgress({
    stderr: process.stderr,
    bar: process.stderr.isTTY === true && !isMixed && summary.output === "text",
    monotonicMs: () => systemClock.monotonicMs(),
  });
  const all: string[] = [];
  const note = (text: string) => {
    if (all.length < NOTES_MAX) all.push(hideSecrets(text));
    if (summary.output === "text") progress.note(text);
  };
  for (const warning of warnings) note(`warning: ${warning}`);
  if (state !== null) {
    note(`goes on behind ${state.tally.activities.toLocaleString("en")} activities, by ${stateFile}`);
  }
  return { note, all, progress };
}

function incompleteness({ gaps, leftOut }: Tally): string {
  const reasons = [
    ...(gaps.length > 0 ? ["the activities of the instants named above could not all be read"] : []),
    ...(leftOut > 0 ? [`${leftOut} activities are no sound JSON objects with an id: --format ndjson has them`] : []),
  ];
  return `not complete: ${reasons.join("; ")}`;
}

function tell({ summary }: ScanJob, ended: Ended): void {
  const json = `${summaryJson(ended)}\n`;
  process.stderr.write(summary.output === "json" ? json : `${summaryLine(ended)}\n`);
  if (summary.file === null) return;
  try {
    writeFileSync(summary.file, json);
  } catch (error) {
    process.stderr.write(`--summary: cannot write ${summary.file}: ${describeError(error)}\n`);
  }
}
