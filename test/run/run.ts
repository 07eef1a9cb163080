/**
 * Runs stages of checks and tests, one after the other (those of a group side by side), and ends with
 * `N passed, N failed`; what `make check`, `make test`, `make sim` and `make kills` call.
 *
 *   node --import tsx test/run/run.ts check | test | sim | kills
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { root } from "../real/process.ts";
import { failures, type StageResult, summary, type Tally } from "./tally.ts";

interface Stage {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly minutesMax: number;
  readonly hasTests: boolean;
}

const MINUTE_MS = 60_000;
const results = join(root, "test-results");
const bin = (name: string) => join(root, "node_modules/.bin", name);

const tool = (name: string, ...argv: string[]): Stage => ({ name, argv, minutesMax: 3, hasTests: false });

interface TestStage {
  readonly projects: readonly string[];
  readonly paths?: readonly string[];
  readonly node?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly minutesMax: number;
}

function tests(name: string, stage: TestStage): Stage {
  const vitest = [stage.node ?? process.execPath, join(root, "node_modules/vitest/vitest.mjs"), "run"];
  const reporters = ["--reporter=default", `--reporter=${join(root, "test/run/tally-reporter.ts")}`];
  const projects = stage.projects.flatMap((project) => ["--project", project]);
  const argv = [...vitest, ...reporters, ...projects, ...(stage.paths ?? [])];
  return {
    name,
    argv,
    minutesMax: stage.minutesMax,
    hasTests: true,
    ...(stage.env === undefined ? {} : { env: stage.env }),
  };
}

const otherNode = (major: number) =>
  tests(`node${major}`, {
    projects: ["unit"],
    node: readFileSync(join(root, `.cache/node${major}.path`), "utf8").trim(),
    // What they try again is the runtime, not the logic.
    env: { FC_TIMES: process.env["FC_TIMES"] ?? "0.25" },
    minutesMax: 12,
  });

const statics: Stage[] = [
  tool("types", bin("tsc"), "--noEmit", "-p", "."),
  tool("page's types", bin("tsc"), "--noEmit", "-p", "src/page"),
  tool("lint", bin("biome"), "check"),
  tool("unused", bin("knip")),
];
const unit = tests("unit", { projects: ["unit", "tidy"], minutesMax: 12 });

const simulation = (seeds: string, from: string): Stage => ({
  name: "simulation",
  argv: [
    ...[process.execPath, "--import", "tsx", join(root, "test/simulation/campaign.ts")],
    ...["--seeds", seeds, "--from", from, "--jobs", String(Math.min(2, availableParallelism()))],
  ],
  minutesMax: 5 + Number(seeds) / 1_000,
  hasTests: false,
});

/** Groups in order; the stages of a group share the machine. */
const plans: Readonly<Record<string, () => Stage[][]>> = {
  check: () => [statics, [unit]],
  test: () => [
    [tool("build", "npm", "run", "--silent", "build")],
    statics,
    [unit],
    [tests("contract", { projects: ["contract"], minutesMax: 5 })],
    [tests("integration", { projects: ["integration"], minutesMax: 35 })],
    [otherNode(22)],
    [otherNode(24)],
  ],
  sim: () => [
    [simulation(process.env["SEEDS"] ?? "20000", process.env["FROM"] ?? "0")],
    [tests("sim", { projects: ["unit"], paths: ["test/property"], env: long("FC_TIMES", "10"), minutesMax: 25 })],
  ],
  kills: () => [
    [
      tests("kills", {
        projects: ["integration"],
        paths: ["test/integration/kill.test.ts"],
        env: long("KILLS", "200"),
        minutesMax: 60,
      }),
    ],
  ],
};

/** Longer forms of the same campaigns; what is set outside wins. */
function long(name: string, value: string): Record<string, string> {
  return { CAMPAIGN: "long", [name]: process.env[name] ?? value };
}

function runStage(stage: Stage): Promise<StageResult> {
  const tallyFile = join(results, `${stage.name}.json`);
  const begun = performance.now();
  console.log(`── ${stage.name}`);
  const [command, ...args] = stage.argv;
  const env = { ...process.env, ...stage.env, TALLY_FILE: tallyFile, npm_config_loglevel: "error" };
  const child = spawn(command ?? "", args, { cwd: root, env, stdio: "inherit" });
  const late = setTimeout(() => {
    console.error(`${stage.name}: stopped after ${stage.minutesMax} minutes`);
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), 10_000).unref();
  }, stage.minutesMax * MINUTE_MS);
  return new Promise((settle) => {
    const done = (exitCode: number | null) => {
      clearTimeout(late);
      const tally =
        stage.hasTests && existsSync(tallyFile) ? (JSON.parse(readFileSync(tallyFile, "utf8")) as Tally) : null;
      settle({ stage: stage.name, exitCode, seconds: (performance.now() - begun) / 1000, tally });
    };
    child.once("error", () => done(127));
    child.once("exit", (code) => done(code));
  });
}

const plan = plans[process.argv[2] ?? ""];
if (plan === undefined) {
  console.error(`usage: run.ts ${Object.keys(plans).join(" | ")}`);
  process.exit(2);
}
mkdirSync(results, { recursive: true });
for (const name of readdirSync(results)) if (/\.(json|txt)$/.test(name)) rmSync(join(results, name));
const all: StageResult[] = [];
for (const group of plan()) all.push(...(await Promise.all(group.map(runStage))));
const text = summary(all);
writeFileSync(join(results, "summary.txt"), `${text}\n`);
console.log(`\n${text}`);
process.exitCode = all.some((result) => failures(result) > 0) ? 1 : 0;
