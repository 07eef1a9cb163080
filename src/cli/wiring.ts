import { readFileSync } from "node:fs";
import { readFile as readAsync } from "node:fs/promises";
import { openExchange } from "../activity/exchange.ts";
import { openSchema, valueSubject } from "../activity/registry.ts";
import { latestVersion, type SubjectVersion, subjectMode } from "../activity/registry-subject.ts";
import type { Config, KafkaConfig, TenantConfig } from "../config/config.ts";
import { type ConfigSource, type Loaded, loadConfig } from "../config/load.ts";
import { ConfigWatch, lookAt } from "../config/watch.ts";
import { brokerCheck } from "../kafka/broker-check.ts";
import type { CheckBrokers } from "../kafka/broker-report.ts";
import { openKafka } from "../kafka/kafkajs-port.ts";
import type { KafkaDeps, KafkaOptions, SaslOptions, TlsOptions } from "../kafka/options.ts";
import type { KafkaPort } from "../kafka/port.ts";
import { systemClock } from "../kit/clock.ts";
import { ConnectorError } from "../kit/errors.ts";
import { type ClientOptions, TenantClient } from "../tenant/client.ts";

/** The package's version; src and dist lie at the same depth. */
export const version: string = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
).version;

/** The flags that every command with a configuration has. */
export interface ConfigArgs {
  readonly config: string | undefined;
  readonly set: readonly string[];
}

export const configOptions = {
  config: { alias: "c", type: "string", describe: "configuration file (YAML)" },
  set: {
    type: "string",
    array: true,
    default: [] as string[],
    describe: "override one option: --set tenants.contoso.requestsPerMinute=10",
  },
} as const;

const sourceOf = (args: ConfigArgs): ConfigSource => ({
  file: args.config ?? null,
  sets: args.set,
  env: process.env,
});
const readText = (path: string): string => readFileSync(path, "utf8");

/** @throws ConnectorError `config_invalid` with every problem. */
export function readConfig(args: ConfigArgs): Loaded {
  return loadConfig(sourceOf(args), readText);
}

/** The configuration, and what sees to it that it follows its files. @throws as `readConfig` */
export function watchConfig(args: ConfigArgs): { readonly loaded: Loaded; readonly watch: ConfigWatch } {
  const look = () => lookAt(sourceOf(args), readText);
  const { result, files } = look();
  if (result instanceof ConnectorError) throw result;
  const readFile = (path: string) => readAsync(path, "utf8");
  return { loaded: result, watch: new ConfigWatch({ look, readFile, clock: systemClock }, result, files) };
}

export function connectKafka(config: Config, deps: Omit<KafkaDeps, "clock"> = {}): KafkaPort {
  return openKafka(optionsOf(config), { clock: systemClock, ...deps });
}

/** See `CheckBrokers`. */
export const checkBrokersOf = (config: Config): CheckBrokers =>
  brokerCheck(optionsOf(config), { clock: systemClock, log: () => {} });

function optionsOf({ kafka, topics }: Config): KafkaOptions {
  const { name, partitions } = topics.cursors;
  return { ...connectionOf(kafka), cursorsTopic: { name, partitions } };
}

function connectionOf(kafka: KafkaConfig): Omit<KafkaOptions, "cursorsTopic"> {
  const { brokers, clientId, compression, sessionTimeoutMs, heartbeatIntervalMs, ssl, sasl } = kafka;
  return {
    brokers,
    clientId,
    compression,
    sessionTimeoutMs,
    heartbeatIntervalMs,
    ...(ssl === null ? {} : { ssl: tlsOptions(ssl) }),
    ...(sasl === null ? {} : { sasl: sasl satisfies SaslOptions }),
  };
}

function tlsOptions(ssl: NonNullable<KafkaConfig["ssl"]>): TlsOptions {
  return {
    ...(ssl.ca === null ? {} : { ca: ssl.ca }),
    ...(ssl.cert === null ? {} : { cert: ssl.cert }),
    ...(ssl.key === null ? {} : { key: ssl.key }),
    ...(ssl.serverName === null ? {} : { servername: ssl.serverName }),
  };
}

export function connectTenant(
  config: Config,
  tenant: TenantConfig,
  hooks: Pick<ClientOptions, "mayAsk" | "onHeaders"> = {},
): TenantClient {
  const limits = { bodyMaxBytes: config.limits.bodyBytes, activityMaxBytes: config.memory.pagesBytes };
  return new TenantClient(tenant, { clock: systemClock, version, limits, ...hooks });
}

/** The registry's id of our schema for a topic's values. */
export function schemaIdFor(config: Config): (topic: string, signal: AbortSignal) => Promise<number> {
  const { autoRegisterSchemas } = config.schemaRegistry;
  const registry = connectRegistry(config);
  return (topic, signal) => registry.schemaId(topic, autoRegisterSchemas, signal);
}

/** The subjects of topics' values in the registry. @throws, all of it, as `openSchema` and `latestVersion` do */
export interface Subjects {
  /** Of our schema; it is registered only where that is said. */
  schemaId(topic: string, register: boolean, signal: AbortSignal): Promise<number>;
  /** See `subjectMode`. */
  mode(topic: string, signal: AbortSignal): Promise<string | null>;
  latest(topic: string, signal: AbortSignal): Promise<SubjectVersion | null>;
}

export function connectRegistry(config: Config): Subjects {
  const { url, auth, timeoutMs, ca } = config.schemaRegistry;
  const exchange = openExchange(ca);
  const of = (topic: string) => ({ url, auth, timeoutMs, subject: valueSubject(topic) });
  return {
    schemaId: (topic, autoRegister, signal) => openSchema({ ...of(topic), autoRegister }, exchange, signal),
    mode: (topic, signal) => subjectMode(of(topic), exchange, signal),
    latest: (topic, signal) => latestVersion(of(topic), exchange, signal),
  };
}
