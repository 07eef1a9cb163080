import { close, fstat, ftruncate, open, write as writeFd } from "node:fs";
import { promisify } from "node:util";
import { type Clock, systemClock } from "../kit/clock.ts";
import { ConnectorError } from "../kit/errors.ts";

const calls = {
  open: promisify(open),
  close: promisify(close),
  fstat: promisify(fstat),
  ftruncate: promisify(ftruncate),
  write: promisify(writeFd),
};

const STDOUT = 1;
/** Whole lines are handed over in about this size. */
const CHUNK_BYTES = 256 * 1024;
const FULL_WAIT_MS = 10;
const NEWLINE = Buffer.from("\n");

/**
 * Where lines go. Writes wait for their reader without blocking the process, so that signals are heard, and an
 * abort falls between lines.
 */
export class Output implements AsyncDisposable {
  readonly #fd: number;
  readonly #name: string;
  readonly #clock: Clock;
  /** A file keeps what it held before until the first line, or the end. */
  #isFresh: boolean;
  #lines = 0;

  private constructor(fd: number, name: string, clock: Clock) {
    this.#fd = fd;
    this.#name = name;
    this.#clock = clock;
    this.#isFresh = fd === STDOUT;
  }

  /**
   * `file` null: standard output.
   * @throws ConnectorError `config_invalid` when the file cannot be written.
   */
  static async open(file: string | null, clock: Clock = systemClock): Promise<Output> {
    if (file === null) return new Output(STDOUT, "standard output", clock);
    try {
      return new Output(await calls.open(file, "a"), file, clock);
    } catch (error) {
      throw new ConnectorError("config_invalid", `--output: cannot write ${file}: ${reasonOf(error)}`, {
        disposition: "fatal",
      });
    }
  }

  /**
   * Writes each line and a line end. False when the reader of a pipe has gone.
   * @throws the reason of `signal`, with only whole lines written; ConnectorError `config_invalid` on a full disk
   *   or the like.
   */
  async write(lines: readonly Buffer[], signal: AbortSignal): Promise<boolean> {
    for (const chunk of chunks(lines)) {
      signal.throwIfAborted();
      await this.begin();
      if (!(await this.#writeAll(chunk.bytes))) return false;
      this.#lines += chunk.lines;
    }
    return true;
  }

  /** Lines that are there, also of a page that a stop cut short. */
  get lines(): number {
    return this.#lines;
  }

  /** Empties a file that was there before; called at the end for a scan that found nothing. */
  async begin(): Promise<void> {
    if (this.#isFresh) return;
    this.#isFresh = true;
    const stats = await calls.fstat(this.#fd);
    if (stats.isFile()) await calls.ftruncate(this.#fd, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#fd !== STDOUT) await calls.close(this.#fd);
  }

  async #writeAll(chunk: Buffer): Promise<boolean> {
    const never = new AbortController().signal;
    for (let at = 0; at < chunk.length; ) {
      try {
        const { bytesWritten } = await calls.write(this.#fd, chunk, at);
        at += bytesWritten;
      } catch (error) {
        const reason = reasonOf(error);
        if (reason === "EPIPE") return false;
        if (reason !== "EAGAIN") {
          const message = `cannot write to ${this.#name}: ${reason}; it holds whole lines but for the last`;
          throw new ConnectorError("config_invalid", message, { disposition: "fatal" });
        }
        await this.#clock.sleep(FULL_WAIT_MS, never);
      }
    }
    return true;
  }
}

function* chunks(lines: readonly Buffer[]): Generator<{ readonly bytes: Buffer; readonly lines: number }> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for (const line of lines) {
    parts.push(line, NEWLINE);
    bytes += line.length + NEWLINE.length;
    if (bytes < CHUNK_BYTES) continue;
    yield { bytes: Buffer.concat(parts), lines: parts.length / 2 };
    parts = [];
    bytes = 0;
  }
  if (bytes > 0) yield { bytes: Buffer.concat(parts), lines: parts.length / 2 };
}

function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
