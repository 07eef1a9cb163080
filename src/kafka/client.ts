import kafkajs, { type CompressionTypes, type Kafka, type KafkaConfig, type SASLOptions } from "kafkajs";
import { ConnectorError } from "../kit/errors.ts";
import { correctBatchEnds } from "./batch-ends.ts";
import { correctFetchLoop } from "./fetch-loop.ts";
import { clientLog } from "./logging.ts";
import type { Compression, FullOptions, KafkaDeps, SaslOptions, TlsOptions } from "./options.ts";
import { correctRequestQueue } from "./request-queue.ts";

/** A kafkajs client by the options; `log` overrides where its lines go, for a diagnosis at debug level. */
export function createClient(options: FullOptions, deps: KafkaDeps, log?: KafkaConfig["logCreator"]): Kafka {
  correctBatchEnds();
  correctRequestQueue();
  correctFetchLoop();
  const ssl = tlsOf(options.ssl);
  return new kafkajs.Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: options.connectionTimeoutMs,
    authenticationTimeout: options.connectionTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    // Covers connecting, metadata, coordinators and InitProducerId; records are sent by the rules of transaction.ts.
    retry: { initialRetryTime: 50, maxRetryTime: 1000, retries: 8 },
    logLevel: log === undefined ? kafkajs.logLevel.WARN : kafkajs.logLevel.DEBUG,
    logCreator: log ?? clientLog(deps),
    ...(ssl === undefined ? {} : { ssl }),
    ...(options.sasl === undefined ? {} : { sasl: saslOf(options.sasl) }),
  });
}

/** @throws ConnectorError `config_invalid` for a codec that is not available. */
export function compressionOf(compression: Compression): CompressionTypes {
  if (compression === "none") return kafkajs.CompressionTypes.None;
  if (compression === "gzip") return kafkajs.CompressionTypes.GZIP;
  throw new ConnectorError(
    "config_invalid",
    `kafka.compression: found "${compression}"; available are none and gzip (snappy, lz4 and zstd are not available yet)`,
    { disposition: "fatal" },
  );
}

/** Getters, because kafkajs reads these at each connection: a rotated secret is used from then on. */
function tlsOf(ssl: boolean | TlsOptions | undefined): KafkaConfig["ssl"] {
  if (ssl === undefined || typeof ssl === "boolean") return ssl;
  const { ca, cert, key, passphrase, servername } = ssl;
  const tls: NonNullable<Exclude<KafkaConfig["ssl"], boolean>> = {};
  if (ca !== undefined) tls.ca = ca;
  if (cert !== undefined) tls.cert = cert;
  if (servername !== undefined) tls.servername = servername;
  if (key !== undefined) late(tls, "key", () => key.reveal());
  if (passphrase !== undefined) late(tls, "passphrase", () => passphrase.reveal());
  return tls;
}

function saslOf(sasl: SaslOptions): SASLOptions {
  if (sasl.mechanism === "oauthbearer") {
    const { token } = sasl;
    return { mechanism: "oauthbearer", oauthBearerProvider: async () => ({ value: await token() }) };
  }
  if (sasl.mechanism === "aws") {
    const { authorizationIdentity, accessKeyId, secretAccessKey, sessionToken } = sasl;
    const aws = { mechanism: "aws" as const, authorizationIdentity, accessKeyId, secretAccessKey: "" };
    late(aws, "secretAccessKey", () => secretAccessKey.reveal());
    if (sessionToken !== undefined) late(aws, "sessionToken", () => sessionToken.reveal());
    return aws;
  }
  const { mechanism, username, password } = sasl;
  const named = { mechanism, username, password: "" } as SASLOptions;
  late(named, "password", () => password.reveal());
  return named;
}

/** Enumerable, so that it survives being copied at the moment of use. */
function late(target: object, name: string, get: () => string): void {
  Object.defineProperty(target, name, { enumerable: true, configurable: true, get });
}
