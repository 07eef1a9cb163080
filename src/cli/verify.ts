import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { parseDurationMs } from "../config/units.ts";
import { systemClock } from "../kit/clock.ts";
import { assert } from "../kit/errors.ts";
import { jobName } from "../scan/job.ts";
import { SLICE_MS, sliceOf } from "../scan/slice.ts";
import type { CommandContext } from "./cli.ts";
import { planVerify } from "./command-plan.ts";
import { changeOptions, executeOption, failOn, type MakeChange, type Place, runChange } from "./command-run.ts";
import { instantOf, iso } from "./instant.ts";
import { IdComparison } from "./verify-ids.ts";
import { repair, repairLines } from "./verify-repair.ts";
import { followVerify, isSound, verifyLines } from "./verify-report.ts";

const options = {
  ...changeOptions,
  from: { type: "string", demandOption: true, describe: "the beginning: an instant or an age; whole hours are read" },
  to: { type: "string", demandOption: true, describe: "the end, excluded: an instant, an age or now" },
  ids: {
    type: "boolean",
    default: true,
    describe:
      "compare ids with the topic's, too; --no-ids: hours alone, by count and digest, without reading the topic",
  },
  repair: {
    type: "boolean",
    default: false,
    describe: "have what is missing published, once it is compared; only with --execute",
  },
  "may-repeat": {
    type: "boolean",
    default: false,
    describe: "with --repair: also what was published before, or may have been, and is gone from the topic",
  },
  ...executeOption,
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
        .example(
          "$0 verify -c mdca.yaml --scan contoso-all --from 7d --to 1d --repair --execute",
          "and publish what is missing",
        )
        .epilogue(
          "The connector reads the stretch beside all else, with the least weight; --wait is for its answer, not for the " +
            "end. What had shown late is published where ids are remembered. Hours are compared with their ledger, ids with " +
            "the topic, which is read here. Exits 1 when something differs, repaired or not. Stopping this command does not " +
            "stop the job: `backfill list` shows it, `backfill cancel` ends it.",
        ),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await runChange(args, changeOf(args, signal), signal)),
  };
}

function changeOf(args: ArgumentsCamelCase<Flags>, signal: AbortSignal): MakeChange {
  const { from, to, ids, repair: repairs, mayRepeat } = args;
  const asked = stretchOf(from, to);
  if (repairs && !ids) failOn(["--repair: what is missing is known by --ids alone"]);
  return (target, state, head) => {
    // The tail may go on meanwhile: what is compared is what it has left behind by now.
    const untilMs = Math.min(asked.untilMs, target.tailFromMs ?? asked.untilMs);
    const range = { fromMs: Math.max(asked.fromMs, target.beganMs ?? asked.fromMs), untilMs };
    const job = jobName({ origin: "verify", ageMs: null, whole: { ...range } });
    let comparison: IdComparison | null = null;
    let place: Place | null = null;
    return {
      plan: planVerify(target, range),
      command: { ...head, action: "verify_add", ...range },
      before: async (at) => {
        if (!ids) return;
        place = at;
        assert(target.cursorField !== null, "a scan that has read something has a cursor field");
        const of = { ...at, ...range, field: target.cursorField, clock: systemClock, tell };
        comparison = new IdComparison(of);
        await comparison.begin(state, signal);
      },
      follow: async ({ kafka, shard, offset }) => {
        const onTenth = (tenth: number) => tell(`${job}: ${tenth}0 % read`);
        const onShown = (value: Buffer) => comparison?.onShown(value) !== false;
        const followed = { kafka, scan: head.scan, job, shard, offset, before: state, onTenth, onShown };
        const { report, job: ended } = await followVerify(followed, signal);
        const whole = { ...report, ids: comparison === null ? null : await comparison.end(ended, signal) };
        const found = { report: whole, lines: verifyLines(whole), isSound: isSound(whole) };
        if (!repairs || comparison === null || place === null) return found;
        const by = { place, head, clock: systemClock, waitMs: parseDurationMs(args.wait) ?? 0, mayRepeat, state };
        const repaired = await repair(comparison.repairs(mayRepeat), by, signal);
        return { ...found, report: { ...whole, repair: repaired }, lines: [...found.lines, ...repairLines(repaired)] };
      },
    };
  };
}

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

/** The stretch that was asked for, in whole hours. @throws ConnectorError `config_invalid` */
function stretchOf(from: string, to: string): { readonly fromMs: number; readonly untilMs: number } {
  const problems: string[] = [];
  const nowMs = systemClock.nowMs();
  const fromMs = sliceOf(instantOf("--from", from, nowMs, problems));
  const toMs = instantOf("--to", to, nowMs, problems);
  if (problems.length === 0 && fromMs >= toMs) problems.push(`--from: ${iso(fromMs)} is not before --to, ${iso(toMs)}`);
  if (problems.length > 0) failOn(problems);
  return { fromMs, untilMs: sliceOf(toMs - 1) + SLICE_MS };
}
