import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import type { Config } from "../config/config.ts";
import { topicSpecs } from "../connector/connector.ts";
import { aclCommands, allRights } from "../kafka/rights.ts";
import { createCommand, topicConfig } from "../kafka/topic-settings.ts";
import { onlyTopics } from "./check-brokers.ts";
import type { CommandContext } from "./cli.ts";
import { type Finding, fail, ok } from "./finding.ts";
import { principalOf } from "./principal.ts";
import { outputOption, Told } from "./told.ts";
import { checkBrokersOf, configOptions, connectKafka, readConfig } from "./wiring.ts";

const options = { ...configOptions, ...outputOption } as const;

type Flags = InferredOptionTypes<typeof options>;

/** `topics`: what `run` needs on the brokers, for those whose brokers forbid it to applications. */
export function topicsCommand({ signal, done }: CommandContext): CommandModule {
  const print: CommandModule<object, Flags> = {
    command: "print",
    describe: "print the commands of Kafka's own tools that make the topics and grant the rights; nobody is asked",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 topics print -c mdca.yaml", "for those who may, line by line")
        .example("$0 topics print -c mdca.yaml --output json", "names, partitions and settings, for programs"),
    handler: (args: ArgumentsCamelCase<Flags>) => {
      const { config } = readConfig(args);
      process.stdout.write(args.output === "json" ? `${JSON.stringify(plainOf(config), null, 2)}\n` : scriptOf(config));
    },
  };
  const create: CommandModule<object, Flags> = {
    command: "create",
    describe: "make the topics that are missing, and check those that are there; none is changed",
    builder: (yargs) =>
      yargs.options(options).example("$0 topics create -c mdca.yaml", "by those who may, where topics.create is false"),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(endWith(args, await created(args, signal))),
  };
  const check: CommandModule<object, Flags> = {
    command: "check",
    describe: "whether the topics are there, with partitions and settings that run can use",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 topics check -c mdca.yaml", "a line each topic; exits 1 where run would not start")
        .epilogue("Rights to write and read are tried by `check` alone."),
    handler: async (args: ArgumentsCamelCase<Flags>) => {
      const { config } = readConfig(args);
      done(endWith(args, await onlyTopics(config, checkBrokersOf(config), signal)));
    },
  };
  return {
    command: "topics <action>",
    describe: "the topics that run needs",
    builder: (yargs) =>
      yargs
        .command(print)
        .command(create)
        .command(check)
        .demandCommand(1, "an action is missing: print, create or check"),
    handler: () => {},
  };
}

function endWith({ output }: Flags, findings: readonly Finding[]): number {
  const told = new Told(output);
  told.tell(findings);
  return told.end();
}

async function created(args: ArgumentsCamelCase<Flags>, signal: AbortSignal): Promise<Finding[]> {
  const { config } = readConfig(args);
  const specs = topicSpecs(config);
  await using kafka = connectKafka(config);
  const before = await kafka.prepareTopics(specs, false, signal);
  const missing = before.filter((problem) => problem.missing === true).map(({ topic }) => topic);
  const problems = await kafka.prepareTopics(specs, true, signal);
  return specs.flatMap(({ name, partitions }) => {
    const check = `topic ${name}`;
    const own = problems.filter(({ topic }) => topic === name);
    if (own.length > 0) return own.map(({ problem, remedy }) => fail(check, problem, remedy));
    return [
      ok(check, missing.includes(name) ? `made, partitions: ${partitions}` : "was there, with the right settings"),
    ];
  });
}

/** A right to create topics is not among them: here somebody else does. */
function rightsOf(config: Config): string[] {
  const { brokers } = config.kafka;
  return aclCommands(allRights(topicSpecs(config), false), { brokers, principal: principalOf(config.kafka) });
}

function scriptOf(config: Config): string {
  const topics = topicSpecs(config).map((spec) => createCommand(spec, config.kafka.brokers));
  const lines = ["# topics, where topics.create is false", ...topics, "# rights", ...rightsOf(config)];
  return `${lines.join("\n")}\n`;
}

function plainOf(config: Config) {
  const topics = topicSpecs(config).map((spec) => {
    const { configEntries = [], numPartitions, replicationFactor } = topicConfig(spec);
    const settings = Object.fromEntries(configEntries.map(({ name, value }) => [name, value]));
    return { name: spec.name, kind: spec.kind, partitions: numPartitions, replicationFactor, settings };
  });
  return { topics, rights: allRights(topicSpecs(config), false) };
}
