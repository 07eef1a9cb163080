import { type Logger, pino } from "pino";
import pinoPretty from "pino-pretty";
import { hideSecrets } from "../kit/secret.ts";
import type { Event } from "./events.ts";
import { Narrator } from "./narrator.ts";
import type { Line } from "./repeats.ts";

/** Where finished lines go: standard output, or a test. */
export interface LineSink {
  write(line: string): void;
}

export interface LogOptions {
  readonly level: Line["level"];
  /** For people at a terminal; otherwise one JSON object a line. */
  readonly pretty: boolean;
  readonly sink: LineSink;
  /** Wall clock, epoch ms: the time of each line. */
  readonly nowMs: () => number;
}

export interface Log {
  record(event: Event, nowMs: number): void;
  /** Says what has become due with time: slow stages, and counts of what was held back. */
  tick(nowMs: number): void;
  /** Says what is still held back, at the end. */
  finish(nowMs: number): void;
  /** A line that no event stands for; the same one at most once a minute. */
  warn(message: string, nowMs: number): void;
  /** From now on this is the configured level. */
  setLevel(level: Line["level"]): void;
  /** To debug and back; from a configured debug to info and back. Says so, at either level. */
  toggleDebug(): void;
}

export function openLog(options: LogOptions): Log {
  const logger = openLogger(options);
  let configured = options.level;
  const narrator = new Narrator((line) => writeLine(logger, line));
  return {
    record: (event, nowMs) => narrator.record(event, nowMs),
    tick: (nowMs) => narrator.tick(nowMs),
    finish: (nowMs) => narrator.finish(nowMs),
    warn: (message, nowMs) => narrator.warn(message, nowMs),
    setLevel(level) {
      if (level !== configured) changeLevel(logger, level);
      configured = level;
    },
    toggleDebug: () => changeLevel(logger, otherThan(logger.level as Line["level"], configured)),
  };
}

function otherThan(level: Line["level"], configured: Line["level"]): Line["level"] {
  if (level !== configured) return configured;
  return configured === "debug" ? "info" : "debug";
}

function changeLevel(logger: Logger, to: Line["level"]): void {
  const from = logger.level as Line["level"];
  const said: Line = { level: "info", event: "log_level", message: `log level ${to}`, fields: { from, to } };
  // Said while the lower of the two levels is in force, whichever that is, so that nobody misses it.
  logger.level = "debug";
  writeLine(logger, said);
  logger.level = to;
}

function openLogger({ level, pretty, sink: target, nowMs }: LogOptions): Logger {
  const sink: LineSink = { write: (line) => target.write(hideSecrets(line)) };
  const settings = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date(nowMs()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!pretty) return pino(settings, sink);
  const lines = pinoPretty.prettyFactory({ colorize: true, translateTime: "SYS:HH:MM:ss", hideObject: true });
  return pino(settings, { write: (line: string) => sink.write(lines(line)) });
}

function writeLine(logger: Logger, { level, event, message, fields }: Line): void {
  logger[level]({ event, ...fields }, message);
}
