import { readFileSync } from "node:fs";
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import type { ShardState } from "../kafka/port.ts";
import { systemClock } from "../kit/clock.ts";
import { ConnectorError, describeError } from "../kit/errors.ts";
import type { ImportCommand } from "../scan/command.ts";
import { costOf } from "../scan/cost.ts";
import { decodeExport, type Exported, readersOf } from "../scan/export.ts";
import { effectOf, effectText, type ImportEffect, importOf } from "../scan/import.ts";
import type { CommandContext } from "./cli.ts";
import { type Plan, plainPlan, type Target } from "./command-plan.ts";
import { type Change, changeOptions, failOn, type MakeChange, plannedOptions, runChange } from "./command-run.ts";
import { iso } from "./instant.ts";

const options = {
  ...changeOptions,
  file: { type: "string", demandOption: true, describe: "what `cursor export` has written" },
  ...plannedOptions,
} as const;

type Flags = InferredOptionTypes<typeof options>;

/** `cursor import`: puts a scan's readers back to where an export says that they stood. */
export function importModule({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "import",
    describe: "put a scan's readers where an export says that they stood; a dry run unless --execute",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 cursor import -c mdca.yaml --scan contoso-all --file cursors.json", "what it would do and cost")
        .example("$0 cursor import -c mdca.yaml --scan contoso-all --file cursors.json --execute", "do it")
        .epilogue(
          "What the export had not read yet is read again, beside the tail; where its position is further on, what lies " +
            "between is open as a gap. The ids stay those of the topic: what they know is not published again.",
        ),
    handler: async (args: ArgumentsCamelCase<Flags>) => {
      const file = readExport(args.file);
      done(await runChange(args, changeOf(file, args.mayRepeat), signal));
    },
  };
}

/** Text: why it is not an export that this program takes. @throws ConnectorError `config_invalid` */
function readExport(path: string): Exported | string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return failOn([`--file: cannot read ${path}: ${describeError(error)}`]);
  }
  return said(() => decodeExport(text));
}

/** What is wrong with what an operator gave is an answer, not a failure. */
function said<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConnectorError) return error.message;
    throw error;
  }
}

/** What an import of `file`, or why that is none, means for a scan. */
export const changeOf =
  (file: Exported | string, mayRepeat: boolean): MakeChange =>
  (target, state, head): Change => {
    const command = typeof file === "string" ? file : said(() => importOf(file, head, mayRepeat));
    return typeof command === "string" ? refuse(target, command) : changeBy(command, target, state);
  };

const refuse = (target: Target, refusal: string): Change => {
  return { plan: { ...plainPlan(target, "import an export"), refusal }, command: null };
};

function changeBy(command: ImportCommand, target: Target, state: ShardState): Change {
  const readers = said(() => readersOf(target.scan, state));
  if (readers === null || typeof readers === "string") return refuse(target, readers ?? NOT_BEGUN);
  const effect = effectOf(command, { ...readers, ledgers: target.basis.ledgers }, systemClock.nowMs());
  return "refusal" in effect ? refuse(target, effect.refusal) : { plan: planOf(target, command, effect), command };
}

const NOT_BEGUN =
  "the scan has no cursor in this cursors topic, so nothing of it is known here: `run` begins it, and then it takes an import";

function planOf(target: Target, { source, toMs }: ImportCommand, effect: ImportEffect): Plan {
  const { reads, skips, forgottenHours } = effect;
  const does = `import where it stood at ${source.exportedAt}, before ${iso(toMs)}: ${effectText(effect)}`;
  const gaps = skips.length === 0 ? [] : ["what is in a gap is not read; `backfill add` would read it all the same"];
  const plan = plainPlan(target, does, ["ids and settled hours stay those of the cursors topic", ...gaps]);
  if (reads.length === 0) return plan;
  const { basis } = target;
  const ranges = reads.map(({ reach }) => ({ fromMs: reach.fromMs, untilMs: reach.untilMs + 1 }));
  const costs = ranges.map((range) => costOf(range, basis));
  const sum = (of: (cost: (typeof costs)[number]) => number) => costs.reduce((all, cost) => all + of(cost), 0);
  const cost = {
    activities: sum((each) => each.activities),
    requests: sum((each) => each.requests),
    minutes: sum((each) => each.minutes),
    measured: costs.every(({ measured }) => measured),
    requestsPerMinute: basis.requestsPerMinute,
    knownHours: basis.ledgers.length,
  };
  const from = iso(Math.min(...ranges.map(({ fromMs }) => fromMs)));
  const until = iso(Math.max(...ranges.map(({ untilMs }) => untilMs)));
  return { ...plan, from, until, cost, forgottenHours };
}
