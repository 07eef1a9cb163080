import type { Clock } from "../kit/clock.ts";
import type { Secret } from "../kit/secret.ts";
import type { Emit } from "../observe/events.ts";

/** PEM texts. Verification against `ca` (or the system's store) is always on. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: Secret;
  readonly passphrase?: Secret;
  /** The name in the brokers' certificates where it is not the name they are reached by. */
  readonly servername?: string;
}

/** Secrets are revealed at each login, so a rotated one is used from the next connection on. */
export type SaslOptions =
  | {
      readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
      readonly username: string;
      readonly password: Secret;
    }
  | { readonly mechanism: "oauthbearer"; readonly token: () => Promise<string> }
  | {
      readonly mechanism: "aws";
      readonly authorizationIdentity: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: Secret;
      readonly sessionToken?: Secret;
    };

/** All that Kafka knows. Only `none` and `gzip` are available today; the others are refused by name. */
export type Compression = "none" | "gzip" | "snappy" | "lz4" | "zstd";

export interface KafkaOptions {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: boolean | TlsOptions;
  readonly sasl?: SaslOptions;
  readonly compression?: Compression;
  /** The connector's identity: its partitions are the shards, its name begins every transactional id and group. */
  readonly cursorsTopic: { readonly name: string; readonly partitions: number };
  /** After this the brokers abort a transaction by themselves. Default 60 s. */
  readonly transactionTimeoutMs?: number;
  /** A process that is silent for so long loses its shards to others. Default 10 s. */
  readonly sessionTimeoutMs?: number;
  /** How often it says that it lives. Default 1 s. */
  readonly heartbeatIntervalMs?: number;
  /** Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** Default 10 s. */
  readonly connectionTimeoutMs?: number;
  /** A partition's batch is cut at this many bytes before compression. Default 768 KiB. */
  readonly batchBytes?: number;
  /** How long reading a shard's state may stand still before it is an error. Default 30 s. */
  readonly readIdleMs?: number;
}

/** What the Kafka client has to say. `debug` is what it retries by itself; every failure is also thrown. */
export interface ClientLine {
  readonly level: "debug" | "warn";
  readonly message: string;
}

export interface KafkaDeps {
  readonly clock: Clock;
  /** Told the stages of a slow open. */
  readonly emit?: Emit;
  readonly log?: (line: ClientLine) => void;
}

const BATCH_BYTES = 768 * 1024;

/** The options with every default filled in. */
export type FullOptions = Required<Omit<KafkaOptions, "ssl" | "sasl">> & Pick<KafkaOptions, "ssl" | "sasl">;

export function withDefaults(options: KafkaOptions): FullOptions {
  return {
    compression: "gzip",
    transactionTimeoutMs: 60_000,
    sessionTimeoutMs: 10_000,
    heartbeatIntervalMs: 1_000,
    requestTimeoutMs: 30_000,
    connectionTimeoutMs: 10_000,
    batchBytes: BATCH_BYTES,
    readIdleMs: 30_000,
    ...options,
  };
}
