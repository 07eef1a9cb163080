import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { systemClock } from "../kit/clock.ts";
import type { CommandContext } from "./cli.ts";
import { exportModule } from "./cursor-export.ts";
import { historyModule } from "./cursor-history.ts";
import { importModule } from "./cursor-import.ts";
import { resetModule } from "./cursor-reset.ts";
import { chosen, proveTopic, readStates } from "./cursor-state.ts";
import { type CursorView, cursorLines, cursorTable, isBlocked, viewOf } from "./cursor-view.ts";
import { configOptions, connectKafka, readConfig } from "./wiring.ts";

const options = {
  ...configOptions,
  output: { choices: ["table", "json"] as const, default: "table" as const, describe: "how to print it" },
} as const;

type Flags = InferredOptionTypes<typeof options> & { readonly scan?: string | undefined };

/** `cursor`: where the scans stand, by what is committed, and how to move them; works while the connector runs. */
export function cursorCommand(context: CommandContext): CommandModule {
  const { signal, done } = context;
  const list: CommandModule<object, Flags> = {
    command: "list",
    describe: "where each scan stands, a line each; exits 1 when a cursor is damaged, newer, or of another tenant",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 cursor list -c mdca.yaml", "all scans")
        .example("$0 cursor list -c mdca.yaml --output json", "for programs"),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await print(args, listed, signal)),
  };
  const show: CommandModule<object, Flags> = {
    command: "show",
    describe: "the same with passes, next filters and gaps; exits 1 as list does",
    builder: (yargs) =>
      yargs
        .options({ ...options, scan: { type: "string", describe: "only this scan" } })
        .example("$0 cursor show -c mdca.yaml", "all scans")
        .example("$0 cursor show -c mdca.yaml --scan contoso-all --output json", "one, for programs"),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await print(args, shown, signal)),
  };
  return {
    command: "cursor <action>",
    describe: "the scans' committed state, and what changes it",
    builder: (yargs) =>
      yargs
        .command(list)
        .command(show)
        .command(resetModule(context))
        .command(exportModule(context))
        .command(importModule(context))
        .command(historyModule(context))
        .demandCommand(1, "an action is missing: list, show, reset, export, import or history"),
    handler: () => {},
  };
}

interface Printed {
  readonly text: (views: readonly CursorView[]) => string;
  readonly json: (view: CursorView) => unknown;
}

const shown: Printed = { text: cursorTable, json: (view) => view };

const listed: Printed = {
  text: (views) => `${cursorLines(views).join("\n")}\n`,
  json: ({ scan, tenant, shard, state, cursor }) => ({
    scan,
    tenant,
    shard,
    state,
    cursorField: cursor?.cursorField ?? null,
    position: cursor?.position ?? null,
    caughtUp: cursor?.caughtUp ?? null,
    lagSeconds: cursor?.lagSeconds ?? null,
  }),
};

async function print(args: ArgumentsCamelCase<Flags>, as: Printed, signal: AbortSignal): Promise<number> {
  const { config } = readConfig(args);
  const scans = chosen(config, args.scan);
  await using kafka = connectKafka(config);
  const isSound = await proveTopic(config, kafka, signal);
  const states = await readStates(scans, kafka, signal);
  const views = states.map(({ scan, shard, state }) => viewOf(scan, shard, state, systemClock.nowMs()));
  process.stdout.write(args.output === "json" ? `${JSON.stringify(views.map(as.json), null, 2)}\n` : as.text(views));
  return isSound && !views.some(isBlocked) ? 0 : 1;
}
