/** When nothing is said: "usually the throttle time for this call is 1 minute" (seen in answers of this API). */
const WAIT_DEFAULT_MS = 60_000;
const WAIT_MIN_MS = 1_000;
const WAIT_MAX_MS = 60 * 60_000;

const SAYS_THROTTLED = /\b(?:(?:was|were|is|are|been|being) throttled|throttl(?:ed|ing)\b|too many requests)/i;
const SAYS_SECONDS = /\b(?:available|retry|try again|wait)\b[^0-9]{0,40}(\d{1,9}(?:\.\d{1,6})?) ?s(?:ec(?:ond)?s?)?\b/i;

/** How long the server asks to wait, and where it says so. */
export interface AskedWait {
  readonly waitMs: number;
  readonly hint: "header" | "body" | "none";
}

/** Whether an error's text says that there were too many requests, whatever its status. */
export function saysThrottled(text: string): boolean {
  return SAYS_THROTTLED.test(text);
}

/**
 * The wait of a throttling answer, from 1 s to 1 h: of `Retry-After` (seconds, or a date that is taken relative
 * to `serverNowMs`), else of a text like "available in 17 seconds", else 60 s. `retryAfter`: all its values.
 */
export function askedWait(retryAfter: readonly string[], text: string, serverNowMs: number): AskedWait {
  const fromHeader = retryAfter.map((value) => retryAfterMs(value, serverNowMs)).filter((wait) => wait !== null);
  if (fromHeader.length > 0) return { waitMs: clamp(Math.max(...fromHeader)), hint: "header" };
  const said = SAYS_SECONDS.exec(text)?.[1];
  if (said !== undefined) return { waitMs: clamp(Number(said) * 1000), hint: "body" };
  return { waitMs: WAIT_DEFAULT_MS, hint: "none" };
}

function retryAfterMs(value: string, serverNowMs: number): number | null {
  const text = value.trim();
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.min(Number(text), WAIT_MAX_MS) * 1000;
  const atMs = httpDateMs(text);
  return atMs === null ? null : atMs - serverNowMs;
}

/** An HTTP date as epoch ms; null when it is not one. */
export function httpDateMs(value: string): number | null {
  if (!/^[A-Za-z]{3,9},? .*\d{2}:\d{2}:\d{2}/.test(value)) return null;
  // The oldest of the three forms names no zone; all three mean GMT.
  const ms = Date.parse(/GMT|UTC|[+-]\d{4}$/.test(value) ? value : `${value} GMT`);
  return Number.isNaN(ms) ? null : ms;
}

function clamp(waitMs: number): number {
  return Math.ceil(Math.min(WAIT_MAX_MS, Math.max(WAIT_MIN_MS, waitMs)));
}
