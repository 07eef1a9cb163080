import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { configJsonSchema } from "../config/json-schema.ts";
import { maskedConfig, maskedYaml } from "../config/mask.ts";
import { configOptions, readConfig } from "./wiring.ts";

const options = {
  ...configOptions,
  output: { choices: ["yaml", "json"] as const, default: "yaml" as const, describe: "how to print it" },
} as const;

type Flags = InferredOptionTypes<typeof options>;

const print: CommandModule<object, Flags> = {
  command: "print",
  describe: "the configuration as run takes it: overrides and defaults filled in, secrets by where they come from",
  builder: (yargs) =>
    yargs
      .options(options)
      .example("$0 config print -c mdca.yaml", "what /status and the status page show of it")
      .example("MDCA_SOURCE__LOG__LEVEL=debug $0 config print -c mdca.yaml", "what an override comes to")
      .epilogue("Warnings are on standard error. Exits 2, with every problem, where run would not start."),
  handler: (args: ArgumentsCamelCase<Flags>) => {
    const { config, warnings } = readConfig(args);
    for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
    const json = () => `${JSON.stringify(maskedConfig(config), null, 2)}\n`;
    process.stdout.write(args.output === "json" ? json() : maskedYaml(config));
  },
};

const schema: CommandModule = {
  command: "schema",
  describe: "the configuration's JSON Schema, for editors",
  builder: (yargs) => yargs.example("$0 config schema > config.schema.json", "for the editor's YAML plugin"),
  handler: () => void process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`),
};

/** `config`: what the configuration comes to, and what may stand in it. */
export const configCommand: CommandModule = {
  command: "config <action>",
  describe: "the configuration",
  builder: (yargs) => yargs.command(print).command(schema).demandCommand(1, "an action is missing: print or schema"),
  handler: () => {},
};
