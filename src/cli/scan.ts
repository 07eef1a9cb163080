import { readFileSync } from "node:fs";
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { systemClock } from "../kit/clock.ts";
import { ConnectorError, describeError } from "../kit/errors.ts";
import { Budget } from "../tenant/budget.ts";
import { Asker } from "./asker.ts";
import type { CommandContext } from "./cli.ts";
import { OneShot, type Tally } from "./one-shot.ts";
import { Output } from "./output.ts";
import { openProgress, type Progress, summaryOf } from "./progress.ts";
import { readPlan } from "./scan-plan.ts";
import { readTenant, tenantOptions } from "./scan-tenant.ts";
import { connectTenant } from "./wiring.ts";

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
  output: { alias: "o", type: "string", describe: "file to write instead of standard output" },
} as const;

type Flags = InferredOptionTypes<typeof options>;

/** `scan`: reads a stretch of a tenant once and writes each activity's exact JSON as a line. */
export function scanCommand({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "scan",
    describe: "read a tenant's activities once, as NDJSON; needs no Kafka",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 scan -c mdca.yaml --since 1h", "the last hour of the only tenant")
        .example("$0 scan -c mdca.yaml --tenant contoso --since 1d -o day.ndjson", "a day into a file")
        .example("$0 scan --url https://contoso.us3.portal.cloudappsecurity.com --token-file token", "no configuration")
        .example("$0 scan -c mdca.yaml --filter service.eq=20893 | jq -r ._id", "one application's activities"),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await scan(args, signal)),
  };
}

async function scan(args: ArgumentsCamelCase<Flags>, signal: AbortSignal): Promise<number> {
  const filtersFile = args.filtersFile ?? null;
  const file = filtersFile === null ? null : { name: filtersFile, text: readText(filtersFile) };
  const { config, tenant, label, warnings } = readTenant(args, process.env);
  const plan = readPlan({ ...args, file }, config);
  await using output = await Output.open(args.output ?? null);
  await using client = connectTenant(config, tenant);
  // A bar among lines on the same terminal helps nobody.
  const isMixed = args.output === undefined && process.stdout.isTTY === true;
  const progress = openProgress({ stderr: process.stderr, bar: process.stderr.isTTY === true && !isMixed });
  for (const warning of [...warnings, ...plan.warnings]) progress.note(`warning: ${warning}`);
  const budget = new Budget({ requests: tenant.requestsPerMinute }, systemClock.monotonicMs());
  const asker = new Asker({
    tenant: label,
    client,
    budget,
    clock: systemClock,
    random: Math.random,
    onWait: (reason, waitMs) => progress.onWait(reason, waitMs),
  });
  let isRead = true;
  const oneShot = new OneShot(plan.plan, {
    asker,
    nowMs: () => systemClock.nowMs(),
    write: async (lines, stop) => {
      isRead = await output.write(lines, stop);
      return isRead;
    },
    note: (text) => progress.note(text),
    onPage: (tally) => progress.onPage(tally),
  });
  let ending = "failed";
  try {
    await oneShot.run(signal);
    await output.begin();
    ending = isRead ? "done" : "ended by its reader";
    return exitCodeOf(oneShot.tally, progress);
  } catch (error) {
    if (signal.aborted) ending = "stopped";
    throw error;
  } finally {
    progress.stop();
    const tally = { ...oneShot.tally, activities: output.lines };
    process.stderr.write(`${summaryOf(tally, asker.traffic, ending)}\n`);
  }
}

/** A stretch with gaps was not read completely. */
function exitCodeOf(tally: Tally, progress: Progress): number {
  if (tally.gaps === 0) return 0;
  progress.note("not complete: the activities of the instants named above could not all be read");
  return 1;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConnectorError("config_invalid", `--filters-file: cannot read ${path}: ${describeError(error)}`, {
      disposition: "fatal",
    });
  }
}
