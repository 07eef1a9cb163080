import type { ServerResponse } from "node:http";
import type { ThrottleShape } from "./settings.ts";

/** Answers 429 in the given shape. Instants are epoch ms of the tenant's clock. */
export function sendThrottled(
  response: ServerResponse,
  shape: ThrottleShape,
  times: { readonly nowMs: number; readonly retryAtMs: number },
): void {
  const { headers, body } = throttledAnswer(shape, times);
  response.writeHead(429, headers);
  response.end(body === null ? undefined : JSON.stringify(body));
}

interface Answer429 {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly detail: string } | null;
}

function throttledAnswer(shape: ThrottleShape, times: { nowMs: number; retryAtMs: number }): Answer429 {
  const seconds = Math.max(1, Math.ceil((times.retryAtMs - times.nowMs) / 1_000));
  const json = { "content-type": "application/json" };
  const body = { detail: "Request was throttled." };
  switch (shape) {
    case "retry-after-seconds":
      return { headers: { ...json, "retry-after": String(seconds) }, body };
    case "retry-after-date": {
      // HTTP dates know whole seconds only; the next one is never too early.
      const wholeMs = Math.ceil(times.retryAtMs / 1_000) * 1_000;
      return { headers: { ...json, "retry-after": new Date(wholeMs).toUTCString() }, body };
    }
    case "body":
      return {
        headers: json,
        body: { detail: `Request was throttled. Expected available in ${seconds} seconds.` },
      };
    case "bare":
      return { headers: {}, body: null };
  }
}
