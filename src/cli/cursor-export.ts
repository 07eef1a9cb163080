import { rename, writeFile } from "node:fs/promises";
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { systemClock } from "../kit/clock.ts";
import { ConnectorError, configInvalid, describeError } from "../kit/errors.ts";
import { type ExportedScan, encodeExport, exportScan } from "../scan/export.ts";
import { restoreState } from "../scan/state.ts";
import type { CommandContext } from "./cli.ts";
import { counted } from "./command-plan.ts";
import { chosen, proveTopic, readStates, type ScanState } from "./cursor-state.ts";
import { configOptions, connectKafka, readConfig } from "./wiring.ts";

const options = {
  ...configOptions,
  scan: { type: "string", describe: "only this scan" },
  ids: { type: "boolean", default: false, describe: "with the remembered ids: about 22 bytes each" },
  file: { type: "string", describe: "file to write, readable by you alone, instead of standard output" },
} as const;

type Flags = InferredOptionTypes<typeof options>;

/** `cursor export`: the scans' state as a file, as it was committed below one offset of each shard. */
export function exportModule({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "export",
    describe: "write the scans' whole state to a file: cursors, jobs, ledgers, and ids if asked for",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 cursor export -c mdca.yaml --file cursors.json", "all scans, while the connector runs")
        .example("$0 cursor export -c mdca.yaml --scan contoso-all --ids > contoso.json", "one, with its ids")
        .epilogue(
          "Of a shard all is there that was committed below the offset that the file names, and nothing else. Nobody is " +
            "fenced or held up. A scan whose state does not fit is left out and named: exit code 1.",
        ),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await exportTo(args, signal)),
  };
}

async function exportTo(args: ArgumentsCamelCase<Flags>, signal: AbortSignal): Promise<number> {
  const { config } = readConfig(args);
  const scans = chosen(config, args.scan);
  await using kafka = connectKafka(config);
  let isWhole = await proveTopic(config, kafka, signal);
  const exported: ExportedScan[] = [];
  for (const state of await readStates(scans, kafka, signal)) {
    const found = exportedOf(state, args.ids);
    if (typeof found === "string") {
      isWhole = false;
      tell(`left out: ${found}`);
    } else exported.push(found);
  }
  if (exported.length === 0) {
    tell("nothing was exported");
    return 1;
  }
  const exportedAt = new Date(systemClock.nowMs()).toISOString();
  await write(args.file ?? null, encodeExport(exported, { exportedAt, cursorsTopic: config.topics.cursors.name }));
  for (const each of exported) tell(lineOf(each));
  return isWhole ? 0 : 1;
}

/** Text: why it cannot be exported. What does not fit would not be imported either. */
function exportedOf({ scan, shard, state, endOffset }: ScanState, withIds: boolean): ExportedScan | string {
  const { name, tenant, cursorField, filters } = scan;
  try {
    const isThere = restoreState({ scan: name, tenant, cursorField, filters }, state) !== null;
    const found = isThere ? exportScan({ scan: name, shard, endOffset, state }, withIds) : null;
    return found ?? `scan ${name} has not begun: there is nothing of it yet`;
  } catch (error) {
    if (error instanceof ConnectorError) return error.message;
    throw error;
  }
}

/** Whole or not at all: a file of that name stays as it was until the new one is complete. */
async function write(file: string | null, text: string): Promise<void> {
  if (file === null) {
    await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
    return;
  }
  const part = `${file}.part`;
  try {
    await writeFile(part, text, { mode: 0o600, flush: true });
    await rename(part, file);
  } catch (error) {
    throw configInvalid(`--file: cannot write ${file}: ${describeError(error)}`);
  }
}

function lineOf({ scan, shard, offset, position, jobs, slices }: ExportedScan): string {
  const parts = [counted(Object.keys(jobs).length, "job"), counted(slices.length, "slice")];
  return `exported scan ${scan} at ${position}, with ${parts.join(" and ")}, as of offset ${offset} of shard ${shard}`;
}

const tell = (line: string): void => void process.stderr.write(`${line}\n`);
