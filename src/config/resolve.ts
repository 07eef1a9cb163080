import type {
  Config,
  KafkaConfig,
  ProxyConfig,
  ScanConfig,
  SchemaRegistryConfig,
  SslConfig,
  TenantAuth,
  TenantConfig,
} from "./config.ts";
import { readPem, type Surroundings, secretOf } from "./references.ts";
import type { ParsedConfig } from "./schema.ts";
import { topicNamesOf } from "./topic-names.ts";

type Parsed<K extends keyof ParsedConfig> = ParsedConfig[K];
type ParsedTenant = Parsed<"tenants">[string];
type ParsedScan = NonNullable<Parsed<"scans">>[string];

/** The configuration as the rest of the connector takes it. @throws ConnectorError `secret_unreadable` for a PEM file */
export function resolve(parsed: ParsedConfig, around: Surroundings): Config {
  const names = topicNamesOf(parsed);
  return {
    tenants: Object.entries(parsed.tenants).map(([name, tenant]) => toTenant(name, tenant, around)),
    scans: Object.entries(parsed.scans ?? {}).map(([name, scan]) => toScan(name, scan, names.topicOf(name))),
    record: parsed.record,
    kafka: toKafka(parsed.kafka, around),
    schemaRegistry: toRegistry(parsed.schemaRegistry, around),
    topics: {
      create: parsed.topics.create,
      activities: { ...parsed.topics.activities, name: names.activities[0]?.topic ?? "" },
      cursors: { ...parsed.topics.cursors, name: names.cursors },
      dlq: { ...parsed.topics.dlq, name: names.dlq },
    },
    memory: { pagesBytes: parsed.memory.pages, idsBytes: parsed.memory.ids },
    limits: { bodyBytes: parsed.limits.body, activityBytes: parsed.limits.activity },
    http: parsed.http,
    log: parsed.log,
  };
}

function toTenant(name: string, tenant: ParsedTenant, around: Surroundings): TenantConfig {
  return {
    name,
    apiUrl: baseOf(tenant.apiUrl),
    auth: toAuth(tenant.auth, around),
    requestsPerMinute: tenant.requestsPerMinute,
    ca: toPem(tenant.ca, around),
    proxy: toProxy(tenant.proxy, around),
    timeouts: {
      connectMs: tenant.timeouts.connect,
      headersMs: tenant.timeouts.headers,
      bodyMs: tenant.timeouts.body,
    },
  };
}

/** People copy the address with what they saw behind it in the documentation. */
function baseOf(apiUrl: string): string {
  return apiUrl.replace(/\/+$/, "").replace(/\/api(\/v1(\/activities)?)?$/, "");
}

function toAuth(auth: ParsedTenant["auth"], around: Surroundings): TenantAuth {
  if (auth.token !== undefined) return { kind: "token", token: secretOf(auth.token, around) };
  return {
    kind: "entra",
    directoryId: auth.directoryId ?? "",
    clientId: auth.clientId ?? "",
    clientSecret: secretOf(auth.clientSecret ?? "", around),
    cloud: auth.cloud ?? "commercial",
    tokenUrl: auth.tokenUrl ?? null,
  };
}

function toProxy(proxy: ParsedTenant["proxy"], around: Surroundings): ProxyConfig | null {
  if (proxy === undefined) return null;
  const { url, username, password } = proxy;
  if (username === undefined || password === undefined) return { url, credentials: null };
  return { url, credentials: { username, password: secretOf(password, around) } };
}

function toScan(name: string, scan: ParsedScan, topic: string): ScanConfig {
  const { tenant, filters, cursorField, pageSize, start, key, lookbacks, catchUp } = scan;
  return {
    name,
    tenant,
    filters,
    cursorField,
    pageSize,
    pollIntervalMs: scan.pollInterval,
    start,
    lookbacksMs: lookbacks === undefined ? null : [...new Set(lookbacks)].sort((a, b) => a - b),
    catchUp: { afterMs: catchUp.after, order: catchUp.order },
    topic,
    key,
  };
}

function toKafka(kafka: Parsed<"kafka">, around: Surroundings): KafkaConfig {
  const { brokers, clientId, compression, sessionTimeout, heartbeatInterval, ssl, sasl } = kafka;
  return {
    brokers,
    clientId,
    compression,
    sessionTimeoutMs: sessionTimeout,
    heartbeatIntervalMs: heartbeatInterval,
    ssl: toSsl(ssl, around),
    sasl: sasl === undefined ? null : { ...sasl, password: secretOf(sasl.password, around) },
  };
}

function toSsl(ssl: Parsed<"kafka">["ssl"], around: Surroundings): SslConfig | null {
  if (ssl === false) return null;
  const { ca, cert, key, serverName } = ssl === true ? {} : ssl;
  return {
    ca: toPem(ca, around),
    cert: toPem(cert, around),
    key: key === undefined ? null : secretOf(key, around),
    serverName: serverName ?? null,
  };
}

function toRegistry(registry: Parsed<"schemaRegistry">, around: Surroundings): SchemaRegistryConfig {
  const { url, autoRegisterSchemas, auth, ca, timeout } = registry;
  return {
    url: url.replace(/\/+$/, ""),
    autoRegisterSchemas,
    auth: auth === undefined ? null : { username: auth.username, password: secretOf(auth.password, around) },
    ca: toPem(ca, around),
    timeoutMs: timeout,
  };
}

function toPem(textOrPath: string | undefined, around: Surroundings): string | null {
  return textOrPath === undefined ? null : readPem(textOrPath, around);
}
