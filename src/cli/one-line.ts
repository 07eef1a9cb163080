const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_N = 0x6e;
const LETTER_R = 0x72;

/**
 * The same JSON text on one line, for NDJSON. Line ends between values become spaces; nothing else changes, so a
 * text without line ends is returned as it is. A raw line end inside a string, which JSON does not allow but a
 * lenient sender may send, becomes the escape that means it.
 */
export function oneLine(json: Buffer): Buffer {
  if (!json.includes(LF) && !json.includes(CR)) return json;
  const out: number[] = [];
  let inString = false;
  let escaped = false;
  for (const byte of json) {
    const isLineEnd = byte === LF || byte === CR;
    out.push(...(isLineEnd ? replacement(byte, inString, escaped) : [byte]));
    if (byte === QUOTE && !escaped) inString = !inString;
    escaped = inString && byte === BACKSLASH && !escaped;
  }
  return Buffer.from(out);
}

function replacement(lineEnd: number, inString: boolean, escaped: boolean): number[] {
  if (!inString) return [SPACE];
  const letter = lineEnd === LF ? LETTER_N : LETTER_R;
  return escaped ? [letter] : [BACKSLASH, letter];
}
