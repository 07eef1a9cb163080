import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import type { ShardState } from "../kafka/port.ts";
import { type CommandPlan, decodeHistory, historyIdOf } from "../scan/command.ts";
import { type QueuedView, queuedOf } from "./backfill-jobs.ts";
import type { CommandContext } from "./cli.ts";
import { costText } from "./command-plan.ts";
import { whatOf } from "./command-text.ts";
import { chosen, proveTopic, readStates } from "./cursor-state.ts";
import { table } from "./table.ts";
import { configOptions, connectKafka, readConfig } from "./wiring.ts";

const options = {
  ...configOptions,
  scan: { type: "string", describe: "only this scan" },
  output: { choices: ["table", "json"] as const, default: "table" as const, describe: "how to print it" },
} as const;

type Flags = InferredOptionTypes<typeof options>;

/** A change that was asked for, and what became of it. Null: not known. */
export interface ChangeView {
  readonly id: string;
  readonly scan: string | null;
  /** Who gave it, and when by that one's clock. */
  readonly by: string | null;
  readonly at: string | null;
  readonly action: string | null;
  readonly what: string | null;
  readonly appliedAt: string | null;
  readonly outcome: "done" | "refused" | "unreadable";
  /** What was done, or why not. */
  readonly message: string;
  /** What the operator was told it would do and cost. */
  readonly plan: CommandPlan | null;
}

/** `cursor history`: who has changed what, when, and what became of it. */
export function historyModule({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "history",
    describe: "the changes that operators asked for: who, when, what was told, and what became of each",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 cursor history -c mdca.yaml", "of all scans")
        .example("$0 cursor history -c mdca.yaml --scan contoso-all --output json", "of one, for programs")
        .epilogue("A shard keeps the last 200. What still waits for the connector stands below."),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await print(args, signal)),
  };
}

async function print(args: ArgumentsCamelCase<Flags>, signal: AbortSignal): Promise<number> {
  const { config } = readConfig(args);
  const scans = chosen(config, args.scan);
  await using kafka = connectKafka(config);
  const isSound = await proveTopic(config, kafka, signal);
  const read = await readStates(scans, kafka, signal);
  const shards = [...new Map(read.map(({ shard, state }) => [shard, state])).values()];
  const changes = historyOf(shards, args.scan ?? null);
  const queued = read.flatMap(({ scan, state }) => queuedOf(scan.name, state));
  const text =
    args.output === "json" ? JSON.stringify({ changes, queued }, null, 2) : historyLines(changes, queued).join("\n");
  process.stdout.write(`${text}\n`);
  return isSound ? 0 : 1;
}

/** The changes of these shards, of one scan or of all; the oldest first. */
export function historyOf(shards: readonly ShardState[], scan: string | null): ChangeView[] {
  return shards
    .flatMap((state) => [...state].flatMap(([key, value]) => changeOf(key, value) ?? []))
    .filter((change) => scan === null || change.scan === scan)
    .sort((a, b) => ((a.appliedAt ?? "") < (b.appliedAt ?? "") ? -1 : 1));
}

function changeOf(key: string, value: Buffer): ChangeView | null {
  const id = historyIdOf(key);
  if (id === null) return null;
  const decoded = decodeHistory(value);
  const unknown = { id, scan: null, by: null, at: null, action: null, what: null, plan: null };
  if (decoded.kind === "unreadable") {
    return { ...unknown, appliedAt: null, outcome: "unreadable", message: decoded.reason };
  }
  const { command, appliedAt, outcome, message } = decoded.value;
  if (command === null) return { ...unknown, appliedAt, outcome, message };
  const { scan, by, at, action, plan = null } = command;
  return { id, scan, by, at, action, what: whatOf(command), appliedAt, outcome, message, plan };
}

/** For people: a row a change, below it what was told and what became of it. */
export function historyLines(changes: readonly ChangeView[], queued: readonly QueuedView[]): string[] {
  if (changes.length === 0 && queued.length === 0) return ["nothing was changed by an operator"];
  const [head = "", ...rows] = table([HEAD, ...changes.map(row)]);
  const waiting = queued.map(
    ({ scan, what, at, by, id }) => `queued: scan ${scan}: ${what}, by ${by} at ${at} (${id})`,
  );
  const told = changes.map(({ plan, message }) => [
    ...(plan === null ? [] : [`  told: ${planText(plan)}`]),
    `  ${message}`,
  ]);
  return [...(rows.length === 0 ? [] : [head]), ...rows.flatMap((text, at) => [text, ...(told[at] ?? [])]), ...waiting];
}

const HEAD = ["APPLIED", "SCAN", "OUTCOME", "WHAT", "BY", "COMMAND"];

const row = ({ appliedAt, scan, outcome, what, by, id }: ChangeView): string[] =>
  [appliedAt, scan, outcome, what, by, id].map((cell) => cell ?? "-");

function planText({ does, activities, requests, minutes }: CommandPlan): string {
  if (activities === null || requests === null || minutes === null) return `${does}; no requests`;
  return `${does}; ${costText({ activities, requests, minutes })}`;
}
