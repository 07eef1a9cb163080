import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { systemClock } from "../kit/clock.ts";
import type { CommandContext } from "./cli.ts";
import { planBackfill, withRetention } from "./command-plan.ts";
import { changeOptions, failOn, type MakeChange, plannedOptions, runChange } from "./command-run.ts";
import { instantOf, iso } from "./instant.ts";

const options = {
  ...changeOptions,
  from: { type: "string", demandOption: true, describe: "the beginning: an instant or an age" },
  until: { type: "string", demandOption: true, describe: "the end, excluded: an instant, an age or now" },
  order: {
    choices: ["newest-first", "oldest-first"] as const,
    default: "newest-first" as const,
    describe: "what is read first",
  },
  ...plannedOptions,
} as const;

type Flags = InferredOptionTypes<typeof options>;

/** `backfill add`: has a stretch read beside the tail; says first what that costs. */
export function addModule({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "add",
    describe: "read a stretch of the cursor field beside the tail; a dry run with its cost unless --execute",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 backfill add -c mdca.yaml --scan contoso-all --from 30d --until 7d", "what it would cost")
        .example(
          "$0 backfill add -c mdca.yaml --scan contoso-all --from 2026-11-01T00:00:00Z --until 2026-11-02T00:00:00Z " +
            "--order oldest-first --execute",
          "one day, in its order",
        ),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await runChange(args, changeOf(args), signal)),
  };
}

function changeOf({ from, until, order: first, mayRepeat }: ArgumentsCamelCase<Flags>): MakeChange {
  const problems: string[] = [];
  const nowMs = systemClock.nowMs();
  const fromMs = instantOf("--from", from, nowMs, problems);
  const untilMs = instantOf("--until", until, nowMs, problems);
  if (problems.length === 0 && fromMs >= untilMs) {
    problems.push(`--from: ${iso(fromMs)} is not before --until, ${iso(untilMs)}`);
  }
  if (problems.length > 0) failOn(problems);
  const order = first === "newest-first" ? "desc" : "asc";
  return (target, _, head) => ({
    plan: withRetention(planBackfill(target, { fromMs, untilMs, order, mayRepeat }), nowMs),
    command: { ...head, action: "backfill_add", fromMs, untilMs, order, mayRepeat },
  });
}
