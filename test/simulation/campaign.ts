/**
 * Plays the scenarios of many seeds and stops at the first that breaks an invariant, shortened.
 *
 *   node --import tsx test/simulation/campaign.ts --seeds 100000 [--from 0] [--jobs 2] [--quick] [--trace]
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { generate } from "./generate.ts";
import { play } from "./play.ts";
import { failureText, reportText } from "./report.ts";
import { type Campaign, merged, runSeeds } from "./seeds.ts";
import { shorten } from "./shorten.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "0" },
    jobs: { type: "string", default: "1" },
    /** Does not shorten what fails. */
    quick: { type: "boolean", default: false },
    /** Prints all that happens. */
    trace: { type: "boolean", default: false },
    /** For the processes of `--jobs`: the result as one line of JSON. */
    json: { type: "boolean", default: false },
  },
});

/** Seeds that one process plays before the next one takes its place, so that none grows. */
const CHUNK_SEEDS = 2_500;

/** Each job takes the next chunk when it is done with the last. */
async function inProcesses(from: number, seeds: number, jobs: number): Promise<Campaign> {
  const parts: Campaign[] = [];
  let next = from;
  const job = async () => {
    while (next < from + seeds && parts.every((part) => part.failure === null)) {
      const at = next;
      next = Math.min(from + seeds, at + CHUNK_SEEDS);
      parts.push(await inProcess(at, next - at));
      process.stderr.write(`${parts.reduce((sum, part) => sum + part.seeds, 0)} seeds\r`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, job));
  return merged(parts);
}

async function inProcess(from: number, seeds: number): Promise<Campaign> {
  const self = fileURLToPath(import.meta.url);
  const argv = ["--import", "tsx", self, "--json", "--from", String(from), "--seeds", String(seeds)];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  let campaign: Campaign | null = null;
  for await (const line of createInterface({ input: child.stdout })) campaign = JSON.parse(line) as Campaign;
  if (campaign === null) throw new Error(`the process of seeds ${from} and on said nothing`);
  return campaign;
}

const from = Number(values.from);
const seeds = Number(values.seeds);
const jobs = Number(values.jobs);

if (values.trace) {
  const { lines, failure } = await play(generate(from), true);
  console.log([...lines, failureText(failure)].join("\n"));
  process.exitCode = failure === null ? 0 : 1;
} else if (values.json) {
  console.log(JSON.stringify(await runSeeds(from, seeds)));
} else {
  const begun = performance.now();
  const campaign = jobs > 1 || seeds > CHUNK_SEEDS ? await inProcesses(from, seeds, jobs) : await runSeeds(from, seeds);
  console.log(reportText(campaign, (performance.now() - begun) / 1_000));
  const { failure, failedSeed } = campaign;
  if (failure !== null && failedSeed !== null) {
    console.log(`\nseed ${failedSeed} FAILED: ${failureText(failure)}`);
    if (!values.quick) {
      const shortest = await shorten(generate(failedSeed), failure.breach);
      const { failure: shortFailure } = await play(shortest);
      console.log(`shortened: ${failureText(shortFailure)}\n${JSON.stringify(shortest, null, 1)}`);
    }
    console.log(`replay: node --import tsx test/simulation/campaign.ts --trace --from ${failedSeed}`);
    process.exitCode = 1;
  }
}
