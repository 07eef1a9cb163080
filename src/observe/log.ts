import { type Logger, pino } from "pino";
import pinoPretty from "pino-pretty";
import type { Event } from "./events.ts";
import { Narrator } from "./narrator.ts";
import type { Line } from "./repeats.ts";

/** Where finished lines go: standard output, or a test. */
export interface LineSink {
  write(line: string): void;
}

export interface LogOptions {
  readonly level: "error" | "warn" | "info" | "debug";
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
  warn(message: string): void;
}

export function openLog(options: LogOptions): Log {
  const logger = openLogger(options);
  const narrator = new Narrator((line) => writeLine(logger, line));
  return {
    record: (event, nowMs) => narrator.record(event, nowMs),
    tick: (nowMs) => narrator.tick(nowMs),
    finish: (nowMs) => narrator.finish(nowMs),
    warn: (message) => logger.warn(message),
  };
}

function openLogger({ level, pretty, sink, nowMs }: LogOptions): Logger {
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

function writeLine(logger: Logger, { level, message, fields }: Line): void {
  logger[level]({ ...fields }, message);
}
