import type { ConnectorError } from "../kit/errors.ts";
import type { Exchange } from "./exchange.ts";
import { isJsonObject } from "./read.ts";
import {
  type AskRegistry,
  address,
  errorCode,
  excerpt,
  fatal,
  openAsk,
  parseJson,
  type RegistryAnswer,
  type RegistryOptions,
  unavailable,
} from "./registry-ask.ts";
import { schemaText } from "./schema.ts";

export interface SubjectOptions extends RegistryOptions {
  readonly subject: string;
}

export interface SchemaOptions extends SubjectOptions {
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
  const registry: Registry = { options, ask: openAsk(options, exchange, signal) };
  const known = (await lookUp(registry)) ?? (await findLatest(registry));
  if (known !== null) return known;
  if (options.autoRegister) return register(registry);
  const reasons = await incompatibilities(registry);
  if (reasons !== null) throw incompatible(options, reasons.join("; "));
  throw fatal(
    "schema_missing",
    `${where(options)} does not hold this connector's schema, and it may not register it; register what ` +
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
  const answer = await openAsk(options, exchange, signal)("GET", `/schemas/ids/${id}`, null);
  const schema = isJsonObject(answer.json) ? parseJson(answer.json["schema"]) : undefined;
  if (answer.status === 200 && schema !== undefined) return schema;
  const said = `the schema registry at ${address(options)} answered ${answer.status} when asked for schema ${id}`;
  if (answer.status !== 404) throw fatal("registry_unavailable", `${said}: ${answer.message}`);
  throw fatal("schema_missing", `${said}: it is not the registry that the record was written by, or its path is wrong`);
}

interface Registry {
  readonly options: SubjectOptions;
  readonly ask: AskRegistry;
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
  throw fatal("registry_unavailable", `there is no schema registry at ${address(options)}; is the path right?`);
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

// The wire format has 4 bytes for it.
const SCHEMA_ID_MAX = 0xff_ff_ff_ff;

function schemaIdOf(options: SubjectOptions, answer: RegistryAnswer): number {
  const id = isJsonObject(answer.json) ? answer.json["id"] : null;
  if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id <= SCHEMA_ID_MAX) return id;
  throw unavailable(`${where(options)} answered without a schema id: ${answer.message}`);
}

function incompatible(options: SubjectOptions, reason: string): ConnectorError {
  const remedy = "publish to another topic, or have the subject's compatibility changed by those who read it";
  const said = excerpt(reason, 1_000);
  return fatal("schema_incompatible", `${where(options)} refuses this connector's schema: ${said}; ${remedy}`);
}

function unexpected(options: SubjectOptions, doing: string, answer: RegistryAnswer): ConnectorError {
  return fatal("registry_unavailable", `${where(options)} answered ${answer.status} to ${doing}: ${answer.message}`);
}

function where(options: SubjectOptions): string {
  return `subject ${options.subject} of the schema registry at ${address(options)}`;
}
