import type { TakeActivity } from "./answer.ts";
import { type Cut, PageCutter } from "./cutter.ts";
import { decode } from "./decoding.ts";
import type { HttpResponse } from "./http.ts";

export interface BodyLimits {
  /** Of a body, decompressed. */
  readonly bodyMaxBytes: number;
  /** Of what is held of one activity while it arrives; larger ones end the page. */
  readonly activityMaxBytes: number;
}

/** What was read of a body. */
export interface ReadBody {
  /** Null when the body was not looked at as a page. */
  readonly cut: Cut | null;
  /** Its beginning, for messages. */
  readonly text: string;
}

/** Told of each piece; decompressed bytes. */
export type CountBytes = (bytes: number) => void;

const ENVELOPE_MAX_BYTES = 8 * 1024 * 1024;
const TEXT_MAX_BYTES = 16 * 1024;
/** Error bodies are read to the end up to here, so that the connection can be used again. */
const ERROR_MAX_BYTES = 256 * 1024;

/**
 * Reads the body of a 2xx response, handing its activities on; stops as soon as it is decided that it is no page.
 * Rejects when the connection or the compression breaks.
 */
export async function readPage(
  response: HttpResponse,
  limits: BodyLimits,
  take: TakeActivity,
  count: CountBytes,
): Promise<ReadBody> {
  const encoding = encodingOf(response);
  const body = decode(response.body, encoding);
  if (body === null) return { cut: null, text: `with the unknown Content-Encoding ${encoding}` };
  const beginning = new Beginning();
  const cutter = new PageCutter(take, {
    elementMaxBytes: limits.activityMaxBytes,
    envelopeMaxBytes: ENVELOPE_MAX_BYTES,
  });
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    count(chunk.length);
    beginning.add(chunk);
    if (bytes > limits.bodyMaxBytes) {
      const reason = `the response is larger than ${limits.bodyMaxBytes} bytes`;
      return { cut: { kind: "too_large", reason, elements: cutter.elements }, text: "" };
    }
    if (!cutter.push(chunk)) break;
  }
  return { cut: cutter.end(), text: beginning.text() };
}

/** Reads the beginning of any other body; what breaks it ends it. */
export async function readText(response: HttpResponse, count: CountBytes): Promise<ReadBody> {
  const beginning = new Beginning();
  const body = decode(response.body, encodingOf(response));
  if (body === null) return { cut: null, text: "" };
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      count(chunk.length);
      beginning.add(chunk);
      if (bytes > ERROR_MAX_BYTES) break;
    }
  } catch {
    // The status has said enough; a broken text is only a shorter one.
  }
  return { cut: null, text: beginning.text() };
}

function encodingOf(response: HttpResponse): string {
  return String(response.headers["content-encoding"] ?? "");
}

class Beginning {
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  add(chunk: Buffer): void {
    if (this.#bytes >= TEXT_MAX_BYTES) return;
    const piece = Buffer.from(chunk.subarray(0, TEXT_MAX_BYTES - this.#bytes));
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  text(): string {
    return new TextDecoder().decode(Buffer.concat(this.#pieces));
  }
}
