import { once } from "node:events";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createBrotliCompress, createDeflate, createGzip } from "node:zlib";
import type { Clock } from "../kit/clock.ts";
import type { PageAnswer } from "./answer-page.ts";
import type { Archive } from "./archive.ts";
import { type Exchange, untilAborted } from "./exchange.ts";
import type { MockTenantSettings } from "./settings.ts";
import { activityText } from "./text.ts";

/** Where and how a body ends early: the connection is reset, the JSON stops with a clean end, or nothing more comes. */
export interface Cut {
  readonly kind: "reset" | "truncate" | "stall";
  /** After this share of the activities; the next one is cut in its middle. */
  readonly share: number;
}

/** A reset throws away what the client has not read yet; this lets it read what was sent. */
const BEFORE_RESET_MS = 20;

/** Rendered and written at a time, so that a slow reader holds little and others get their turn. */
const ACTIVITIES_A_CHUNK = 50;

/**
 * Sends a page as it is rendered, no faster than the client reads.
 *
 * @throws when the client goes away or the tenant closes.
 */
export async function sendPage(
  { request, response, signal }: Exchange,
  page: PageAnswer,
  source: {
    readonly archive: Archive;
    readonly settings: MockTenantSettings;
    readonly cut: Cut | null;
    readonly clock: Clock;
  },
): Promise<void> {
  const { settings, cut } = source;
  const encoding = settings.compress ? chosenEncoding(String(request.headers["accept-encoding"] ?? "")) : null;
  response.setHeader("content-type", "application/json");
  if (encoding !== null) response.setHeader("content-encoding", encoding);
  const parts = pageParts(page, source);
  if (encoding === null) await writeAll(response, parts, signal);
  else
    await pipeline(parts, COMPRESSORS[encoding](), response, { signal, end: cut === null || cut.kind === "truncate" });
  if (cut?.kind === "reset") {
    await source.clock.sleep(BEFORE_RESET_MS, signal);
    request.socket.resetAndDestroy();
  } else if (cut?.kind === "stall") await untilAborted(signal);
  else if (encoding === null) response.end();
}

const COMPRESSORS = {
  br: () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  gzip: () => createGzip({ level: 1 }),
  deflate: () => createDeflate({ level: 1 }),
} as const;

function chosenEncoding(accepted: string): keyof typeof COMPRESSORS | null {
  const names = accepted.split(",").map((part) => part.split(";")[0]?.trim());
  return (["br", "gzip", "deflate"] as const).find((encoding) => names.includes(encoding)) ?? null;
}

async function writeAll(to: Writable, parts: Iterable<Buffer>, signal: AbortSignal): Promise<void> {
  for (const part of parts) {
    signal.throwIfAborted();
    if (!to.write(part)) await once(to, "drain", { signal });
  }
}

function* pageParts(
  { indexes, envelope }: PageAnswer,
  { archive, settings, cut }: { archive: Archive; settings: MockTenantSettings; cut: Cut | null },
): Generator<Buffer, void, void> {
  const fields = JSON.stringify(envelope);
  const before = settings.envelope === "before";
  const whole = cut === null ? indexes.length : Math.floor(indexes.length * cut.share);
  let text = before ? `${fields.slice(0, -1)},"data":[` : '{"data":[';
  for (let position = 0; position < whole; position++) {
    text += `${position > 0 ? "," : ""}${activityText(archive, indexes[position] as number, settings)}`;
    if ((position + 1) % ACTIVITIES_A_CHUNK === 0) {
      yield Buffer.from(text);
      text = "";
    }
  }
  if (cut === null) {
    yield Buffer.from(`${text}]${before ? "}" : `,${fields.slice(1)}`}`);
    return;
  }
  const next = indexes[whole];
  const half = next === undefined ? "" : activityText(archive, next, settings);
  yield Buffer.from(`${text}${whole > 0 && half !== "" ? "," : ""}${half.slice(0, half.length / 2)}`);
}
