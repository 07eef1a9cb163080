import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** The checkout, wherever the caller stands. */
export const root = resolve(import.meta.dirname, "../..");
/** Where the logs of everything started go; kept after the run so that a failure can be read. */
export const logsDir = join(root, "test-results/logs");

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that we started: its output is in `logFile`, and it does not outlive us. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly logFile: string;
  /** Settles when the process is gone, however it went. */
  readonly exited: Promise<Exit>;
  isRunning(): boolean;
  /** What it has written since it was started (a log file may hold earlier runs). */
  log(): string;
  signal(name: NodeJS.Signals): void;
  /** SIGKILL; resolves when it is gone. */
  kill9(): Promise<Exit>;
  /** SIGTERM, SIGKILL after `graceMs`; resolves when it is gone. */
  stop(graceMs?: number): Promise<Exit>;
  /** Polls until `ready` holds. @throws with the log's tail when it exits or the deadline passes before. */
  waitFor(ready: Ready, deadlineMs?: number): Promise<void>;
}

/** A text or pattern in the log, a URL that answers 2xx, or anything that becomes true. */
export type Ready = string | RegExp | URL | (() => boolean | Promise<boolean>);

export interface StartOptions {
  /** Names the log file. */
  readonly name: string;
  readonly cwd?: string;
  /** Added to our own environment; undefined removes. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly logFile?: string;
  /** Gives the process's stdin a pipe that stays open. */
  readonly stdin?: boolean;
}

const children = new Set<ChildProcess>();
const scratch = new Set<string>();
process.on("exit", () => {
  for (const child of children) killQuietly(child, "SIGKILL");
  for (const dir of scratch) rmSync(dir, { recursive: true, force: true });
});

const scratchRoot = join(root, ".cache/run");

/** Removed, with what it holds, when this process exits (or by `discard`); if it was killed, by the next one. */
export function scratchDir(name: string): string {
  if (scratch.size === 0) discardOrphans();
  const dir = join(scratchRoot, `${name}-${process.pid}-${nextNumber()}`);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  scratch.add(dir);
  return dir;
}

export function discard(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
  scratch.delete(dir);
}

function discardOrphans(): void {
  if (!existsSync(scratchRoot)) return;
  for (const name of readdirSync(scratchRoot)) {
    const owner = Number(name.split("-").at(-2));
    if (!isAlive(owner)) rmSync(join(scratchRoot, name), { recursive: true, force: true });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

let number = 0;
function nextNumber(): number {
  number += 1;
  return number;
}

/** The kernel ends the child when we die, even by SIGKILL; elsewhere than on Linux only our exit handler does. */
const dieWithParent = existsSync("/usr/bin/setpriv") ? ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"] : [];

/** Starts `argv`; its stdout and stderr are appended to one log file. It leads its own group: no Ctrl-C reaches it. */
export function start(argv: readonly string[], options: StartOptions): Running {
  const logFile = options.logFile ?? join(logsDir, `${options.name}-${process.pid}-${nextNumber()}.log`);
  mkdirSync(dirname(logFile), { recursive: true });
  const out = openSync(logFile, "a");
  const logFrom = statSync(logFile).size;
  const [command, ...args] = [...dieWithParent, ...argv];
  const child = spawn(command ?? "", args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: [options.stdin === true ? "pipe" : "ignore", out, out],
    detached: true,
  });
  closeSync(out);
  children.add(child);
  const exited = new Promise<Exit>((settle) => {
    const gone = (exit: Exit) => {
      children.delete(child);
      settle(exit);
    };
    child.once("error", () => gone({ code: 127, signal: null }));
    child.once("exit", (code, signal) => gone({ code, signal }));
  });
  return running(child, exited, { name: options.name, logFile, logFrom });
}

function running(
  child: ChildProcess,
  exited: Promise<Exit>,
  at: { name: string; logFile: string; logFrom: number },
): Running {
  const isRunning = () => children.has(child) && child.exitCode === null && child.signalCode === null;
  const log = () => readFrom(at.logFile, at.logFrom);
  const kill9 = () => {
    killQuietly(child, "SIGKILL");
    return exited;
  };
  const stop = async (graceMs = 15_000) => {
    if (!isRunning()) return exited;
    killQuietly(child, "SIGCONT");
    killQuietly(child, "SIGTERM");
    const late = setTimeout(() => killQuietly(child, "SIGKILL"), graceMs);
    try {
      return await exited;
    } finally {
      clearTimeout(late);
    }
  };
  return {
    pid: child.pid ?? -1,
    logFile: at.logFile,
    exited,
    isRunning,
    log,
    signal: (name) => killQuietly(child, name),
    kill9,
    stop,
    async waitFor(ready, deadlineMs = 60_000) {
      const what = `${at.name} to be ready (${typeof ready === "function" ? "a condition" : String(ready)})`;
      const probe = async () => {
        if (await holds(ready, log)) return true;
        if (!isRunning()) throw new Gone();
        return false;
      };
      await eventually(probe, deadlineMs, what).catch((error: unknown) => {
        const why = error instanceof Gone ? `${at.name} exited before it was ready` : String(error);
        throw new Error(`${why}; ${at.logFile} ends with:\n${tail(log())}`);
      });
    },
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/** Ends an `eventually` at once. */
class Gone extends Error {}

async function holds(ready: Ready, log: () => string): Promise<boolean> {
  if (typeof ready === "string") return log().includes(ready);
  if (ready instanceof RegExp) return ready.test(log());
  if (ready instanceof URL) return await answers(ready);
  return await ready();
}

async function answers(url: URL): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * Polls until `probe` gives something truthy, and returns it. What it throws counts as "not yet" (but `Gone` ends it).
 *
 * @throws naming `what`, and the last error, when `deadlineMs` has passed.
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  deadlineMs: number,
  what = "the condition",
): Promise<NonNullable<T>> {
  const until = performance.now() + deadlineMs;
  let last: unknown;
  for (let waitMs = 20; ; waitMs = Math.min(250, waitMs * 1.5)) {
    try {
      const value = await probe();
      if (value) return value;
      last = undefined;
    } catch (error) {
      if (error instanceof Gone) throw error;
      last = error;
    }
    if (performance.now() > until) {
      throw new Error(`waited ${deadlineMs} ms in vain for ${what}`, last === undefined ? {} : { cause: last });
    }
    await delay(waitMs);
  }
}

const taken = new Set<number>();

/**
 * A free loopback port outside the range the kernel gives to outgoing connections: a client that keeps dialling a
 * killed server cannot take its port (or, on loopback, connect to itself) before it is back.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    if (taken.has(port) || !(await canListen(port))) continue;
    taken.add(port);
    return port;
  }
  throw new Error("no free loopback port between 12000 and 32000");
}

function canListen(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const server = createServer();
    server.once("error", () => settle(false));
    server.listen(port, "127.0.0.1", () => server.close(() => settle(true)));
  });
}

export interface NodeOptions extends Omit<StartOptions, "name"> {
  readonly name?: string;
  /** V8 and Node options, e.g. `--max-old-space-size=200`. */
  readonly nodeArgs?: readonly string[];
  /** Run `dist/main.js` (after `make build`) instead of the sources. */
  readonly built?: boolean;
  /** Run another release's entry instead. */
  readonly main?: string | undefined;
}

/** Starts our own command, e.g. `startConnector(["run", "--config", file])`. */
export function startConnector(args: readonly string[], options: NodeOptions = {}): Running {
  const own = options.built === true ? ["dist/main.js"] : ["--import", "tsx", "src/main.ts"];
  const entry = options.main === undefined ? own : [options.main];
  const argv = [process.execPath, ...(options.nodeArgs ?? []), ...entry, ...args];
  return start(argv, { name: `connector-${args[0] ?? "bare"}`, ...options });
}

/** The last lines of a log. */
export function tail(log: string, lines = 40): string {
  return log.trimEnd().split("\n").slice(-lines).join("\n");
}

function readFrom(path: string, from: number): string {
  if (from === 0) return readFileSync(path, "utf8");
  const size = statSync(path).size;
  const bytes = Buffer.alloc(Math.max(0, size - from));
  const file = openSync(path, "r");
  try {
    readSync(file, bytes, 0, bytes.length, from);
  } finally {
    closeSync(file);
  }
  return bytes.toString("utf8");
}

function killQuietly(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
}
