import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { systemClock } from "../kit/clock.ts";
import { pausedText } from "../scan/apply-command.ts";
import { costOf } from "../scan/cost.ts";
import { tailFromMs } from "../scan/tail.ts";
import type { CommandContext } from "./cli.ts";
import { plainPlan, UNREADABLE } from "./command-plan.ts";
import { type Change, changeOptions, executeOption, type MakeChange, runChange } from "./command-run.ts";
import { iso } from "./instant.ts";

const options = { ...changeOptions, ...executeOption } as const;

type Flags = InferredOptionTypes<typeof options>;

/** `scan pause`: nothing is asked for a scan any more, durably. */
export function pauseModule({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "pause",
    describe: "ask nothing more for a configured scan, whoever restarts, until it is resumed",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 scan pause -c mdca.yaml --scan contoso-all", "what it does")
        .example("$0 scan pause -c mdca.yaml --scan contoso-all --execute", "do it")
        .epilogue("The request under way is published first. The tenant's other scans go on."),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await runChange(args, pausing, signal)),
  };
}

/** `scan resume`: a paused scan goes on, as after an outage. */
export function resumeModule({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "resume",
    describe: "let a paused scan go on; what it has missed is read as after an outage",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 scan resume -c mdca.yaml --scan contoso-all", "what it does and costs")
        .example("$0 scan resume -c mdca.yaml --scan contoso-all --execute", "do it"),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await runChange(args, resuming, signal)),
  };
}

const pausing: MakeChange = (target, _, head): Change => {
  const paused = target.cursor?.paused ?? null;
  const plan = plainPlan(target, "ask nothing more for it, until `scan resume`; the tenant's other scans go on", [
    "what is owed stays owed: its lookbacks, recoveries and backfills go on when it does",
    "its lag grows all the while, and so do the alerts on it",
  ]);
  const refusal = paused === null ? null : `it is ${pausedText(paused)} already`;
  return { plan: { ...plan, refusal }, command: { ...head, version: 2, action: "scan_pause" } };
};

const resuming: MakeChange = (target, _, head): Change => {
  const { cursor } = target;
  if (cursor === null) return { plan: { ...plainPlan(target, "go on"), refusal: UNREADABLE }, command: null };
  const missed = { fromMs: tailFromMs(cursor), untilMs: systemClock.nowMs() };
  const { ledgers, requestsPerMinute } = target.basis;
  const cost = { ...costOf(missed, target.basis), requestsPerMinute, knownHours: ledgers.length };
  const since = cursor.paused === null ? "" : `, ${pausedText(cursor.paused)}`;
  const does = `go on with it${since}; what it has missed since ${iso(missed.fromMs)} is read as after an outage`;
  const plan = { ...plainPlan(target, does), from: iso(missed.fromMs), until: iso(missed.untilMs), cost };
  const refusal = cursor.paused === null ? "it is not paused" : null;
  return { plan: { ...plan, refusal }, command: { ...head, version: 2, action: "scan_resume" } };
};
