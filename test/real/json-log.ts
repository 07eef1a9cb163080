import { closeSync, openSync, readSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** One line of the connector's log. */
export interface LogLine {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly time: string;
  readonly msg: string;
  /** The event behind the line, and its fields. */
  readonly event?: string;
  readonly [field: string]: unknown;
}

const NEXT_MAX_MS = 60_000;

/** A JSON log that is being written, read on as it grows. */
export class JsonLog {
  readonly #file: string;
  readonly #lines: LogLine[] = [];
  readonly #strays: string[] = [];
  #offset = 0;
  #rest = Buffer.alloc(0);
  readonly #piece = Buffer.alloc(64 * 1024);

  constructor(file: string) {
    this.#file = file;
  }

  /** All lines that are whole by now. */
  get lines(): readonly LogLine[] {
    this.#readOn();
    return this.#lines;
  }

  /** Lines that are not the log's own JSON: the last words on stderr, warnings of the runtime. */
  get strays(): readonly string[] {
    this.#readOn();
    return this.#strays;
  }

  of(event: string): LogLine[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** Waits, within milliseconds, for the next line of which something is so. @throws Error after a minute. */
  async next(isSo: (line: LogLine) => boolean): Promise<void> {
    const untilMs = performance.now() + NEXT_MAX_MS;
    for (let seen = this.lines.length; !this.lines.slice(seen).some(isSo); ) {
      if (performance.now() > untilMs) throw new Error(`waited in vain for a line of ${this.#file}`);
      seen = this.#lines.length;
      await delay(3);
    }
  }

  /** Lines that would trouble a person, since it started: what it says of its configuration comes before. */
  get troubles(): LogLine[] {
    const { lines } = this;
    const started = lines.findIndex((line) => line.event === "connector_started");
    return lines.slice(started + 1).filter((line) => started >= 0 && (line.level === "warn" || line.level === "error"));
  }

  #readOn(): void {
    const file = openSync(this.#file, "r");
    try {
      for (;;) {
        const read = readSync(file, this.#piece, 0, this.#piece.length, this.#offset);
        if (read === 0) return;
        this.#offset += read;
        this.#take(Buffer.concat([this.#rest, this.#piece.subarray(0, read)]));
      }
    } finally {
      closeSync(file);
    }
  }

  #take(bytes: Buffer): void {
    const end = bytes.lastIndexOf("\n") + 1;
    this.#rest = Buffer.from(bytes.subarray(end));
    for (const text of bytes.toString("utf8", 0, end).split("\n")) {
      if (text === "") continue;
      const line = parse(text);
      if (line === null) this.#strays.push(text);
      else this.#lines.push(line);
    }
  }
}

function parse(text: string): LogLine | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "msg" in value ? (value as LogLine) : null;
  } catch {
    return null;
  }
}
