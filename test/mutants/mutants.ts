/**
 * Breaks the connector on purpose, one mutant after the other in a copy of the project, and counts how many seeds the
 * simulation needs to see it. Fails when a mutant survives, or does not fit the source any more. A run of all of them
 * leaves its figures for `make report`.
 *
 *   node --import tsx test/mutants/mutants.ts [--seeds 2000] [--jobs 1] [--only <part of a name>]
 */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { machine } from "../real/machine.ts";
import { root } from "../real/process.ts";
import type { Campaign } from "../simulation/seeds.ts";
import { MUTANTS, type Mutant } from "./list.ts";
import type { MutantsRun } from "./mutants-run.ts";

const COPIED = ["src", "test", "schemas", "package.json", "tsconfig.json"];
/** A mutant that hangs is caught, too. */
const MINUTES_MAX = 5;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    jobs: { type: "string", default: "1" },
    only: { type: "string", default: "" },
  },
});

interface Outcome {
  readonly mutant: Mutant;
  /** How many seeds were played until it was caught; null: it survived them all. */
  readonly seeds: number | null;
  readonly how: string;
}

/** @throws Error when the text to replace is not there exactly once. */
function mutated(text: string, { name, file, find, replace }: Mutant): string {
  const places = text.split(find).length - 1;
  if (places !== 1) throw new Error(`mutant "${name}": its text is ${places} times in ${file}, not once`);
  return text.replace(find, () => replace);
}

async function outcomeOf(mutant: Mutant): Promise<Outcome> {
  const copy = mkdtempSync(join(tmpdir(), "mutant-"));
  try {
    for (const path of COPIED) cpSync(join(root, path), join(copy, path), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const file = join(copy, mutant.file);
    writeFileSync(file, mutated(readFileSync(file, "utf8"), mutant));
    return { mutant, ...(await simulated(copy)) };
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** The campaign on the copy, in a process of its own. */
async function simulated(cwd: string): Promise<Omit<Outcome, "mutant">> {
  const argv = ["--import", "tsx", join(cwd, "test/simulation/campaign.ts"), "--json", "--seeds", values.seeds];
  const child = spawn(process.execPath, argv, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const late = setTimeout(() => child.kill("SIGKILL"), MINUTES_MAX * 60_000);
  const output: string[] = [];
  const errors: string[] = [];
  child.stdout.on("data", (bytes: Buffer) => output.push(bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => errors.push(bytes.toString()));
  const exit = await new Promise<string>((resolve) => {
    child.once("close", (code, signal) => resolve(String(signal ?? code)));
  });
  clearTimeout(late);
  if (exit === "SIGKILL") return { seeds: 0, how: `hangs (${MINUTES_MAX} minutes)` };
  if (output.length === 0) throw new Error(`the campaign in ${cwd} ended with ${exit}:\n${errors.join("")}`);
  const { seeds, failure } = JSON.parse(output.join("")) as Campaign;
  return failure === null ? { seeds: null, how: "" } : { seeds, how: failure.breach };
}

const on = machine(["src", "test"]);
const queue = MUTANTS.filter(({ name }) => name.includes(values.only));
// What does not fit the source is told before any time is spent.
for (const mutant of queue) mutated(readFileSync(join(root, mutant.file), "utf8"), mutant);
const outcomes = new Map<Mutant, Outcome>();
console.log("| mutant | seeds until caught | caught as |\n|---|---|---|");
const waiting = [...queue];
const job = async () => {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const outcome = await outcomeOf(mutant);
    outcomes.set(mutant, outcome);
    console.log(`| ${mutant.name} | ${outcome.seeds ?? "SURVIVED"} | ${outcome.how} |`);
  }
};
await Promise.all(Array.from({ length: Number(values.jobs) }, job));
const survivors = [...outcomes.values()].filter(({ seeds }) => seeds === null);
console.log(`${outcomes.size - survivors.length} of ${outcomes.size} mutants caught`);
if (values.only === "") {
  const told = queue.map((mutant) => ({
    ...mutant,
    ...outcomes.get(mutant),
    seeds: outcomes.get(mutant)?.seeds ?? null,
  }));
  const run: MutantsRun = {
    machine: on,
    seeds: Number(values.seeds),
    outcomes: told.map(({ name, file, seeds, how = "" }) => ({ name, file, seeds, how })),
  };
  const dir = join(root, "test-results/mutants");
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "last.json"), `${JSON.stringify(run, null, 2)}\n`);
}
process.exitCode = survivors.length > 0 ? 1 : 0;
