const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;

/** What a byte means between the strings of an object or array. */
const PLAIN = 0;
const STRING = 1;
const OPEN = 2;
const CLOSE = 3;
const CONTAINER_CLASS = classTable([
  ['"', STRING],
  ["{[", OPEN],
  ["}]", CLOSE],
]);
/** Bytes that end a number or literal; they are not part of it. */
const ENDS_SCALAR = classTable([[' \t\r\n,:]}[{"', 1]]);

function classTable(classes: readonly (readonly [string, number])[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const [bytes, value] of classes) {
    for (const byte of Buffer.from(bytes)) table[byte] = value;
  }
  return table;
}

/** The value goes on after this chunk. */
export const UNFINISHED = -1;
/** A bracket is closed by one of the other kind: where the value ends cannot be known. */
export const MISMATCHED = -2;

/**
 * Finds where one JSON value ends in bytes that come in pieces. It looks at strings, escapes and brackets only:
 * what is inside may be bad JSON, but its brackets match.
 */
export class ValueScanner {
  #kind: "string" | "container" | "scalar" = "scalar";
  #inString = false;
  #escaped = false;
  #stack = new Uint8Array(64);
  #depth = 0;

  /**
   * Starts on the value's first byte, at `from`. Returns the index after its last byte, or `UNFINISHED` or
   * `MISMATCHED`. A number or literal has not ended until a byte that is not part of it is seen.
   */
  start(chunk: Buffer, from: number): number {
    const first = chunk[from] as number;
    this.#escaped = false;
    this.#depth = 0;
    if (first === QUOTE) {
      this.#kind = "string";
      return this.#endOfString(chunk, from + 1);
    }
    this.#inString = false;
    this.#kind = first === OPEN_OBJECT || first === OPEN_ARRAY ? "container" : "scalar";
    return this.resume(chunk, from);
  }

  /** Goes on with the value at `from`, the beginning of the next chunk. Returns as `start` does. */
  resume(chunk: Buffer, from: number): number {
    if (this.#kind === "container") return this.#endOfContainer(chunk, from);
    return this.#kind === "string" ? this.#endOfString(chunk, from) : endOfScalar(chunk, from);
  }

  #endOfContainer(chunk: Buffer, from: number): number {
    const length = chunk.length;
    let at = this.#inString ? this.#passString(chunk, from) : from;
    for (; at < length; at++) {
      const byte = chunk[at] as number;
      const meaning = CONTAINER_CLASS[byte] as number;
      if (meaning === PLAIN) continue;
      if (meaning === STRING) {
        at = this.#passString(chunk, at + 1) - 1;
      } else if (meaning === OPEN) {
        this.#push(byte);
      } else if (!this.#pop(byte)) {
        return MISMATCHED;
      } else if (this.#depth === 0) {
        return at + 1;
      }
    }
    return UNFINISHED;
  }

  /** The index after a string in a container; the chunk's length when it goes on in the next one. */
  #passString(chunk: Buffer, from: number): number {
    const end = this.#endOfString(chunk, from);
    this.#inString = end === UNFINISHED;
    return end === UNFINISHED ? chunk.length : end;
  }

  #pop(byte: number): boolean {
    this.#depth -= 1;
    // "}" and "]" stand two places after what they close.
    return byte - (this.#stack[this.#depth] as number) === 2;
  }

  #push(byte: number): void {
    if (this.#depth === this.#stack.length) {
      const larger = new Uint8Array(this.#stack.length * 2);
      larger.set(this.#stack);
      this.#stack = larger;
    }
    this.#stack[this.#depth] = byte;
    this.#depth += 1;
  }

  /** From inside a string to the index after its closing quote. */
  #endOfString(chunk: Buffer, from: number): number {
    const start = this.#escaped && from < chunk.length ? from + 1 : from;
    this.#escaped = this.#escaped && start === from;
    let at = start;
    for (;;) {
      const quote = chunk.indexOf(QUOTE, at);
      const end = quote === -1 ? chunk.length : quote;
      const escaped = endsEscaped(chunk, start, end);
      if (quote === -1) {
        this.#escaped ||= escaped;
        return UNFINISHED;
      }
      if (!escaped) return quote + 1;
      at = quote + 1;
    }
  }
}

/** Whether an odd number of backslashes stands before `end`. */
function endsEscaped(chunk: Buffer, start: number, end: number): boolean {
  let at = end;
  while (at > start && chunk[at - 1] === BACKSLASH) at -= 1;
  return (end - at) % 2 === 1;
}

function endOfScalar(chunk: Buffer, from: number): number {
  for (let at = from; at < chunk.length; at++) {
    if (ENDS_SCALAR[chunk[at] as number] === 1) return at;
  }
  return UNFINISHED;
}
