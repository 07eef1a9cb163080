import { type Duplex, pipeline } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";

/** What `decode` understands. */
export const ACCEPT_ENCODING = "gzip, deflate, br";

/**
 * The decompressed body; null when its `Content-Encoding` is not one that was asked for. Errors of the body and of
 * its compression reject the iteration. Memory is a few pieces, whatever the compression holds.
 */
export function decode(body: AsyncIterable<Buffer>, contentEncoding: string): AsyncIterable<Buffer> | null {
  const names = contentEncoding
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  let decoded: AsyncIterable<Buffer> | null = names.length <= 4 ? body : null;
  for (const name of names.reverse()) {
    if (decoded !== null) decoded = decodeOne(decoded, name);
  }
  return decoded;
}

function decodeOne(body: AsyncIterable<Buffer>, name: string): AsyncIterable<Buffer> | null {
  if (name === "gzip" || name === "x-gzip") return through(body, createGunzip());
  if (name === "br") return through(body, createBrotliDecompress());
  return name === "deflate" ? inflate(body) : null;
}

function through(body: AsyncIterable<Buffer>, decoder: Duplex): AsyncIterable<Buffer> {
  // Errors reach the reader through the decoder.
  pipeline(body, decoder, () => {});
  return decoder;
}

/** `deflate` means zlib's format by the standard, and the bare one from some servers: the first byte tells. */
async function* inflate(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const pieces = body[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await pieces.next();
    if (done) return;
    if (value.length === 0) continue;
    const isZlib = ((value[0] as number) & 0x0f) === 8;
    yield* through(withFirst(value, pieces), isZlib ? createInflate() : createInflateRaw());
    return;
  }
}

async function* withFirst(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
