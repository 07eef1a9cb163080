import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { configInvalid, describeError } from "../kit/errors.ts";
import type { CommandContext } from "./cli.ts";
import { FORMATS, type FormatName } from "./scan-format.ts";
import { scanOnce } from "./scan-once.ts";
import { pauseModule, resumeModule } from "./scan-pause.ts";
import { askedFor, readPlan } from "./scan-plan.ts";
import { proveWritable, readState } from "./scan-state.ts";
import { readTenant, tenantOptions } from "./scan-tenant.ts";

const options = {
  ...tenantOptions,
  since: { type: "string", default: "1h", describe: "where to begin: an age (1h, 1d) or an instant with its offset" },
  until: { type: "string", describe: "where to end, likewise; default: whatever is visible" },
  filter: {
    type: "string",
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: "one of the API's filters: --filter service.eq=20893; repeat for more",
  },
  "filters-file": { type: "string", describe: "JSON file of filters in the API's own form" },
  "cursor-field": {
    choices: ["auto", "created", "date"] as const,
    default: "auto" as const,
    describe: "time to scan along: created (saved), date (happened); auto: created if the API honours it",
  },
  "page-size": { type: "number", default: 5_000, describe: "activities to ask for at once, 500 to 5000" },
  limit: { type: "number", describe: "stop after this many activities" },
  format: {
    choices: FORMATS,
    describe:
      "ndjson: the exact JSON, a line each; avro: a container file of our schema; table: for people. Default: avro " +
      "for a file named .avro, else ndjson",
  },
  out: { alias: "o", type: "string", describe: "file to write instead of standard output" },
  resume: {
    type: "string",
    describe:
      "state file, kept until the scan is complete: the same command goes on where this one was ended; with --out",
  },
  output: {
    choices: ["text", "json"] as const,
    default: "text" as const,
    describe: "the summary on standard error: a line for people, or one of JSON",
  },
  summary: { type: "string", describe: "file for the summary as JSON" },
} as const;

type Flags = InferredOptionTypes<typeof options>;
export type ScanArgs = ArgumentsCamelCase<Flags>;

/** `scan`: reads a stretch of a tenant once and writes each activity. */
export function scanCommand(context: CommandContext): CommandModule<object, Flags> {
  const { signal, done } = context;
  return {
    command: "scan",
    describe: "read a tenant's activities once, as NDJSON, Avro or a table; needs no Kafka",
    builder: (yargs) =>
      yargs
        .options(ofThisCommand(options))
        .command(pauseModule(context))
        .command(resumeModule(context))
        .example("$0 scan -c mdca.yaml --since 1h", "the last hour of the only tenant")
        .example("$0 scan -c mdca.yaml --tenant contoso --since 1d -o day.ndjson", "a day into a file")
        .example("$0 scan -c mdca.yaml --since 30d -o month.avro --resume month.state", "again, should it be ended")
        .example("$0 scan --url https://contoso.us3.portal.cloudappsecurity.com --token-file token", "no configuration")
        .example("$0 scan -c mdca.yaml --filter service.eq=20893 | jq -r ._id", "one application's activities")
        .example("$0 scan -c mdca.yaml --filter activity.type.eq=true --format table", "what administrators did"),
    handler: async (args: ScanArgs) => done(await scan(args, signal)),
  };
}

/** The flags are the one-shot scan's: its sub-commands, about the connector's scans, have their own. */
const ofThisCommand = <T extends object>(flags: T): T =>
  Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, { ...flag, global: false }])) as T;

async function scan(args: ScanArgs, signal: AbortSignal): Promise<number> {
  const filtersFile = args.filtersFile ?? null;
  const file = filtersFile === null ? null : { name: filtersFile, text: readText(filtersFile) };
  const format = formatOf(args);
  if (args.resume !== undefined && args.out === undefined) {
    throw configInvalid("--resume goes with --out: what a pipe has been given cannot be cut back to a whole page");
  }
  if (format === "avro" && args.out === undefined && process.stdout.isTTY === true) {
    throw configInvalid("Avro is no text for a terminal: give --out FILE, or a pipe");
  }
  const { config, tenant, label, warnings } = readTenant(args, process.env);
  const { plan, warnings: doubts } = readPlan({ ...args, file }, config);
  const asked = askedFor({ ...args, file }, plan, {
    apiUrl: tenant.apiUrl,
    format,
    out: resolve(args.out ?? "-"),
  });
  const stateFile = args.resume ?? null;
  if (stateFile !== null) await proveWritable(stateFile);
  return await scanOnce(
    {
      config,
      tenant,
      label,
      plan,
      format,
      out: args.out ?? null,
      asked,
      stateFile,
      state: stateFile === null ? null : readState(stateFile, asked),
      warnings: [...warnings, ...doubts],
      summary: { output: args.output, file: args.summary ?? null },
    },
    signal,
  );
}

function formatOf({ format, out }: Pick<ScanArgs, "format" | "out">): FormatName {
  return format ?? (out?.endsWith(".avro") === true ? "avro" : "ndjson");
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw configInvalid(`--filters-file: cannot read ${path}: ${describeError(error)}`);
  }
}
