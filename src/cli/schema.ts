import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { activitySchema, schemaPrint } from "../activity/schema.ts";
import { type FieldDifference, schemaDiff } from "../activity/schema-diff.ts";
import { activityTopicsOf, type Config } from "../config/config.ts";
import { registryFailure, registryFindings } from "./check-registry.ts";
import type { CommandContext } from "./cli.ts";
import { type Finding, ok } from "./finding.ts";
import { table } from "./table.ts";
import { outputOption, Told } from "./told.ts";
import { configOptions, connectRegistry, readConfig } from "./wiring.ts";

const options = { ...configOptions, ...outputOption } as const;

type Flags = InferredOptionTypes<typeof options>;

/** `schema`: the Avro schema of an activity, and what the registry has of it. */
export function schemaCommand({ signal, done }: CommandContext): CommandModule {
  const print: CommandModule = {
    command: "print",
    describe: "print the schema as JSON",
    builder: (yargs) =>
      yargs.example("$0 schema print > activity.avsc", "for a registry that applications may not write to"),
    handler: () => void process.stdout.write(schemaPrint()),
  };
  const check: CommandModule<object, Flags> = {
    command: "check",
    describe: "whether the registry has the schema for each topic, or would take it; nothing is registered",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 schema check -c mdca.yaml", "a line each topic; exits 1 where run would not start"),
    handler: async (args: ArgumentsCamelCase<Flags>) => {
      const { config } = readConfig(args);
      done(endWith(args, await registryFindings(config, connectRegistry(config), signal)));
    },
  };
  const register: CommandModule<object, Flags> = {
    command: "register",
    describe: "register the schema for each topic where it is not yet; compatibility levels are never changed",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 schema register -c mdca.yaml", "by those who may, where autoRegisterSchemas is false"),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(endWith(args, await registered(args, signal))),
  };
  const diff: CommandModule<object, Flags> = {
    command: "diff",
    describe:
      "what differs between the latest version in the registry and this connector's schema; exits 1 where it does",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 schema diff -c mdca.yaml", "before an upgrade: what readers of the topic will see")
        .example("$0 schema diff -c mdca.yaml --output json", "for programs"),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await diffed(args, signal)),
  };
  return {
    command: "schema <action>",
    describe: "the Avro schema of the published activities",
    builder: (yargs) =>
      yargs
        .command(print)
        .command(check)
        .command(register)
        .command(diff)
        .demandCommand(1, "an action is missing: print, check, register or diff"),
    handler: () => {},
  };
}

function endWith({ output }: Flags, findings: readonly Finding[]): number {
  const told = new Told(output);
  told.tell(findings);
  return told.end();
}

async function registered(args: ArgumentsCamelCase<Flags>, signal: AbortSignal): Promise<Finding[]> {
  const { config } = readConfig(args);
  const registry = connectRegistry(config);
  const findings: Finding[] = [];
  for (const { name } of activityTopicsOf(config)) {
    const check = `schema of ${name}`;
    try {
      findings.push(ok(check, `is registered with id ${await registry.schemaId(name, true, signal)}`));
    } catch (error) {
      signal.throwIfAborted();
      findings.push(registryFailure(check, error));
    }
  }
  return findings;
}

/** A topic's subject; `version` null: the registry has none. */
interface Compared {
  readonly topic: string;
  readonly version: number | null;
  readonly id: number | null;
  readonly differences: readonly FieldDifference[];
}

async function diffed(args: ArgumentsCamelCase<Flags>, signal: AbortSignal): Promise<number> {
  const { config } = readConfig(args);
  const compared = await compare(config, signal);
  const text = args.output === "json" ? JSON.stringify(compared, null, 2) : compared.flatMap(diffLines).join("\n");
  process.stdout.write(`${text}\n`);
  return compared.every(({ version, differences }) => version !== null && differences.length === 0) ? 0 : 1;
}

async function compare(config: Config, signal: AbortSignal): Promise<Compared[]> {
  const registry = connectRegistry(config);
  const found: Compared[] = [];
  for (const { name: topic } of activityTopicsOf(config)) {
    const latest = await registry.latest(topic, signal);
    const differences = latest === null ? [] : schemaDiff(latest.schema, activitySchema);
    found.push({ topic, version: latest?.version ?? null, id: latest?.id ?? null, differences });
  }
  return found;
}

function diffLines({ topic, version, id, differences }: Compared): string[] {
  if (version === null) return [`${topic}: the registry has no schema for its values`];
  const which = `${topic}: version ${version}, id ${id}`;
  if (differences.length === 0) return [`${which}, is this connector's schema`];
  const rows = differences.map(({ field, change, theirs, ours }) => [field, change, short(theirs), short(ours)]);
  return [`${which}, differs in:`, ...table([["FIELD", "CHANGE", "REGISTRY", "CONNECTOR"], ...rows])];
}

const CELL_MAX = 60;
const short = (text: string | null): string =>
  text === null ? "-" : text.length <= CELL_MAX ? text : `${text.slice(0, CELL_MAX - 1)}…`;
