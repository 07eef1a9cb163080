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
    return this.#read();
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
