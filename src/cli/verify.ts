import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { systemClock } from "../kit/clock.ts";
import { jobName } from "../scan/job.ts";
import { SLICE_MS, sliceOf } from "../scan/slice.ts";
import type { CommandContext } from "./cli.ts";
import { planVerify } from "./command-plan.ts";
import { changeOptions, failOn, type MakeChange, plannedOptions, runChange } from "./command-run.ts";
import { instantOf, iso } from "./instant.ts";
import { followVerify, isSound, verifyLines } from "./verify-report.ts";

const options = {
  ...changeOptions,
  from: { type: "string", demandOption: true, describe: "the beginning: an instant or an age; whole hours are read" },
  to: { type: "string", demandOption: true, describe: "the end, excluded: an instant, an age or now" },
  execute: plannedOptions.execute,
} as const;

type Flags = InferredOptionTypes<typeof options>;

/** `verify`: has a stretch read again and compared with what was published; says first what that costs. */
export function verifyCommand({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "verify",
    describe: "compare what was published with what the API shows now; a dry run with its cost unless --execute",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 verify -c mdca.yaml --scan contoso-all --from 7d --to 1d", "what it would cost")
        .example("$0 verify -c mdca.yaml --scan contoso-all --from 7d --to 1d --execute", "do it, and wait for its end")
        .epilogue(
          "The connector reads the stretch beside all else, with the least weight; --wait is for its answer, not for the " +
            "end. What had shown late is published where ids are remembered; hours whose ids are forgotten are compared by " +
            "count and digest. Exits 1 when an hour differs. Stopping this command does not stop the job: " +
            "`backfill list` shows it, `backfill cancel` ends it.",
        ),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await runChange(args, changeOf(args, signal), signal)),
  };
}

function changeOf({ from, to }: ArgumentsCamelCase<Flags>, signal: AbortSignal): MakeChange {
  const problems: string[] = [];
  const nowMs = systemClock.nowMs();
  const fromMs = sliceOf(instantOf("--from", from, nowMs, problems));
  const toMs = instantOf("--to", to, nowMs, problems);
  if (problems.length === 0 && fromMs >= toMs) problems.push(`--from: ${iso(fromMs)} is not before --to, ${iso(toMs)}`);
  if (problems.length > 0) failOn(problems);
  const untilMs = sliceOf(toMs - 1) + SLICE_MS;
  return (target, before, head) => {
    const range = { fromMs: Math.max(fromMs, target.beganMs ?? fromMs), untilMs };
    const job = jobName({ origin: "verify", ageMs: null, whole: { ...range } });
    return {
      plan: planVerify(target, range),
      command: { ...head, action: "verify_add", ...range },
      follow: async ({ kafka, shard, offset }) => {
        const onTenth = (tenth: number) => void process.stderr.write(`${job}: ${tenth}0 % read\n`);
        const report = await followVerify({ kafka, scan: head.scan, job, shard, offset, before, onTenth }, signal);
        return { report, lines: verifyLines(report), isSound: isSound(report) };
      },
    };
  };
}
