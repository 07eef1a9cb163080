/**
 * What a consumer imports, as `mdca-kafka-source/activity`: the type of an activity, and decoders of the records that
 * the connector publishes. Nothing else of this package is an interface to others.
 */
import { Secret } from "../kit/secret.ts";
import type { Activity } from "./activity.ts";
import { openBodyReader, openDecoder, type ReadBody } from "./decode.ts";
import { openExchange } from "./exchange.ts";
import { schemaById } from "./registry.ts";
import { releasedSchemas } from "./released.ts";
import { unframed } from "./wire-format.ts";

export type { Activity } from "./activity.ts";

/** What is read of a record; kafkajs's `message` is one. */
export interface ActivityMessage {
  readonly value: Uint8Array | null;
  readonly headers?: { readonly [name: string]: unknown } | undefined;
}

export interface RegistryAccess {
  /** Base address of the Confluent-compatible API, e.g. `http://localhost:8081`. */
  readonly url: string;
  /** For basic authentication. */
  readonly auth?: { readonly username: string; readonly password: string };
  /** PEM text of the certificate authority to trust instead of the system's. */
  readonly ca?: string;
  /** For each request, in ms; 10,000 by default. */
  readonly timeoutMs?: number;
}

/**
 * A decoder that asks the registry for each schema once. What was published by an earlier or later connector is read
 * as this version's `Activity`.
 *
 * The decoder rejects with an Error when the record is no activity, or the registry does not give its schema; the
 * registry is asked again at the next record.
 */
export function registryDecoder(access: RegistryAccess): (message: ActivityMessage) => Promise<Activity> {
  const exchange = openExchange(access.ca ?? null);
  const { url, auth, timeoutMs = 10_000 } = access;
  const password = new Secret("the registry's password", () => auth?.password ?? "");
  const options = { url, timeoutMs, auth: auth === undefined ? null : { username: auth.username, password } };
  const decode = openDecoder((id) => schemaById(options, id, exchange, new AbortController().signal));
  return ({ value }) => decode(value);
}

/**
 * A decoder that needs no registry: this package holds every version of the schema, and each record's header
 * `schema-version` names its own.
 *
 * The decoder throws an Error when the record is no activity, lacks the header, or was published by a connector that
 * is newer than this package by a schema: update the package, or use `registryDecoder`.
 */
export function embeddedDecoder(): (message: ActivityMessage) => Activity {
  const readers = new Map<string, ReadBody>(
    [...releasedSchemas()].map(([version, schema]) => [String(version), openBodyReader(schema)]),
  );
  return ({ value, headers }) => {
    const { body } = unframed(value);
    const version = textOf(headers?.["schema-version"]);
    if (version === null) throw new Error("the record has no header schema-version: it is no activity");
    const reader = readers.get(version);
    if (reader !== undefined) return reader(body);
    throw new Error(
      `the record is of version ${version} of the schema, and this package knows ${[...readers.keys()].join(", ")}: ` +
        "update it, or decode by the registry",
    );
  };
}

function textOf(header: unknown): string | null {
  if (header instanceof Uint8Array) return Buffer.from(header).toString("utf8");
  return typeof header === "string" ? header : null;
}
