const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/**
 * Finds the values of `wanted` members of a JSON object, as they stand in its bytes, which must be the UTF-8
 * JSON text of an object. Of repeated keys the last counts, as for `JSON.parse`. Exact where a parsed value is
 * not: numbers beyond 2^53, escapes, repeated keys and white space stay. The values share memory with `bytes`.
 */
export function openMembers(wanted: ReadonlySet<string>): (bytes: Buffer) => ReadonlyMap<string, Buffer> {
  const keys = [...wanted].map((name) => ({ name, bytes: Buffer.from(name) }));
  return (bytes) => {
    const found = new Map<string, Buffer>();
    let at = skipSpace(bytes, skipSpace(bytes, 0) + 1);
    while (bytes[at] === QUOTE) {
      const keyEnd = stringEnd(bytes, at);
      const valueAt = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1);
      const valueEnd = endOfValue(bytes, valueAt);
      const name = hasEscape(bytes, at, keyEnd)
        ? JSON.parse(bytes.toString("utf8", at, keyEnd))
        : keys.find((key) => isKey(bytes, at, keyEnd, key.bytes))?.name;
      if (wanted.has(name)) found.set(name, bytes.subarray(valueAt, valueEnd));
      at = skipSpace(bytes, valueEnd);
      if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
    }
    return found;
  };
}

/** Whether the string from `at` to `end`, its quotes included, is `key`. */
function isKey(bytes: Buffer, at: number, end: number, key: Buffer): boolean {
  if (end - at - 2 !== key.length) return false;
  for (let i = 0; i < key.length; i += 1) if (bytes[at + 1 + i] !== key[i]) return false;
  return true;
}

function hasEscape(bytes: Buffer, at: number, end: number): boolean {
  for (let i = at; i < end; i += 1) if (bytes[i] === BACKSLASH) return true;
  return false;
}

/** The index after the closing quote of the string that opens at `at`. */
function stringEnd(bytes: Buffer, at: number): number {
  for (let i = at + 1; i < bytes.length; i += 1) {
    const byte = bytes[i];
    if (byte === QUOTE) return i + 1;
    if (byte === BACKSLASH) i += 1;
  }
  return bytes.length;
}

function endOfValue(bytes: Buffer, at: number): number {
  const first = bytes[at];
  if (first === QUOTE) return stringEnd(bytes, at);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return endOfNesting(bytes, at);
  let end = at;
  while (end < bytes.length && !endsScalar(bytes[end])) end += 1;
  return end;
}

/** What a byte outside of strings does to the depth of nesting. */
const NESTING = new Int8Array(256);
for (const open of [OPEN_BRACE, OPEN_BRACKET]) NESTING[open] = 1;
for (const close of [CLOSE_BRACE, CLOSE_BRACKET]) NESTING[close] = -1;

function endOfNesting(bytes: Buffer, at: number): number {
  let depth = 0;
  for (let i = at; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE) i = stringEnd(bytes, i) - 1;
    depth += NESTING[byte] ?? 0;
    if (depth === 0) return i + 1;
  }
  return bytes.length;
}

function endsScalar(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte);
}

function skipSpace(bytes: Buffer, at: number): number {
  let next = at;
  while (isSpace(bytes[next])) next += 1;
  return next;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
