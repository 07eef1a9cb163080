import type { CommandModule } from "yargs";
import { schemaPrint } from "../activity/schema.ts";

/** `schema print`: the Avro schema of an activity, for those who register it by hand. */
export const schemaCommand: CommandModule = {
  command: "schema <action>",
  describe: "the Avro schema of the published activities",
  builder: (yargs) =>
    yargs
      .command({
        command: "print",
        describe: "print the schema as JSON",
        builder: (print) =>
          print.example("$0 schema print > activity.avsc", "for a registry that applications may not write to"),
        handler: () => {
          process.stdout.write(schemaPrint());
        },
      })
      .demandCommand(1, "an action is missing: print"),
  handler: () => {},
};
