import { inspect } from "node:util";

/**
 * A value that never shows itself: not in JSON, templates, logs or `inspect`. Only `reveal` gives it, read
 * anew at each call so that a rotated file or token is used from the next request on.
 */
export class Secret {
  readonly #read: () => string;
  /** Where it comes from, e.g. `file /run/secrets/token`; safe to show. */
  readonly origin: string;

  constructor(origin: string, read: () => string) {
    this.origin = origin;
    this.#read = read;
  }

  /** @throws ConnectorError `secret_unreadable` when the file or variable is gone or empty. */
  reveal(): string {
    const value = this.#read();
    remember(this, value);
    return value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}

/** What each holder has shown lately, in the forms that it could be repeated in. */
const shown = new Map<object, Map<string, readonly string[]>>();
const HOLDERS_MAX = 10_000;
/** A value and its predecessor, each alone and in a header. */
const VALUES_MAX = 4;
/** Shorter texts are no secrets: cutting them out would garble everything else. */
const LENGTH_MIN = 4;
/** Of `shown`, the longest first, since one secret may be part of another; null after a change. */
let longestFirst: readonly string[] | null = null;

/** From now on `value` is cut out of whatever is written for people. Its holder's fourth last is forgotten for it. */
export function remember(holder: object, value: string): void {
  const text = value.trim();
  const values = shown.get(holder) ?? new Map<string, readonly string[]>();
  if (text.length < LENGTH_MIN || values.has(text)) return;
  const oldest = values.keys().next();
  if (values.size >= VALUES_MAX && oldest.done === false) values.delete(oldest.value);
  values.set(text, [...new Set([text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text)])]);
  const oldestHolder = shown.keys().next();
  if (!shown.has(holder) && shown.size >= HOLDERS_MAX && oldestHolder.done === false) shown.delete(oldestHolder.value);
  shown.set(holder, values);
  longestFirst = null;
}

/** The text without any secret that this process has revealed or was given, whoever repeats it. */
export function hideSecrets(text: string): string {
  longestFirst ??= [...shown.values()]
    .flatMap((values) => [...values.values()].flat())
    .sort((one, other) => other.length - one.length);
  // Most texts are shorter than any secret: with hundreds of tenants that is what keeps every line of a log cheap.
  return longestFirst.reduce(
    (left, secret) => (secret.length > left.length ? left : left.replaceAll(secret, "[redacted]")),
    text,
  );
}

/** The value of an `Authorization` header for basic authentication. @throws as `Secret.reveal` */
export function basicAuthorization(username: string, password: Secret): string {
  const pair = Buffer.from(`${username}:${password.reveal()}`).toString("base64");
  remember(password, pair);
  return `Basic ${pair}`;
}
