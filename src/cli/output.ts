import { createHash } from "node:crypto";
import { close, constants, fdatasync, fstat, ftruncate, open, read, write as writeFd } from "node:fs";
import { promisify } from "node:util";
import { type Clock, systemClock } from "../kit/clock.ts";
import { ConnectorError, configInvalid } from "../kit/errors.ts";
import type { Piece } from "./scan-format.ts";

const calls = {
  open: promisify(open),
  close: promisify(close),
  fdatasync: promisify(fdatasync),
  fstat: promisify(fstat),
  ftruncate: promisify(ftruncate),
  read: promisify(read),
  write: promisify(writeFd),
};

const STDOUT = 1;
const FULL_WAIT_MS = 10;
/** As much of an output's end tells whether it is the same one. */
const END_BYTES = 64 * 1024;

const PUT_BACK = "put it back, or remove the state file to begin anew";

/** How much of an output is known, and what that ends with. */
export interface OutputEnd {
  readonly bytes: number;
  readonly endSha256: string;
}

export interface OutputOptions {
  /** Null: standard output. */
  readonly file: string | null;
  /** What it begins with. */
  readonly head: Buffer;
  /** Go on behind this, of a file that was written before; null: begin anew. */
  readonly from: OutputEnd | null;
  /** Whether another process may have to go on with it: then it is a file, and `settled` may be called. */
  readonly isKept: boolean;
  readonly clock?: Clock;
}

/**
 * Where pieces go. Writes wait for their reader without blocking the process, so that signals are heard, and an abort
 * falls between pieces.
 */
export class Output implements AsyncDisposable {
  readonly #fd: number;
  readonly #name: string;
  readonly #head: Buffer;
  readonly #clock: Clock;
  /** A file keeps what it held before until the first piece, or the end. */
  #hasBegun = false;
  #bytes = 0;
  #activities = 0;
  #isRead = true;

  private constructor(fd: number, options: OutputOptions) {
    this.#fd = fd;
    this.#name = options.file ?? "standard output";
    this.#head = options.head;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * A file that is gone on with is cut back to what is known of it.
   * @throws ConnectorError `config_invalid` when the file cannot be written, or is not the one that is known.
   */
  static async open(options: OutputOptions): Promise<Output> {
    const { file, from, isKept } = options;
    if (file === null) return new Output(STDOUT, options);
    let fd: number;
    try {
      fd = await calls.open(file, flagsOf({ isNew: from === null, isRead: isKept }), 0o666);
    } catch (error) {
      const reason = reasonOf(error);
      throw configInvalid(
        from === null || reason !== "ENOENT"
          ? `--out: cannot write ${file}: ${reason}`
          : `--resume: ${file} is gone; ${PUT_BACK}`,
      );
    }
    const output = new Output(fd, options);
    if (from !== null) await output.#goOn(from);
    else if (isKept && !(await output.#isFile()))
      throw configInvalid(`--resume: ${file} is no file that can be cut back`);
    return output;
  }

  /**
   * Writes each piece. False when the reader of a pipe has gone.
   * @throws the reason of `signal`, with only whole pieces written; ConnectorError `output_failed` on a full disk
   *   or the like.
   */
  async write(pieces: Iterable<Piece>, signal: AbortSignal): Promise<boolean> {
    for (const { bytes, activities } of pieces) {
      signal.throwIfAborted();
      await this.begin();
      if (!(await this.#writeAll(bytes))) return false;
      this.#activities += activities;
    }
    return true;
  }

  /** Activities that were written, also of a page that a stop cut short; not those of earlier processes. */
  get activities(): number {
    return this.#activities;
  }

  /** False once the reader of a pipe has gone. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** Empties a file that was there before, and writes the head; at the end, for a scan that found nothing. */
  async begin(): Promise<void> {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    if (await this.#isFile()) await calls.ftruncate(this.#fd, 0);
    await this.#writeAll(this.#head);
  }

  /**
   * Has what was written outlive this machine's fall, and says where it ends.
   * @throws ConnectorError `output_failed` when somebody else writes to the same file.
   */
  async settled(): Promise<OutputEnd> {
    await this.begin();
    await calls.fdatasync(this.#fd);
    const { size } = await calls.fstat(this.#fd);
    if (size !== this.#bytes) {
      throw failed(`${this.#name} has ${size} bytes instead of ${this.#bytes}: something else writes to it`);
    }
    return { bytes: this.#bytes, endSha256: await this.#endSha256(this.#bytes) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#fd !== STDOUT) await calls.close(this.#fd);
  }

  async #goOn({ bytes, endSha256 }: OutputEnd): Promise<void> {
    const stats = await calls.fstat(this.#fd);
    const isKnown = stats.isFile() && stats.size >= bytes && (await this.#endSha256(bytes)) === endSha256;
    if (!isKnown) {
      throw configInvalid(
        `--resume: ${this.#name} is not the file of ${bytes} bytes that the scan had written; ${PUT_BACK}`,
      );
    }
    await calls.ftruncate(this.#fd, bytes);
    this.#bytes = bytes;
    this.#hasBegun = true;
  }

  /** Takes a piece away that could not be written whole. */
  async #cutBack(): Promise<string> {
    if (!(await this.#isFile())) return "what it ends with is not whole";
    await calls.ftruncate(this.#fd, this.#bytes);
    return "it holds what had been written before";
  }

  async #isFile(): Promise<boolean> {
    return this.#fd !== STDOUT && (await calls.fstat(this.#fd)).isFile();
  }

  async #endSha256(bytes: number): Promise<string> {
    const end = Buffer.alloc(Math.min(bytes, END_BYTES));
    const { bytesRead } = await calls.read(this.#fd, end, 0, end.length, bytes - end.length);
    return createHash("sha256").update(end.subarray(0, bytesRead)).digest("hex");
  }

  async #writeAll(chunk: Buffer): Promise<boolean> {
    const never = new AbortController().signal;
    for (let at = 0; this.#isRead && at < chunk.length; ) {
      try {
        const { bytesWritten } = await calls.write(this.#fd, chunk, at);
        at += bytesWritten;
      } catch (error) {
        const reason = reasonOf(error);
        if (reason === "EPIPE") this.#isRead = false;
        else if (reason !== "EAGAIN")
          throw failed(`cannot write to ${this.#name}: ${reason}; ${await this.#cutBack()}`);
        else await this.#clock.sleep(FULL_WAIT_MS, never);
      }
    }
    if (this.#isRead) this.#bytes += chunk.length;
    return this.#isRead;
  }
}

/** Appending, so that whoever else writes to it is noticed and not overwritten. */
function flagsOf({ isNew, isRead }: { isNew: boolean; isRead: boolean }): number {
  return constants.O_APPEND | (isNew ? constants.O_CREAT : 0) | (isRead ? constants.O_RDWR : constants.O_WRONLY);
}

function failed(message: string): ConnectorError {
  return new ConnectorError("output_failed", message, { disposition: "fatal" });
}

function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
