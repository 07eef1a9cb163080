/** What a response was judged to be; decided once, by `verdict.ts`, from status, headers and body. */
export type Verdict =
  | {
      readonly kind: "page";
      readonly hasNext: boolean;
      /** The exact JSON text of `nextQueryFilters`; null when `hasNext` is false. */
      readonly nextFilters: string | null;
      /** The API's `total`: overcounts, only for the "empty although total > 0" rule. */
      readonly total: number | null;
      readonly activities: number;
      /** Other members came before the activities. */
      readonly leads?: true;
    }
  | { readonly kind: "throttled"; readonly waitMs: number; readonly hint: "header" | "body" | "none" }
  /** 5xx, resets, time-outs, cut-off bodies: the same request may succeed in a moment. */
  | {
      readonly kind: "retry";
      readonly reason: string;
      /** Node's or undici's, of a connection that failed. */
      readonly connectionCode?: string;
    }
  /** 401 and 403. */
  | { readonly kind: "unauthorized"; readonly reason: string }
  /** 400: the API refuses this request's filters. */
  | { readonly kind: "rejected"; readonly reason: string }
  /** Neither a page nor a known error: HTML, a 2xx error body, a redirect, a page that contradicts itself. */
  | {
      readonly kind: "contract";
      readonly reason: string;
      /** It would be a page, but that it says there is more and not how to ask for it. */
      readonly lacksNext?: true;
    }
  /** The body, or what the caller keeps of it, is larger than the configured limit. */
  | { readonly kind: "too_large"; readonly reason: string };

/** One request's outcome. `reason` texts are one line, redacted, with the status and a short excerpt. */
export interface Answer {
  readonly verdict: Verdict;
  /** Null when no response came. */
  readonly status: number | null;
  /** The server's `Date` header, epoch ms (1 s resolution); null when absent or unreadable. */
  readonly serverNowMs: number | null;
  /** Local wall clock when the response headers were received, or the failure was known. Epoch ms. */
  readonly readAtMs: number;
  /** From sending to the last byte. */
  readonly durationMs: number;
  /** Decompressed body bytes read. */
  readonly bodyBytes: number;
}

/**
 * Takes the exact bytes of one activity, in the page's order, as they arrive. The buffer is the taker's to
 * keep. Returns false to stop reading: the answer is then `too_large`.
 */
export type TakeActivity = (bytes: Buffer) => boolean;
