import type { Verdict } from "./answer.ts";
import type { Cut } from "./cutter.ts";
import { excerpt } from "./redact.ts";
import { askedWait, httpDateMs, saysThrottled } from "./throttling.ts";

/** Response headers with lower-case names; a repeated one is a list. */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A response that was read to its end, or as far as it was of use. */
export interface Received {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Local wall clock when the headers came, epoch ms: used where there is no `Date` header. */
  readonly receivedAtMs: number;
  /** What the body of a 2xx response was found to be; null for all others. */
  readonly cut: Cut | null;
  /** The beginning of the body; may hold anything. */
  readonly text: string;
  /** Never to be shown, wherever the server repeats them. */
  readonly secrets: readonly string[];
}

/**
 * What a response is. Total: every status, header and body has a verdict, and only a sound page is a page.
 *
 * Throttled is also what says so with another status, and 503 with `Retry-After`. A 2xx body that stops in the
 * middle may come whole next time; one that is whole and no page is against the contract.
 */
export function judge(received: Received): Verdict {
  const { status } = received;
  if (status >= 200 && status <= 299) return judgeSuccess(received);
  if (status === 429 || isThrottledInDisguise(received)) return throttled(received);
  if (status === 401 || status === 403) return { kind: "unauthorized", reason: refusal(received) };
  if (status === 400 || status === 422) return { kind: "rejected", reason: told(received) };
  if (status === 408 || status === 425 || (status >= 500 && status <= 599)) {
    return { kind: "retry", reason: told(received) };
  }
  return { kind: "contract", reason: unexpected(received) };
}

/** The server's `Date` header, epoch ms; null when absent or unreadable. */
export function serverNowMs(headers: ResponseHeaders): number | null {
  const [date] = headerValues(headers, "date");
  return date === undefined ? null : httpDateMs(date);
}

function judgeSuccess(received: Received): Verdict {
  const { cut } = received;
  if (cut === null) return { kind: "contract", reason: told(received) };
  switch (cut.kind) {
    case "object":
      return judgeObject(received, cut);
    case "empty":
      return { kind: "contract", reason: `${received.status} with an empty body` };
    case "cut_off":
      return { kind: "retry", reason: `${received.status} whose body ends after ${cut.elements} activities` };
    case "too_large":
      return { kind: "too_large", reason: cut.reason };
    case "unsound":
      return { kind: "contract", reason: notAPage(received, cut) };
    default:
      return cut satisfies never;
  }
}

function judgeObject(received: Received, cut: Extract<Cut, { kind: "object" }>): Verdict {
  const { members, elements } = cut;
  const against = (what: string) => ({ kind: "contract", reason: `${received.status} JSON ${what}` }) as const;
  const showing = elements === 0 ? `: ${shown(received)}` : "";
  if (!cut.hasData && saysThrottled(received.text)) return throttled(received);
  if (!isNothing(members.get("error"))) return against(`with an error${showing}`);
  if (!cut.hasData) return against(`without a list "data"${showing}`);
  const hasNext = members.get("hasNext");
  if (hasNext !== "true" && hasNext !== "false") return against(`without a boolean "hasNext"${showing}`);
  for (const name of ["hasNext", "nextQueryFilters"]) {
    if (cut.repeated.has(name)) return against(`with "${name}" twice`);
  }
  const nextFilters = members.get("nextQueryFilters") ?? "null";
  if (hasNext === "true" && nextFilters === "null") {
    return { ...against('with "hasNext" but no "nextQueryFilters"'), lacksNext: true };
  }
  return {
    kind: "page",
    hasNext: hasNext === "true",
    nextFilters: hasNext === "true" ? nextFilters : null,
    total: numberOf(members.get("total")),
    activities: elements,
    ...(cut.leads === true ? { leads: true } : {}),
  };
}

/** An `error` member that says that there is none. */
function isNothing(json: string | undefined): boolean {
  return json === undefined || ["null", "false", "0", '""', "[]", "{}"].includes(json);
}

function numberOf(json: string | undefined): number | null {
  const value: unknown = json === undefined ? null : JSON.parse(json);
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function isThrottledInDisguise(received: Received): boolean {
  const { status } = received;
  if (status === 503 && headerValues(received.headers, "retry-after").length > 0) return true;
  // Validation errors repeat what the request held.
  return (status === 403 || status >= 500) && saysThrottled(received.text);
}

function throttled(received: Received): Verdict {
  const nowMs = serverNowMs(received.headers) ?? received.receivedAtMs;
  return { kind: "throttled", ...askedWait(headerValues(received.headers, "retry-after"), received.text, nowMs) };
}

function refusal(received: Received): string {
  const challenge = headerValues(received.headers, "www-authenticate").join(" ");
  return challenge === "" ? told(received) : `${told(received)} (${excerpt(challenge, received.secrets)})`;
}

function notAPage(received: Received, cut: Extract<Cut, { kind: "unsound" }>): string {
  const { status } = received;
  if (looksLikeHtml(received)) {
    return `${status} with HTML instead of JSON (a sign-in or portal page: is apiUrl the API's address?): ${shown(received)}`;
  }
  // Activities are not shown: they are personal data.
  const detail = cut.elements === 0 ? `: ${shown(received)}` : ` after ${cut.elements} activities`;
  return `${status} whose body is not a JSON page, ${cut.reason}${detail}`;
}

function looksLikeHtml(received: Received): boolean {
  const type = headerValues(received.headers, "content-type").join(" ");
  return /\bhtml\b/i.test(type) || /^\s*<(?:!doctype|html|head|body)\b/i.test(received.text);
}

function unexpected(received: Received): string {
  const { status } = received;
  if (status >= 300 && status <= 399) {
    return `${status} redirects to ${locationHost(received)}; redirects are not followed: set apiUrl to the API's own address`;
  }
  if (status === 404 || status === 405) return `${told(received)} (is apiUrl the API's address?)`;
  return told(received);
}

function locationHost(received: Received): string {
  const [location] = headerValues(received.headers, "location");
  if (location === undefined) return "nowhere";
  if (!/^(?:[a-z][a-z0-9+.-]*:)?\/\//i.test(location)) return "another path of the same host";
  const parsed = URL.canParse(location, "https://unknown.invalid")
    ? new URL(location, "https://unknown.invalid")
    : null;
  return parsed === null || parsed.host === "" ? "an unreadable address" : excerpt(parsed.host, received.secrets);
}

/** The status and the beginning of the body. */
function told(received: Received): string {
  const text = shown(received);
  return text === "" ? `${received.status} with an empty body` : `${received.status}: ${text}`;
}

function shown(received: Received): string {
  return excerpt(received.text, received.secrets);
}

function headerValues(headers: ResponseHeaders, name: string): readonly string[] {
  const value = headers[name];
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}
