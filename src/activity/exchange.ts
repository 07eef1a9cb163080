import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

export interface ExchangeRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** From the start of the request to the last byte of the answer. */
  readonly timeoutMs: number;
}

export interface ExchangeAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * One HTTP exchange, without retry and without following redirects.
 * @throws Error when no whole answer came in time; the reason of `signal` once it aborts.
 */
export type Exchange = (request: ExchangeRequest, signal: AbortSignal) => Promise<ExchangeAnswer>;

const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Exchanges over Node's own client, which unlike the global `fetch` takes a certificate authority of the
 * caller's (`caPem`, instead of the system's).
 */
export function openExchange(caPem: string | null): Exchange {
  return (request, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const send = request.url.protocol === "https:" ? requestHttps : requestHttp;
      const options = { method: request.method, headers: request.headers, agent: false };
      const sent = send(request.url, caPem === null ? options : { ...options, ca: caPem });
      const fail = (error: Error) => {
        reject(error);
        sent.destroy();
      };
      const abort = () => fail(toError(signal.reason));
      const timer = setTimeout(() => fail(new Error(`no answer within ${request.timeoutMs} ms`)), request.timeoutMs);
      signal.addEventListener("abort", abort, { once: true });
      sent.on("close", () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
      });
      sent.on("error", reject);
      sent.on("response", (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > ANSWER_BYTES_MAX) fail(new Error(`answer of more than ${ANSWER_BYTES_MAX} bytes`));
        });
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      });
      sent.end(request.body ?? undefined);
    });
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
