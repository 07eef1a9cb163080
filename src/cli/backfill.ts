import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { ConnectorError } from "../kit/errors.ts";
import type { Command } from "../scan/command.ts";
import { addModule } from "./backfill-add.ts";
import { jobLines, jobsOf, queuedOf } from "./backfill-jobs.ts";
import type { CommandContext } from "./cli.ts";
import { targetOf } from "./command-plan.ts";
import { basisOf, changeOptions, type MakeChange, runChange } from "./command-run.ts";
import { chosen, proveTopic, readStates } from "./cursor-state.ts";
import { configOptions, connectKafka, readConfig } from "./wiring.ts";

const listOptions = {
  ...configOptions,
  scan: { type: "string", describe: "only this scan" },
  output: { choices: ["table", "json"] as const, default: "table" as const, describe: "how to print it" },
} as const;

const jobOptions = {
  ...changeOptions,
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
        .example(`$0 backfill ${action} -c mdca.yaml --scan contoso-all --job backfill/2026-11-01T00:00:00.000Z`, ""),
    handler: async (args: ArgumentsCamelCase<JobFlags>) => {
      done(await runChange({ ...args, execute: true }, jobChange(action, args.job), signal));
    },
  };
}

function jobChange(action: JobAction, job: string): MakeChange {
  const actions = { pause: "job_pause", resume: "job_resume", cancel: "job_cancel" } as const;
  return (target, state, head): { plan: null; command: Command } => {
    const known = jobsOf(target, state).map((each) => each.job);
    if (!known.includes(job)) {
      const others = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
      const message = `scan ${target.scan} has no job "${job}": ${others}`;
      throw new ConnectorError("config_invalid", message, { disposition: "fatal" });
    }
    return { plan: null, command: { ...head, action: actions[action], reader: job } };
  };
}
