import { ConnectorError, describeError, type ErrorCode } from "../kit/errors.ts";
import { basicAuthorization, hideSecrets, type Secret } from "../kit/secret.ts";
import type { Exchange, ExchangeAnswer } from "./exchange.ts";
import { isJsonObject } from "./read.ts";
import { schemaText } from "./schema.ts";

export interface RegistryOptions {
  /** Base address of the Confluent-compatible API, e.g. `http://localhost:8081`. */
  readonly url: string;
  readonly auth: { readonly username: string; readonly password: Secret } | null;
  /** For each request, from its start to the last byte of the answer. */
  readonly timeoutMs: number;
}

export interface SchemaOptions extends RegistryOptions {
  readonly subject: string;
  /** Whether the schema may be registered when the subject does not hold it yet. */
  readonly autoRegister: boolean;
}

/** The subject of a topic's values by TopicNameStrategy. */
export function valueSubject(topic: string): string {
  return `${topic}-value`;
}

/**
 * The registry's id of this connector's schema under `subject`: looked up, and registered only where that is
 * allowed. Speaks the registry's REST API itself: the client of @kafkajs/confluent-schema-registry sets the
 * subject's compatibility level when it registers, and has no time-outs. Compatibility is never changed here.
 *
 * @throws ConnectorError `registry_unavailable` (retry; fatal when there is no registry at `url`);
 *   `credentials_refused`, `schema_missing`, `schema_incompatible` (fatal); `secret_unreadable`;
 *   the reason of `signal` once it aborts.
 */
export async function openSchema(options: SchemaOptions, exchange: Exchange, signal: AbortSignal): Promise<number> {
  const registry: Registry = { options, ask: asker(options, exchange, signal) };
  const known = (await lookUp(registry)) ?? (await findLatest(registry));
  if (known !== null) return known;
  if (options.autoRegister) return register(registry);
  const reasons = await incompatibilities(registry);
  if (reasons !== null) throw incompatible(options, reasons.join("; "));
  throw fatal(
    "schema_missing",
    `${where(options)} does not hold this connector's schema, and it may not register it. Register what ` +
      "`schema print` prints, or set schemaRegistry.autoRegisterSchemas to true",
  );
}

/**
 * The schema that the registry holds under `id`, as JSON.
 * @throws ConnectorError `schema_missing` (fatal) when it holds none there; else as `openSchema`.
 */
export async function schemaById(
  options: RegistryOptions,
  id: number,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<unknown> {
  const answer = await asker(options, exchange, signal)("GET", `/schemas/ids/${id}`, null);
  const schema = isJsonObject(answer.json) ? parseJson(answer.json["schema"]) : undefined;
  if (answer.status === 200 && schema !== undefined) return schema;
  const said = `the schema registry at ${address(options)} answered ${answer.status} when asked for schema ${id}`;
  if (answer.status !== 404) throw fatal("registry_unavailable", `${said}: ${answer.message}`);
  throw fatal("schema_missing", `${said}: it is not the registry that the record was written by, or its path is wrong`);
}

interface Registry {
  readonly options: SchemaOptions;
  /** One request below the registry's address; throws for all that is the registry's state rather than its answer. */
  readonly ask: (method: "GET" | "POST", path: string, body: object | null) => Promise<RegistryAnswer>;
}

interface RegistryAnswer {
  readonly status: number;
  /** Null when the body is empty or not JSON, as the error bodies of some registries are. */
  readonly json: unknown;
  /** The registry's words, one short line. */
  readonly message: string;
}

async function lookUp(registry: Registry): Promise<number | null> {
  const { options, ask } = registry;
  const answer = await ask("POST", `/subjects/${encodeURIComponent(options.subject)}`, { schema: schemaText });
  if (answer.status === 404) {
    // A registry says with a code what it has not got; else this may be any web server.
    if (typeof errorCode(answer) !== "number") await proveRegistry(registry);
    return null;
  }
  if (answer.status !== 200) throw unexpected(options, "looking the schema up", answer);
  return schemaIdOf(options, answer);
}

async function proveRegistry({ options, ask }: Registry): Promise<void> {
  const answer = await ask("GET", "/subjects", null);
  if (answer.status === 200 && Array.isArray(answer.json)) return;
  throw fatal("registry_unavailable", `there is no schema registry at ${address(options)}: is the path right?`);
}

/**
 * Some registries compare schemas as text, and a person may have registered this one with other white space:
 * then the latest version is it all the same.
 */
async function findLatest({ options, ask }: Registry): Promise<number | null> {
  const answer = await ask("GET", `/subjects/${encodeURIComponent(options.subject)}/versions/latest`, null);
  if (answer.status !== 200 || !isJsonObject(answer.json)) return null;
  const schema = parseJson(answer.json["schema"]);
  return JSON.stringify(schema) === schemaText ? schemaIdOf(options, answer) : null;
}

async function register(registry: Registry): Promise<number> {
  const { options, ask } = registry;
  const path = `/subjects/${encodeURIComponent(options.subject)}/versions`;
  const answer = await ask("POST", path, { schema: schemaText });
  if (answer.status === 200) return schemaIdOf(options, answer);
  if (answer.status === 409) {
    // Some registries say why in the refusal, some only when asked; failing to hear it changes nothing.
    const reasons = await incompatibilities(registry).catch(() => null);
    throw incompatible(options, reasons?.join("; ") || answer.message);
  }
  if (answer.status === 422 && errorCode(answer) !== READ_ONLY) throw incompatible(options, answer.message);
  throw unexpected(options, "registering the schema", answer);
}

// Confluent's code for a subject in read-only mode.
const READ_ONLY = 42205;

/** Why the registry would not take the schema, where it gives reasons; null when it would, or does not say. */
async function incompatibilities({ options, ask }: Registry): Promise<readonly string[] | null> {
  const path = `/compatibility/subjects/${encodeURIComponent(options.subject)}/versions/latest?verbose=true`;
  const answer = await ask("POST", path, { schema: schemaText });
  if (!isJsonObject(answer.json) || answer.json["is_compatible"] !== false) return null;
  const messages = answer.json["messages"];
  return Array.isArray(messages) ? messages.filter((message) => typeof message === "string") : [];
}

function asker(options: RegistryOptions, exchange: Exchange, signal: AbortSignal): Registry["ask"] {
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
    throw fatal("credentials_refused", `${at} answered ${status} (${message}): ${remedy}`);
  }
  if (status === 408 || status === 429 || status >= 500) throw unavailable(`${at} answered ${status}: ${message}`);
  if (status >= 300 && status < 400) {
    throw fatal("registry_unavailable", `${at} answered ${status}: redirects are not followed, give its own address`);
  }
  return { status, json, message };
}

function headersOf({ auth }: RegistryOptions): Record<string, string> {
  const headers = { accept: "application/vnd.schemaregistry.v1+json, application/json" };
  const typed = { ...headers, "content-type": "application/vnd.schemaregistry.v1+json" };
  if (auth === null) return typed;
  return { ...typed, authorization: basicAuthorization(auth.username, auth.password) };
}

// The wire format has 4 bytes for it.
const SCHEMA_ID_MAX = 0xff_ff_ff_ff;

function schemaIdOf(options: SchemaOptions, answer: RegistryAnswer): number {
  const id = isJsonObject(answer.json) ? answer.json["id"] : null;
  if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id <= SCHEMA_ID_MAX) return id;
  throw unavailable(`${where(options)} answered without a schema id: ${answer.message}`);
}

function errorCode({ json }: RegistryAnswer): unknown {
  return isJsonObject(json) ? json["error_code"] : null;
}

function incompatible(options: SchemaOptions, reason: string): ConnectorError {
  const remedy = "Publish to another topic, or have the subject's compatibility changed by those who read it";
  const said = excerpt(reason, 1_000);
  return fatal("schema_incompatible", `${where(options)} refuses this connector's schema: ${said}. ${remedy}`);
}

function unexpected(options: SchemaOptions, doing: string, answer: RegistryAnswer): ConnectorError {
  return fatal("registry_unavailable", `${where(options)} answered ${answer.status} to ${doing}: ${answer.message}`);
}

function fatal(code: ErrorCode, message: string): ConnectorError {
  return new ConnectorError(code, message, { disposition: "fatal" });
}

function unavailable(message: string, cause?: unknown): ConnectorError {
  return new ConnectorError("registry_unavailable", message, { disposition: "retry", cause });
}

function where(options: SchemaOptions): string {
  return `subject ${options.subject} of the schema registry at ${address(options)}`;
}

/** Without a user's name or password, should the address hold one. */
function address({ url }: RegistryOptions): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/+$/, "");
}

/** Undefined when it is not the text of JSON. */
function parseJson(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Secrets are cut out first: half of one, at the end, would not be known again. */
function excerpt(text: string, charactersMax: number): string {
  const line = hideSecrets(text).replace(/\s+/g, " ").trim();
  if (line === "") return "no reason given";
  return line.length <= charactersMax ? line : `${line.slice(0, charactersMax)}…`;
}
