import { hideSecrets } from "../kit/secret.ts";
import type { Event } from "./events.ts";

const CREDENTIALS = /\b(token|bearer|basic)(\s+)[\w+/=.~-]{8,}/gi;
const IN_ADDRESS = /(\/\/)[^\s/@"]+@/g;
const IN_PARAMETER = /\b((?:access_token|client_secret|password|secret)"?\s*[=:]\s*"?)[^\s&",}]+/gi;

/**
 * The event without any secret that this process knows, and without what looks like one, in its texts: a last line of
 * defence, since nobody hands secrets to an event, but a peer's text may repeat one.
 */
export function redactEvent(event: Event): Event {
  const changed = Object.entries(event).flatMap(([key, text]) => {
    const redacted = typeof text === "string" ? redact(text) : text;
    return redacted === text ? [] : [[key, redacted]];
  });
  return changed.length === 0 ? event : { ...event, ...Object.fromEntries(changed) };
}

export function redact(text: string): string {
  return hideSecrets(text).replace(CREDENTIALS, "$1$2…").replace(IN_ADDRESS, "$1…@").replace(IN_PARAMETER, "$1…");
}
