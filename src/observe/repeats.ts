import type { LogEvent } from "./log-events.ts";

/** A line for the log, not yet written. */
export interface Line {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly event: LogEvent;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const INTERVAL_MS = 60_000;
const KINDS_MAX = 2_000;

interface Kind {
  writtenAtMs: number;
  held: number;
  last: Line;
}

/**
 * Keeps what may happen thousands of times from flooding the log: the first line of a kind is written, then at
 * most one a minute, which says how many were held back.
 */
export class Repeats {
  readonly #kinds = new Map<string, Kind>();
  readonly #write: (line: Line) => void;

  constructor(write: (line: Line) => void) {
    this.#write = write;
  }

  /** Writes the line or holds it back; true when it was written. `kind` needs few different values. */
  offer(kind: string, line: Line, nowMs: number): boolean {
    const known = this.#kinds.get(kind);
    if (known !== undefined && nowMs - known.writtenAtMs < INTERVAL_MS) {
      known.held += 1;
      known.last = line;
      return false;
    }
    this.#write(known === undefined || known.held === 0 ? line : withCount(line, known.held));
    this.#remember(kind, line, nowMs);
    return true;
  }

  /** The next line of this kind is news again. */
  forget(kind: string): void {
    this.#kinds.delete(kind);
  }

  /** Writes the last held-back line of each kind whose minute is over, or of all. */
  flush(nowMs: number, options: { readonly all: boolean }): void {
    for (const [kind, { writtenAtMs, held, last }] of this.#kinds) {
      if (!options.all && nowMs - writtenAtMs < INTERVAL_MS) continue;
      if (held === 0) {
        this.#kinds.delete(kind);
        continue;
      }
      this.#write(withCount(last, held - 1));
      this.#remember(kind, last, nowMs);
    }
  }

  #remember(kind: string, last: Line, nowMs: number): void {
    const oldest = this.#kinds.keys().next();
    if (this.#kinds.size >= KINDS_MAX && oldest.done === false) this.#kinds.delete(oldest.value);
    this.#kinds.set(kind, { writtenAtMs: nowMs, held: 0, last });
  }
}

function withCount(line: Line, held: number): Line {
  return held === 0
    ? line
    : { ...line, message: `${line.message} (and ${held} more since)`, fields: { ...line.fields, held } };
}
