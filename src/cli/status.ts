import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import { openExchange } from "../activity/exchange.ts";
import { parseDurationMs } from "../config/units.ts";
import { systemClock } from "../kit/clock.ts";
import { describeError } from "../kit/errors.ts";
import type { Status } from "../observe/status.ts";
import type { CommandContext } from "./cli.ts";
import { failOn } from "./command-run.ts";
import { statusLines } from "./status-lines.ts";
import { configOptions, readConfig } from "./wiring.ts";

const options = {
  ...configOptions,
  url: { type: "string", describe: "where the connector listens; default: http.host and http.port of --config" },
  watch: { type: "boolean", default: false, describe: "again and again, until Ctrl-C" },
  interval: { type: "string", default: "5s", describe: "how often, with --watch" },
  output: { choices: ["table", "json"] as const, default: "table" as const, describe: "how to print it" },
} as const;

type Flags = InferredOptionTypes<typeof options>;

/** `status`: what a running connector says of itself. */
export function statusCommand({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "status",
    describe: "what the running connector does: scans, lag, budget, jobs, gaps, last errors",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 status -c mdca.yaml", "of the connector with this configuration, on this machine")
        .example("$0 status --url http://127.0.0.1:9464 --watch", "redrawn every five seconds")
        .example("$0 status --output json | jq '.scans[].lagSeconds'", "for programs: what /status says")
        .epilogue("Exits 1 when no connector answers. With --watch one that does not answer is waited for."),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await status(args, signal)),
  };
}

/** Where a connector listens by default. */
const DEFAULT_URL = "http://127.0.0.1:9464";
const TIMEOUT_MS = 5_000;

async function status(args: ArgumentsCamelCase<Flags>, signal: AbortSignal): Promise<number> {
  const intervalMs = parseDurationMs(args.interval);
  if (intervalMs === null || intervalMs < 100) {
    return failOn([`--interval: found "${args.interval}"; allowed: a duration from 100ms, such as 5s`]);
  }
  const url = urlOf(args);
  const isJson = args.output === "json";
  if (!args.watch) {
    const seen = await ask(url, signal);
    if (seen.kind === "status")
      process.stdout.write(`${isJson ? JSON.stringify(seen.status, null, 2) : shown(seen)}\n`);
    else process.stderr.write(`mdca-kafka-source: ${seen.problem}\n`);
    return seen.kind === "status" ? 0 : 1;
  }
  const isTerminal = process.stdout.isTTY === true && !isJson;
  for (;;) {
    const seen = await ask(url, signal);
    process.stdout.write(isJson ? `${jsonLine(seen)}\n` : block(shown(seen), isTerminal));
    await systemClock.sleep(intervalMs, signal);
  }
}

type Answered =
  | { readonly kind: "status"; readonly status: Status }
  | { readonly kind: "none"; readonly problem: string };

const shown = (seen: Answered): string =>
  seen.kind === "status" ? statusLines(seen.status).join("\n") : `no status: ${seen.problem}`;

const jsonLine = (seen: Answered): string =>
  JSON.stringify(seen.kind === "status" ? seen.status : { error: seen.problem });

/** On a terminal in place of what was there, without a flicker; else with its time, below what came before. */
function block(text: string, isTerminal: boolean): string {
  const at = new Date(systemClock.nowMs()).toISOString();
  const lines = [at, ...text.split("\n")];
  if (!isTerminal) return `${lines.join("\n")}\n\n`;
  return `\u001b[H${lines.map((line) => `${line}\u001b[K\n`).join("")}\u001b[J`;
}

/** @throws ConnectorError `config_invalid` */
function urlOf({ url, config, set }: Pick<Flags, "url" | "config" | "set">): URL {
  if (url !== undefined) {
    if (config !== undefined) return failOn(["give either --url or --config, not both"]);
    const isAddress = /^https?:/.test(url) && URL.canParse(url);
    return isAddress ? statusUnder(url) : failOn([`--url: found "${url}"; allowed: an address such as ${DEFAULT_URL}`]);
  }
  if (config === undefined && set.length === 0) return statusUnder(DEFAULT_URL);
  const { host, port } = readConfig({ config, set }).config.http;
  return statusUnder(`http://${reachable(host)}:${port}`);
}

const statusUnder = (url: string): URL => new URL("status", url.endsWith("/") ? url : `${url}/`);

/** Who listens on all addresses is reached by this machine's own. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

async function ask(url: URL, signal: AbortSignal): Promise<Answered> {
  const none = (what: string): Answered => {
    const remedy = "is it running there, and is --url, or http.host and http.port of --config, right?";
    return { kind: "none", problem: `no connector answers at ${url.href}: ${what}; ${remedy}` };
  };
  try {
    const request = { method: "GET", url, headers: {}, body: null, timeoutMs: TIMEOUT_MS } as const;
    const { status: code, text } = await openExchange(null)(request, signal);
    if (code !== 200) return none(`status ${code}`);
    const status: unknown = JSON.parse(text);
    return isStatus(status) ? { kind: "status", status } : none("what answers is no connector");
  } catch (error) {
    signal.throwIfAborted();
    return none(error instanceof SyntaxError ? "what answers is no connector" : describeError(error));
  }
}

/** Whether it has the lists that a connector's status has; versions differ in what else they say. */
function isStatus(value: unknown): value is Status {
  const { scans, tenants, shards } = (value ?? {}) as Record<string, unknown>;
  return [scans, tenants, shards].every(Array.isArray);
}
