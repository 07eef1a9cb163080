import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { configInvalid } from "../kit/errors.ts";
import { addModule } from "./backfill-add.ts";
import { type JobView, jobLines, jobsOf, queuedOf } from "./backfill-jobs.ts";
import type { CommandContext } from "./cli.ts";
import { costText, type Plan, plainPlan, type Target, targetOf } from "./command-plan.ts";
import { basisOf, changeOptions, executeOption, type MakeChange, runChange } from "./command-run.ts";
import { chosen, proveTopic, readStates } from "./cursor-state.ts";
import { iso } from "./instant.ts";
import { configOptions, connectKafka, readConfig } from "./wiring.ts";

const listOptions = {
  ...configOptions,
  scan: { type: "string", describe: "only this scan" },
  output: { choices: ["table", "json"] as const, default: "table" as const, describe: "how to print it" },
} as const;

const jobOptions = {
  ...changeOptions,
  ...executeOption,
  job: { type: "string", demandOption: true, describe: "as `backfill list` names it: backfill/<from>" },
} as const;

type ListFlags = InferredOptionTypes<typeof listOptions>;
type JobFlags = InferredOptionTypes<typeof jobOptions>;

/** `backfill`: stretches that are read beside the tail. */
export function backfillCommand(context: CommandContext): CommandModule {
  const { signal, done } = context;
  const list: CommandModule<object, ListFlags> = {
    command: "list",
    describe: "the jobs, how far each has come and what it still costs, and the commands that wait for the connector",
    builder: (yargs) =>
      yargs
        .options(listOptions)
        .example("$0 backfill list -c mdca.yaml", "of all scans")
        .example("$0 backfill list -c mdca.yaml --scan contoso-all --output json", "of one, for programs"),
    handler: async (args: ArgumentsCamelCase<ListFlags>) => done(await listJobs(args, signal)),
  };
  return {
    command: "backfill <action>",
    describe: "read stretches of the cursor field beside the tail",
    builder: (yargs) =>
      yargs
        .command(addModule(context))
        .command(list)
        .command(jobModule("pause", "stop reading for a job, durably", context))
        .command(jobModule("resume", "go on with a paused job", context))
        .command(jobModule("cancel", "end a job; what it has published stays published", context))
        .demandCommand(1, "an action is missing: add, list, pause, resume or cancel"),
    handler: () => {},
  };
}

async function listJobs(args: ArgumentsCamelCase<ListFlags>, signal: AbortSignal): Promise<number> {
  const { config } = readConfig(args);
  const scans = chosen(config, args.scan);
  await using kafka = connectKafka(config);
  const isSound = await proveTopic(config, kafka, signal);
  const states = await readStates(scans, kafka, signal);
  const jobs = states.flatMap(({ scan, state }) => jobsOf(targetOf(basisOf(config, scan), state), state));
  const queued = states.flatMap(({ scan, state }) => queuedOf(scan.name, state));
  const text = args.output === "json" ? JSON.stringify({ jobs, queued }, null, 2) : jobLines(jobs, queued).join("\n");
  process.stdout.write(`${text}\n`);
  return isSound ? 0 : 1;
}

type JobAction = "pause" | "resume" | "cancel";

function jobModule(
  action: JobAction,
  describe: string,
  { signal, done }: CommandContext,
): CommandModule<object, JobFlags> {
  return {
    command: action,
    describe,
    builder: (yargs) =>
      yargs
        .options(jobOptions)
        .example(
          `$0 backfill ${action} -c mdca.yaml --scan all --job backfill/2026-11-01T00:00:00.000Z`,
          "what it does",
        )
        .example(
          `$0 backfill ${action} -c mdca.yaml --scan all --job backfill/2026-11-01T00:00:00.000Z --execute`,
          "do it",
        ),
    handler: async (args: ArgumentsCamelCase<JobFlags>) => {
      done(await runChange(args, jobChange(action, args.job), signal));
    },
  };
}

function jobChange(action: JobAction, job: string): MakeChange {
  const actions = { pause: "job_pause", resume: "job_resume", cancel: "job_cancel" } as const;
  return (target, state, head) => {
    const known = jobsOf(target, state);
    const found = known.find((each) => each.job === job);
    if (found === undefined) {
      const others = known.length === 0 ? "it has none" : `it has ${known.map((each) => each.job).join(", ")}`;
      const message = `scan ${target.scan} has no job "${job}": ${others}`;
      throw configInvalid(message);
    }
    return { plan: planJob(target, action, found), command: { ...head, action: actions[action], reader: job } };
  };
}

/** Nothing is asked by it that was not to be asked before; what a job would read is told. */
function planJob(target: Target, action: JobAction, { job, left, leftCost, origin, state }: JobView): Plan {
  const rest = left === null ? "what it has left" : `${left.from} to ${left.until}`;
  const costs = leftCost === null ? [] : [`left to read: ${costText(leftCost)}`];
  if (action === "pause") return plainPlan(target, `let ${job} wait, with ${rest} unread, until it is resumed`, costs);
  if (action === "resume") {
    const asBefore = state === "running" ? ["it is not paused"] : [];
    return plainPlan(target, `go on with ${job} and read ${rest}`, [...costs, ...asBefore]);
  }
  const notes = [
    origin === "verify" ? "nothing is open by it: all of it was read before" : gapOf(target, left),
    ...costs,
  ];
  return plainPlan(target, `end ${job}; what it has published stays published`, notes);
}

/** What of a job's stretch is open as a gap when it is cancelled. */
function gapOf({ beganMs }: Target, left: JobView["left"]): string {
  if (left === null) return "what it has not read is open as a gap";
  const from = iso(Math.max(Date.parse(left.from), beganMs ?? Number.NEGATIVE_INFINITY));
  if (from < left.until)
    return `${from} to ${left.until} is open as a gap: \`backfill add\` would read it all the same`;
  return "no gap is opened: what it has not read lies before where the scan began, and is owed by nobody";
}
