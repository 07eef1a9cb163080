import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { say } from "./checkers.ts";
import { root } from "./process.ts";

/** The last stage of a Dockerfile, carried out in a folder instead of an image. */
export interface BuiltImage {
  /** Its WORKDIR, on this machine. */
  readonly workdir: string;
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly healthcheck: readonly string[];
}

interface Stage {
  readonly folder: string;
  workdir: string;
  user: string;
  env: Record<string, string>;
  entrypoint: string[];
  cmd: string[];
  healthcheck: string[];
}

interface Step {
  readonly word: string;
  readonly rest: string;
}

/**
 * Carries out the Dockerfile of the checkout under `folder`, a stage in a folder of its own: COPY takes only what
 * `.dockerignore` lets into the context, RUN runs on this machine with `env`. Base images are taken for granted.
 *
 * @throws on an instruction that it does not know, a source that the context lacks, a command that fails.
 */
export async function buildImage(folder: string, env: Readonly<Record<string, string>>): Promise<BuiltImage> {
  const stages = new Map<string, Stage>();
  let last: Stage | undefined;
  for (const step of steps(readFileSync(join(root, "Dockerfile"), "utf8"))) {
    if (step.word === "FROM") {
      const name = / AS (\S+)$/i.exec(step.rest)?.[1] ?? String(stages.size);
      last = { folder: join(folder, name), workdir: "/", user: "0", env: {}, entrypoint: [], cmd: [], healthcheck: [] };
      stages.set(name, last);
      continue;
    }
    if (last === undefined) throw new Error(`${step.word} before FROM`);
    await carryOut(step, last, { stages, env });
  }
  if (last === undefined) throw new Error("no FROM in the Dockerfile");
  return { ...last, workdir: join(last.folder, last.workdir) };
}

function steps(text: string): Step[] {
  const lines = text.split("\n").filter((line) => !line.startsWith("#") && line.trim() !== "");
  const whole = lines.join("\n").replace(/\\\n\s*/g, "");
  return whole.split("\n").map((line) => {
    const [word = "", ...rest] = line.trim().split(/\s+/);
    return { word: word.toUpperCase(), rest: rest.join(" ") };
  });
}

interface Around {
  readonly stages: ReadonlyMap<string, Stage>;
  readonly env: Readonly<Record<string, string>>;
}

async function carryOut({ word, rest }: Step, stage: Stage, { stages, env }: Around): Promise<void> {
  const workdir = join(stage.folder, stage.workdir);
  switch (word) {
    case "WORKDIR":
      stage.workdir = rest;
      mkdirSync(join(stage.folder, rest), { recursive: true });
      return;
    case "COPY":
      copy(rest, workdir, stages);
      return;
    case "RUN": {
      const { code, out, err } = await say("sh", ["-ec", rest], { cwd: workdir, env: { ...env, ...stage.env } });
      if (code !== 0) throw new Error(`RUN ${rest}: exit ${code}\n${out}${err}`);
      return;
    }
    case "ENV":
      for (const pair of rest.split(" ")) stage.env[pair.split("=")[0] ?? ""] = pair.split("=").slice(1).join("=");
      return;
    case "USER":
      stage.user = rest;
      return;
    case "ENTRYPOINT":
      stage.entrypoint = JSON.parse(rest) as string[];
      return;
    case "CMD":
      stage.cmd = JSON.parse(rest) as string[];
      return;
    case "HEALTHCHECK":
      stage.healthcheck = JSON.parse(rest.slice(rest.indexOf("[", rest.indexOf("CMD")))) as string[];
      return;
    case "EXPOSE":
    case "LABEL":
    case "STOPSIGNAL":
      return;
    default:
      throw new Error(`the Dockerfile has ${word}, which no test carries out`);
  }
}

function copy(rest: string, workdir: string, stages: ReadonlyMap<string, Stage>): void {
  const words = rest.split(" ");
  const from = words[0]?.startsWith("--from=") === true ? words.shift()?.slice("--from=".length) : undefined;
  const target = words.pop() ?? "";
  for (const source of words) {
    if (from === undefined) requireInContext(source);
    const base = from === undefined ? root : (stages.get(from)?.folder ?? "");
    const intoFolder = target.endsWith("/") || words.length > 1;
    const to = join(workdir, intoFolder ? join(target, basename(source)) : target);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(base, source), to, { recursive: true, verbatimSymlinks: true });
  }
}

function requireInContext(source: string): void {
  const [all, ...rest] = readFileSync(join(root, ".dockerignore"), "utf8").trim().split("\n");
  if (all !== "*") throw new Error(".dockerignore no longer begins by leaving out everything");
  if (!rest.includes(`!${source}`)) throw new Error(`.dockerignore leaves out ${source}, which the Dockerfile copies`);
}
