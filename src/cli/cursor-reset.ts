import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { systemClock } from "../kit/clock.ts";
import type { CommandContext } from "./cli.ts";
import { planReset, withRetention } from "./command-plan.ts";
import { changeOptions, failOn, type MakeChange, plannedOptions, runChange } from "./command-run.ts";
import { instantOf } from "./instant.ts";

const options = {
  ...changeOptions,
  "to-datetime": { type: "string", demandOption: true, describe: "the new position: an instant or an age" },
  ...plannedOptions,
} as const;

type Flags = InferredOptionTypes<typeof options>;

/** `cursor reset`: moves a scan's position; says first what that costs. */
export function resetModule({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "reset",
    describe: "move a scan's position; a dry run with its cost unless --execute",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 cursor reset -c mdca.yaml --scan contoso-all --to-datetime 6h", "what it would cost")
        .example(
          "$0 cursor reset -c mdca.yaml --scan contoso-all --to-datetime 2026-11-01T00:00:00Z --execute",
          "do it",
        )
        .epilogue("What is published already is recognised, as long as it is remembered, and not published again."),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await runChange(args, changeOf(args), signal)),
  };
}

function changeOf({ toDatetime, mayRepeat }: ArgumentsCamelCase<Flags>): MakeChange {
  const problems: string[] = [];
  const nowMs = systemClock.nowMs();
  const toMs = instantOf("--to-datetime", toDatetime, nowMs, problems);
  if (problems.length > 0) failOn(problems);
  return (target, _, head) => ({
    plan: withRetention(planReset(target, { toMs, mayRepeat }), nowMs),
    command: { ...head, action: "cursor_reset", toMs, mayRepeat },
  });
}
