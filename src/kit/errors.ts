/**
 * What went wrong, as a closed list: at once the metric label, the log field and what tests match.
 * Every code is explained in README, "Troubleshooting".
 */
export const ERROR_CODES = [
  "api_throttled",
  "api_unavailable",
  "api_unauthorized",
  "api_contract",
  "api_rejected",
  "config_invalid",
  "secret_unreadable",
  "credentials_refused",
  "cursor_ahead",
  "cursor_corrupt",
  "cursor_foreign",
  "cursor_newer",
  "page_too_large",
  "memory_exhausted",
  "kafka_unavailable",
  "kafka_refused",
  "topic_misconfigured",
  "publish_failed",
  "publish_fenced",
  "registry_unavailable",
  "schema_incompatible",
  "schema_missing",
  "output_failed",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** `retry`: the same thing may succeed later by itself. `fatal`: a person has to change something. */
export type Disposition = "retry" | "fatal";

/**
 * The one error class. The message says what was being done, on which tenant, scan or topic, what came back
 * and what to do next; it never holds a secret or more than a short, redacted excerpt of a body.
 */
export class ConnectorError extends Error {
  readonly code: ErrorCode;
  readonly disposition: Disposition;

  constructor(code: ErrorCode, message: string, options: { disposition: Disposition; cause?: unknown }) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "ConnectorError";
    this.code = code;
    this.disposition = options.disposition;
  }
}

/** What was given (a configuration, flags, a file of theirs) cannot be taken: the exit code is 2. */
export function configInvalid(message: string): ConnectorError {
  return new ConnectorError("config_invalid", message, { disposition: "fatal" });
}

/** For our own invariants only: a failure is a bug. What a peer sends is handled, never asserted. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

const CAUSES_MAX = 8;

/** A one-line text of anything thrown, with its causes but for those that it names already; for logs and messages. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  let text = error.message;
  let at: unknown = error.cause;
  for (let depth = 0; at instanceof Error && depth < CAUSES_MAX; depth++) {
    if (!text.includes(at.message)) text = `${text}: ${at.message}`;
    at = at.cause;
  }
  return text;
}

/** The code of a connection that failed (Node's or undici's, such as ECONNREFUSED), wherever in the causes; or null. */
export function connectionCode(error: unknown): string | null {
  let at: unknown = error;
  for (let depth = 0; at instanceof Error && depth < CAUSES_MAX; depth++) {
    if (!(at instanceof ConnectorError) && "code" in at && typeof at.code === "string") return at.code;
    at = at.cause;
  }
  return null;
}
