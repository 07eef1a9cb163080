import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import type { Config, ScanConfig } from "../config/config.ts";
import { topicSpecs } from "../connector/connector.ts";
import type { KafkaPort, ShardState } from "../kafka/port.ts";
import { systemClock } from "../kit/clock.ts";
import { ConnectorError } from "../kit/errors.ts";
import type { CommandContext } from "./cli.ts";
import { type CursorView, cursorTable, isBlocked, viewOf } from "./cursor-view.ts";
import { configOptions, connectKafka, readConfig } from "./wiring.ts";

const options = {
  ...configOptions,
  scan: { type: "string", describe: "only this scan" },
  output: { choices: ["table", "json"] as const, default: "table" as const, describe: "how to print it" },
} as const;

type Flags = InferredOptionTypes<typeof options>;

/** `cursor show`: where the scans stand, by what is committed; works while the connector runs. */
export function cursorCommand({ signal, done }: CommandContext): CommandModule {
  const show: CommandModule<object, Flags> = {
    command: "show",
    describe: "where each scan stands; exits 1 when a cursor is damaged, newer, or of another tenant",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 cursor show -c mdca.yaml", "all scans")
        .example("$0 cursor show -c mdca.yaml --scan contoso-all --output json", "one, for programs"),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await showCursors(args, signal)),
  };
  return {
    command: "cursor <action>",
    describe: "the scans' committed state",
    builder: (yargs) => yargs.command(show).demandCommand(1, "an action is missing: show"),
    handler: () => {},
  };
}

async function showCursors(args: ArgumentsCamelCase<Flags>, signal: AbortSignal): Promise<number> {
  const { config } = readConfig(args);
  const scans = chosen(config, args.scan);
  await using kafka = connectKafka(config);
  const isSound = await proveTopic(config, kafka, signal);
  const views = await readViews(scans, kafka, signal);
  process.stdout.write(args.output === "json" ? `${JSON.stringify(views, null, 2)}\n` : cursorTable(views));
  return isSound && !views.some(isBlocked) ? 0 : 1;
}

/** @throws ConnectorError `config_invalid` */
function chosen(config: Config, scan: string | undefined): readonly ScanConfig[] {
  const scans = config.scans.filter(({ name }) => scan === undefined || name === scan);
  if (scans.length > 0) return scans;
  const known = config.scans.map(({ name }) => name).join(", ");
  throw new ConnectorError("config_invalid", `there is no scan "${scan}"; known are ${known}`, {
    disposition: "fatal",
  });
}

/**
 * Says what is wrong with the cursors topic: with another partition count, a tenant's state is looked for in the
 * wrong shard. True when nothing is.
 * @throws ConnectorError when it is not there, or the brokers do not answer
 */
async function proveTopic(config: Config, kafka: KafkaPort, signal: AbortSignal): Promise<boolean> {
  const specs = topicSpecs(config).filter(({ kind }) => kind === "cursors");
  const problems = await kafka.prepareTopics(specs, false, signal);
  for (const { topic, missing, problem, remedy } of problems) {
    if (missing === true) {
      const message = `topic ${topic} ${problem}: has the connector run yet, with this configuration?`;
      throw new ConnectorError("topic_misconfigured", message, { disposition: "fatal" });
    }
    process.stderr.write(`warning: topic ${topic}: ${problem}; ${remedy}\n`);
  }
  return problems.length === 0;
}

async function readViews(scans: readonly ScanConfig[], kafka: KafkaPort, signal: AbortSignal): Promise<CursorView[]> {
  const states = new Map<number, ShardState>();
  const views: CursorView[] = [];
  for (const scan of scans) {
    const shard = kafka.shardOf(scan.tenant);
    const state = states.get(shard) ?? (await kafka.readState(shard, signal));
    states.set(shard, state);
    views.push(viewOf(scan, shard, state, systemClock.nowMs()));
  }
  return views;
}
