import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./process.ts";

/** What a tool said, whichever way it ended. */
export interface Said {
  readonly code: number;
  readonly out: string;
  /** Standard error, without helm's remarks on our symbolic links. */
  readonly err: string;
}

const checkers = join(root, ".cache/checkers");
const PATHS = {
  helm: join(checkers, "helm"),
  compose: join(checkers, "compose"),
  operator: join(checkers, "operator"),
  hadolint: join(checkers, "venv/bin/hadolint"),
  "kubernetes-validate": join(checkers, "venv/bin/kubernetes-validate"),
  python: join(checkers, "venv/bin/python"),
} as const;

/** Runs one of the tools that judge the packages. @throws saying what to type when `make setup` has not been run. */
export function checker(tool: keyof typeof PATHS, ...args: readonly string[]): Promise<Said> {
  if (!existsSync(PATHS[tool])) throw new Error(`${tool} is not there yet: run \`make setup\``);
  return say(PATHS[tool], args);
}

/** Runs a command to its end; its exit code is part of the answer. */
export function say(command: string, args: readonly string[], options: SayOptions = {}): Promise<Said> {
  const { cwd = root, env = {}, timeoutMs = 120_000 } = options;
  const settings = { cwd, env: { ...process.env, ...env }, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((settle) => {
    execFile(command, [...args], settings, (error, out, err) => {
      const remarks = /^walk\.go:\d+: found symbolic link.*\n/gm;
      settle({ code: error === null ? 0 : Number(error.code ?? 127), out, err: err.replace(remarks, "") });
    });
  });
}

export interface SayOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}
