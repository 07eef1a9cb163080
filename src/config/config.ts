import type { Secret } from "../kit/secret.ts";

/** Everything that can be configured, checked and with its defaults filled in. Names end in their unit. */
export interface Config {
  readonly tenants: readonly TenantConfig[];
  /** Each scan's tenant is one of `tenants`. */
  readonly scans: readonly ScanConfig[];
  /** Whether each record carries the exact JSON text of its activity. */
  readonly record: { readonly raw: "include" | "omit" };
  readonly kafka: KafkaConfig;
  readonly schemaRegistry: SchemaRegistryConfig;
  readonly topics: TopicsConfig;
  readonly memory: {
    /** Bound on complete pages, encoded, that wait to be published; of the whole process. */
    readonly pagesBytes: number;
    /** Bound on the ids remembered to remove repeats; of the whole process. */
    readonly idsBytes: number;
  };
  readonly limits: {
    /** Largest response body read, after decompression. */
    readonly bodyBytes: number;
    /** An activity larger than this becomes a dead letter. */
    readonly activityBytes: number;
  };
  readonly http: { readonly host: string; readonly port: number };
  readonly log: { readonly level: LogLevel };
}

export type LogLevel = "error" | "warn" | "info" | "debug";

export interface TenantConfig {
  readonly name: string;
  /** Without a trailing slash and without `/api/v1`: append `/api/v1/activities/`. */
  readonly apiUrl: string;
  readonly auth: TenantAuth;
  readonly requestsPerMinute: number;
  /** PEM text trusted in addition to nothing: it replaces the built-in roots. Null: the built-in roots. */
  readonly ca: string | null;
  readonly proxy: ProxyConfig | null;
  readonly timeouts: TenantTimeouts;
}

export interface TenantTimeouts {
  readonly connectMs: number;
  /** From sending the request to its response headers. */
  readonly headersMs: number;
  /** The longest silence inside a body. */
  readonly bodyMs: number;
}

export interface ProxyConfig {
  readonly url: string;
  readonly credentials: { readonly username: string; readonly password: Secret } | null;
}

export type Cloud = "commercial" | "gcc" | "gcc-high";

export type TenantAuth =
  | { readonly kind: "token"; readonly token: Secret }
  | {
      readonly kind: "entra";
      readonly directoryId: string;
      readonly clientId: string;
      readonly clientSecret: Secret;
      readonly cloud: Cloud;
      /** Overrides the token endpoint that follows from `cloud` and `directoryId`. */
      readonly tokenUrl: string | null;
    };

/** Where a scan without a cursor begins; an age and `now` are counted from the server's time. */
export type Start =
  | { readonly kind: "now" }
  | { readonly kind: "age"; readonly ageMs: number }
  | { readonly kind: "instant"; readonly atMs: number };

export interface ScanConfig {
  readonly name: string;
  readonly tenant: string;
  /** The API's own filters: field → operator → value; never on the cursor field. */
  readonly filters: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly cursorField: "auto" | "created" | "date";
  readonly pageSize: number;
  readonly pollIntervalMs: number;
  readonly start: Start;
  /** Ages at which every stretch is read again, ascending; null: the cursor field's own. */
  readonly lookbacksMs: readonly number[] | null;
  readonly catchUp: { readonly afterMs: number; readonly order: "newest-first" | "in-order" };
  /** The activities topic of this scan, `${tenant}` and `${scan}` already filled in. */
  readonly topic: string;
  readonly key: "id" | "user" | "none";
}

export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly compression: "none" | "gzip";
  /** A process that is silent for so long loses its shards to others. */
  readonly sessionTimeoutMs: number;
  /** How often it says that it lives. */
  readonly heartbeatIntervalMs: number;
  /** Null: no TLS. */
  readonly ssl: SslConfig | null;
  readonly sasl: SaslConfig | null;
}

export interface SslConfig {
  /** PEM text; null: the built-in roots. */
  readonly ca: string | null;
  /** PEM text of the client's certificate, for mutual TLS; null together with `key`. */
  readonly cert: string | null;
  readonly key: Secret | null;
  /** The name to verify in the broker's certificate when it is not the host connected to. */
  readonly serverName: string | null;
}

export interface SaslConfig {
  readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
  readonly username: string;
  readonly password: Secret;
}

export interface SchemaRegistryConfig {
  readonly url: string;
  readonly autoRegisterSchemas: boolean;
  readonly auth: { readonly username: string; readonly password: Secret } | null;
  /** PEM text; null: the built-in roots. */
  readonly ca: string | null;
  readonly timeoutMs: number;
}

export interface TopicConfig {
  readonly name: string;
  readonly partitions: number;
  /** -1: the broker's own default. */
  readonly replicationFactor: number;
}

export interface TopicsConfig {
  /** Whether missing topics are created; otherwise a missing topic is an error. */
  readonly create: boolean;
  /** Partitions and replication hold for the topics of all scans; the name for those without their own. */
  readonly activities: TopicConfig;
  readonly cursors: TopicConfig;
  readonly dlq: TopicConfig;
}

/** The activities topics that the scans publish to, each once. */
export function activityTopicsOf(config: Config): readonly TopicConfig[] {
  const names = [...new Set(config.scans.map((scan) => scan.topic))];
  return names.map((name) => ({ ...config.topics.activities, name }));
}

/** What the remembered ids of one scan may occupy: all scans have the same share. */
export const idsBytesPerScan = ({ memory, scans }: Config): number => Math.floor(memory.idsBytes / scans.length);
