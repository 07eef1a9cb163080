import { ConnectorError, describeError, type ErrorCode } from "../kit/errors.ts";
import { basicAuthorization, hideSecrets, type Secret } from "../kit/secret.ts";
import type { Exchange, ExchangeAnswer } from "./exchange.ts";
import { isJsonObject } from "./read.ts";

export interface RegistryOptions {
  /** Base address of the Confluent-compatible API, e.g. `http://localhost:8081`. */
  readonly url: string;
  readonly auth: { readonly username: string; readonly password: Secret } | null;
  /** For each request, from its start to the last byte of the answer. */
  readonly timeoutMs: number;
}

/** One request below the registry's address; throws for all that is the registry's state rather than its answer. */
export type AskRegistry = (method: "GET" | "POST", path: string, body: object | null) => Promise<RegistryAnswer>;

export interface RegistryAnswer {
  readonly status: number;
  /** Null when the body is empty or not JSON, as the error bodies of some registries are. */
  readonly json: unknown;
  /** The registry's words, one short line. */
  readonly message: string;
}

/**
 * Asks a registry. What is thrown is a ConnectorError: `registry_unavailable` (retry; fatal for a redirect),
 * `credentials_refused` (fatal), `secret_unreadable`; or the reason of `signal` once it aborts.
 */
export function openAsk(options: RegistryOptions, exchange: Exchange, signal: AbortSignal): AskRegistry {
  return async (method, path, body) => {
    signal.throwIfAborted();
    const request = {
      method,
      url: new URL(address(options) + path),
      headers: headersOf(options),
      body: body === null ? null : JSON.stringify(body),
      timeoutMs: options.timeoutMs,
    };
    const answer = await exchange(request, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw unavailable(`no answer from the schema registry at ${address(options)}: ${describeError(error)}`, error);
    });
    return judged(options, answer);
  };
}

/** The answer, where it is one about schemas. */
function judged(options: RegistryOptions, { status, text }: ExchangeAnswer): RegistryAnswer {
  const json = parseJson(text);
  const said = isJsonObject(json) && typeof json["message"] === "string" ? json["message"] : text;
  const message = excerpt(said, 1_000);
  const at = `the schema registry at ${address(options)}`;
  if (status === 401 || status === 403) {
    const remedy = "check schemaRegistry.auth and what it may do";
    throw fatal("credentials_refused", `${at} answered ${status} (${message}); ${remedy}`);
  }
  if (status === 408 || status === 429 || status >= 500) throw unavailable(`${at} answered ${status}: ${message}`);
  if (status >= 300 && status < 400) {
    throw fatal(
      "registry_unavailable",
      `${at} answered ${status}: redirects are not followed; set schemaRegistry.url to its own address`,
    );
  }
  return { status, json, message };
}

function headersOf({ auth }: RegistryOptions): Record<string, string> {
  const headers = { accept: "application/vnd.schemaregistry.v1+json, application/json" };
  const typed = { ...headers, "content-type": "application/vnd.schemaregistry.v1+json" };
  if (auth === null) return typed;
  return { ...typed, authorization: basicAuthorization(auth.username, auth.password) };
}

/** The registry's own code for what is wrong; null where it gave none. */
export function errorCode({ json }: RegistryAnswer): unknown {
  return isJsonObject(json) ? json["error_code"] : null;
}

export function fatal(code: ErrorCode, message: string): ConnectorError {
  return new ConnectorError(code, message, { disposition: "fatal" });
}

export function unavailable(message: string, cause?: unknown): ConnectorError {
  return new ConnectorError("registry_unavailable", message, { disposition: "retry", cause });
}

/** Without a user's name or password, should the address hold one. */
export function address({ url }: RegistryOptions): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/+$/, "");
}

/** Undefined when it is not the text of JSON. */
export function parseJson(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Secrets are cut out first: half of one, at the end, would not be known again. */
export function excerpt(text: string, charactersMax: number): string {
  const line = hideSecrets(text).replace(/\s+/g, " ").trim();
  if (line === "") return "no reason given";
  return line.length <= charactersMax ? line : `${line.slice(0, charactersMax)}…`;
}
