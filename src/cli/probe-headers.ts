import type { ThrottleShape } from "../mock-tenant/settings.ts";
import type { ResponseHeaders } from "../tenant/verdict.ts";

const COMPRESSIONS: readonly string[] = ["br", "gzip", "deflate"];
/** The names under which servers tell their limits; nothing else of the headers is kept. */
const RATE_HEADER = /^(?:x-)?rate-?limit(?:-(?:limit|remaining|reset|policy|used|resource))?$/;

/** What response headers tell, without any of their texts. */
export class HeadersSeen {
  #compression: string | null = null;
  readonly #rateHeaders = new Set<string>();
  #throttled: ThrottleShape | null = null;

  /** Called with each response. */
  note(status: number, headers: ResponseHeaders): void {
    if (status >= 200 && status <= 299) this.#compression = compressionOf(headers);
    for (const name of Object.keys(headers)) if (RATE_HEADER.test(name)) this.#rateHeaders.add(name);
    if (status !== 429) return;
    const after = headers["retry-after"];
    if (after !== undefined) this.#throttled = /^\d/.test(String(after)) ? "retry-after-seconds" : "retry-after-date";
    else this.#throttled = headers["content-type"] === undefined ? "bare" : "body";
  }

  /** Null: no page came. */
  get compression(): string | null {
    return this.#compression;
  }

  /** Names only. */
  get rateHeaders(): readonly string[] {
    return [...this.#rateHeaders].sort();
  }

  /** Null: nothing was throttled. */
  get throttled(): ThrottleShape | null {
    return this.#throttled;
  }
}

function compressionOf(headers: ResponseHeaders): string {
  const encoding = headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return "none";
  return COMPRESSIONS.find((known) => known === encoding) ?? "other";
}
