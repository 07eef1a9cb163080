import { z } from "zod";
import { ACTIVITY_FILTERS, FILTER_OPERATORS } from "./filters.ts";
import {
  address,
  duration,
  flag,
  NAME,
  NAME_ALLOWED,
  name,
  oneOf,
  secret,
  size,
  start,
  TOPIC_ALLOWED,
  TOPIC_NAME,
  text,
  whole,
} from "./leaves.ts";

const API_URL =
  "the tenant's API URL, https://<tenant>.<region>.portal.cloudappsecurity.com; http only to this machine";
const PEM = `a PEM file's path, or its text by \${file:PATH} or \${env:NAME}`;

const proxy = z.strictObject({
  url: address("an http or https address without credentials in it", "anywhere").describe("Address of the proxy."),
  username: text("a user name").optional().describe("User name at the proxy; together with `password`."),
  password: secret("the proxy's password").optional().describe("Password at the proxy."),
});

const auth = z
  .strictObject({
    token: secret("an API token").optional().describe("Legacy API token of the tenant."),
    directoryId: text("the directory (tenant) id in Entra").optional().describe("Directory (tenant) id in Entra."),
    clientId: text("the application (client) id in Entra").optional().describe("Application (client) id in Entra."),
    clientSecret: secret("the application's client secret").optional().describe("Client secret of the application."),
    cloud: oneOf(["commercial", "gcc", "gcc-high"]).optional().describe("Which cloud signs in; default `commercial`."),
    tokenUrl: address("an https address; http only to this machine", "loopback")
      .optional()
      .describe("Token endpoint, when not the one that follows from `cloud` and `directoryId`."),
  })
  .meta({ oneOf: [{ required: ["token"] }, { required: ["directoryId", "clientId", "clientSecret"] }] })
  .describe("Either `token`, or `directoryId`, `clientId` and `clientSecret`.");

const timeouts = z
  .strictObject({
    connect: duration("100ms", "5m").prefault("10s").describe("To connect, TLS included."),
    headers: duration("100ms", "15m").prefault("2m").describe("From the request to the response's headers."),
    body: duration("100ms", "15m").prefault("1m").describe("Longest silence inside a response's body."),
  })
  .prefault({})
  .describe("Time-outs of one request to the tenant.");

const tenant = z.strictObject({
  apiUrl: address(API_URL, "loopback").describe("API URL of the tenant, as its portal shows it."),
  auth,
  requestsPerMinute: whole(2, 100_000)
    .prefault(20)
    .describe("At most this many requests in any 60 s. The tenant allows 30, shared by all its API clients."),
  ca: text(PEM).optional().describe("PEM file of a private CA for the API and its token endpoint."),
  proxy: proxy.optional().describe("HTTP proxy for requests to the API and its token endpoint."),
  timeouts,
});

const filters = z
  .record(
    z.string(),
    z.record(z.string(), z.unknown(), { error: "operators and their values, such as { eq: [20893] }" }),
    {
      error: "filters, such as { service: { eq: [20893] } }",
    },
  )
  .meta({
    propertyNames: { enum: Object.keys(ACTIVITY_FILTERS) },
    additionalProperties: { type: "object", propertyNames: { enum: FILTER_OPERATORS }, additionalProperties: {} },
  })
  .prefault({})
  .describe("The API's own filters; neither on the cursor field nor relative dates.");

const scan = z.strictObject({
  tenant: name().describe("Name of the tenant to scan."),
  filters,
  cursorField: oneOf(["auto", "created", "date"])
    .prefault("auto")
    .describe("Time to move along: `created` (saved), `date` (happened), or `auto`: `created` if the API honours it."),
  pageSize: whole(500, 5_000).prefault(5_000).describe("Activities to ask for in one request; the API may give fewer."),
  pollInterval: duration("1s", "1h").prefault("10s").describe("Pause between passes once caught up."),
  start: start().prefault("1d").describe("Where a scan without a cursor begins: an age, an instant or `now`."),
  lookbacks: z
    .array(duration("1s", "30d"), { error: 'a list of ages, such as ["2m", "24h"]; [] for none' })
    .max(5, { error: "at most 5 ages" })
    .optional()
    .describe(
      "Ages at which every stretch is read again. Default: 2m, 24h along `created`; 15m, 6h, 96h along `date`.",
    ),
  catchUp: z
    .strictObject({
      after: duration("1m", "7d").prefault("15m").describe("Behind by more than this, the scan catches up."),
      order: oneOf(["newest-first", "in-order"])
        .prefault("newest-first")
        .describe("`newest-first`: fresh activities at once, the rest beside them; `in-order`: all in its order."),
    })
    .prefault({})
    .describe("What happens after an outage, and with the stretch that a new scan starts with."),
  topic: text(`${TOPIC_ALLOWED}; \${tenant} and \${scan} are filled in`)
    .optional()
    .describe(
      `Topic of this scan's activities; \${tenant} and \${scan} are filled in. Default: topics.activities.name.`,
    ),
  key: oneOf(["id", "user", "none"])
    .prefault("id")
    .describe("Key of the records: the activity's id, its user, or none."),
});

/** Also where the file says nothing, for the check of the two against each other. */
export const [SESSION_DEFAULT, HEARTBEAT_DEFAULT] = ["10s", "1s"] as const;

const kafka = z.strictObject({
  brokers: z
    .array(text("host:port", /^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/), {
      error: 'a list of host:port, such as ["localhost:9092"]',
    })
    .min(1, { error: 'a list of host:port, such as ["localhost:9092"]' })
    .prefault(["localhost:9092"])
    .describe("Brokers to begin with, as host:port."),
  clientId: text("a name")
    .prefault("mdca-kafka-source")
    .describe("Name of this client in the brokers' logs and quotas."),
  compression: oneOf(["none", "gzip"]).prefault("gzip").describe("Compression of record batches."),
  sessionTimeout: duration("3s", "5m")
    .prefault(SESSION_DEFAULT)
    .describe("A replica that is silent for so long loses its shards to the others; the brokers allow 6s and more."),
  heartbeatInterval: duration("200ms", "1m")
    .prefault(HEARTBEAT_DEFAULT)
    .describe("How often a replica says that it lives; at most a third of `sessionTimeout`."),
  ssl: z
    .union(
      [
        z.boolean(),
        z.strictObject({
          ca: text(PEM).optional().describe("PEM file of a private CA."),
          cert: text(PEM).optional().describe("PEM file of the client certificate; together with `key`."),
          key: secret("the client certificate's private key").optional().describe("PEM text of its private key."),
          serverName: text("a host name").optional().describe("Name to verify in the brokers' certificates."),
        }),
      ],
      { error: "true, false, or ca, cert, key and serverName" },
    )
    .prefault(false)
    .describe("TLS to the brokers: `true`, or its settings."),
  sasl: z
    .strictObject({
      mechanism: oneOf(["plain", "scram-sha-256", "scram-sha-512"]).describe("SASL mechanism."),
      username: text("a user name").describe("SASL user name."),
      password: secret("the password").describe("SASL password."),
    })
    .optional()
    .describe("SASL authentication to the brokers."),
});

const schemaRegistry = z.strictObject({
  url: address("an http or https address without credentials in it", "anywhere")
    .prefault("http://localhost:8081")
    .describe("Address of the schema registry (Confluent's API)."),
  autoRegisterSchemas: flag()
    .prefault(true)
    .describe("Whether a missing schema is registered; otherwise it is an error."),
  auth: z
    .strictObject({
      username: text("a user name").describe("User name at the registry."),
      password: secret("the password").describe("Password at the registry."),
    })
    .optional()
    .describe("Basic authentication to the registry."),
  ca: text(PEM).optional().describe("PEM file of a private CA."),
  timeout: duration("100ms", "5m").prefault("10s").describe("Time-out of one request to the registry."),
});

function topic(nameDefault: string, partitions: number, what: string) {
  return z
    .strictObject({
      name: text(TOPIC_ALLOWED, TOPIC_NAME).optional().describe(`Name of the topic; default ${nameDefault}.`),
      partitions: whole(1, 10_000).prefault(partitions).describe("Partitions."),
      replicationFactor: z
        .int({ error: "-1 (the brokers' default) or a whole number from 1 to 100" })
        .refine((value) => value === -1 || (value >= 1 && value <= 100), {
          error: "-1 (the brokers' default) or a whole number from 1 to 100",
        })
        .meta({ minimum: -1, maximum: 100 })
        .prefault(-1)
        .describe("Replicas of each partition; -1 is the brokers' own default."),
    })
    .prefault({})
    .describe(what);
}

const topics = z.strictObject({
  create: flag().prefault(true).describe("Whether missing topics are created; otherwise a missing topic is an error."),
  activities: topic("`mdca-activities`", 6, "The activities."),
  cursors: topic("the activities' name and `-cursors`", 12, "The state: compacted; its partitions are the shards."),
  dlq: topic("the activities' name and `-dlq`", 1, "Dead letters: activities that cannot be encoded."),
});

/** The keys are names of the user's choice; that they are right is a cross-check, so that it hides nothing else. */
const NAMED = { propertyNames: { type: "string", pattern: NAME.source } };

/** The configuration file as it may be written; what it parses to still needs `resolve`. */
export const configSchema = z.strictObject({
  tenants: z
    .record(z.string(), tenant, { error: "at least one tenant by name, with apiUrl and auth" })
    .refine((tenants) => Object.keys(tenants).length > 0, {
      error: "at least one tenant by name, with apiUrl and auth",
    })
    .meta(NAMED)
    .describe(`The tenants by ${NAME_ALLOWED}.`),
  scans: z
    .record(z.string(), scan, { error: "scans by name, each with its tenant" })
    .meta(NAMED)
    .optional()
    .describe("The scans by name. Without it each tenant has one, `<tenant>-all`, without filters."),
  record: z
    .strictObject({
      raw: oneOf(["include", "omit"])
        .prefault("include")
        .describe("Whether records carry the activity's exact JSON text."),
    })
    .prefault({})
    .describe("What records hold."),
  kafka: kafka.prefault({}).describe("The Kafka brokers."),
  schemaRegistry: schemaRegistry.prefault({}).describe("The schema registry."),
  topics: topics.prefault({}).describe("The topics. A connector's identity is its cursors topic."),
  memory: z
    .strictObject({
      pages: size("1MiB", "16GiB").prefault("64MiB").describe("Bound on pages that wait to be published."),
      ids: size("1MiB", "64GiB").prefault("400MiB").describe("Bound on ids remembered to remove repeats."),
    })
    .prefault({})
    .describe("Bounds on the memory of the process."),
  limits: z
    .strictObject({
      body: size("1KiB", "4GiB").prefault("256MiB").describe("Largest response body, decompressed."),
      activity: size("1KiB", "1GiB").prefault("8MiB").describe("Larger activities become dead letters."),
    })
    .prefault({})
    .describe("Bounds on what the API may send."),
  http: z
    .strictObject({
      host: text("a host name or address").prefault("127.0.0.1").describe("Address to listen on."),
      port: whole(0, 65_535).prefault(9464).describe("Port to listen on; 0 takes a free one."),
    })
    .prefault({})
    .describe("Server of /metrics, /healthz, /readyz and /status."),
  log: z
    .strictObject({
      level: oneOf(["error", "warn", "info", "debug"]).prefault("info").describe("Least severity to log."),
    })
    .prefault({})
    .describe("The log, on standard output."),
});

/** What the schema parses to: defaults filled in, durations in ms, sizes in bytes. */
export type ParsedConfig = z.output<typeof configSchema>;
