import { expect, test } from "vitest";
import { activityTopicsOf } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { maskedConfig } from "../../../src/config/mask.ts";
import { FILE, load, MINIMAL, problemsOf } from "./loading.ts";

const CA = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n";

test("four lines are enough: everything else has a default and the tenant gets a scan of its own", () => {
  const { config, warnings } = load(MINIMAL);
  expect(warnings).toEqual([]);
  expect(config.tenants[0]).toMatchObject({
    name: "contoso",
    apiUrl: "https://contoso.us3.portal.cloudappsecurity.com",
    requestsPerMinute: 20,
    ca: null,
    proxy: null,
    timeouts: { connectMs: 10_000, headersMs: 120_000, bodyMs: 60_000 },
  });
  expect(config.scans).toEqual([
    {
      name: "contoso-all",
      tenant: "contoso",
      filters: {},
      cursorField: "auto",
      pageSize: 5_000,
      pollIntervalMs: 10_000,
      start: { kind: "age", ageMs: 86_400_000 },
      lookbacksMs: null,
      catchUp: { afterMs: 900_000, order: "newest-first" },
      topic: "mdca-activities",
      key: "id",
    },
  ]);
  const { tenants: _, scans: __, ...rest } = config;
  expect(rest).toEqual({
    record: { raw: "include" },
    kafka: {
      brokers: ["localhost:9092"],
      clientId: "mdca-kafka-source",
      compression: "gzip",
      sessionTimeoutMs: 10_000,
      heartbeatIntervalMs: 1_000,
      ssl: null,
      sasl: null,
    },
    schemaRegistry: {
      url: "http://localhost:8081",
      autoRegisterSchemas: true,
      auth: null,
      ca: null,
      timeoutMs: 10_000,
    },
    topics: {
      create: true,
      activities: { name: "mdca-activities", partitions: 6, replicationFactor: -1 },
      cursors: { name: "mdca-activities-cursors", partitions: 12, replicationFactor: -1 },
      dlq: { name: "mdca-activities-dlq", partitions: 1, replicationFactor: -1 },
    },
    memory: { pagesBytes: 64 * 2 ** 20, idsBytes: 400 * 2 ** 20 },
    limits: { bodyBytes: 256 * 2 ** 20, activityBytes: 8 * 2 ** 20 },
    http: { host: "127.0.0.1", port: 9464 },
    log: { level: "info" },
  });
});

test("every option is read", () => {
  const { config, warnings } = load(
    `
tenants:
  contoso:
    apiUrl: https://contoso.example.com/api/v1/
    auth: { directoryId: d, clientId: c, clientSecret: "\${file:secret}", cloud: gcc-high, tokenUrl: "http://127.0.0.1:1/t" }
    requestsPerMinute: 30
    ca: ca.pem
    proxy: { url: "http://proxy:3128", username: u, password: "\${file:/run/proxy}" }
    timeouts: { connect: 1s, headers: 5m, body: 250ms }
scans:
  mail:
    tenant: contoso
    filters: { service: { eq: [20893] }, date: { gte: 5 } }
    cursorField: created
    pageSize: 500
    pollInterval: 1m
    start: 2026-11-01T00:00:00+01:00
    lookbacks: [24h, 5m, 24h]
    catchUp: { after: 1h, order: in-order }
    topic: "mdca.\${tenant}.\${scan}"
    key: user
record: { raw: omit }
kafka:
  brokers: ["a:9092", "[::1]:9093"]
  clientId: x
  compression: none
  ssl: { ca: ca.pem, cert: "\${file:ca.pem}", key: "\${file:ca.pem}", serverName: k }
  sasl: { mechanism: scram-sha-512, username: u, password: "\${env:CONTOSO_TOKEN}" }
schemaRegistry: { url: "https://r/", autoRegisterSchemas: false, auth: { username: u, password: "\${file:secret}" }, ca: ca.pem, timeout: 3s }
topics:
  create: false
  activities: { name: acts, partitions: 3, replicationFactor: 3 }
  cursors: { name: curs, partitions: 4 }
  dlq: { name: dead }
memory: { pages: 10MB, ids: 1GiB }
limits: { body: 1MiB, activity: 64KiB }
http: { host: 0.0.0.0, port: 0 }
log: { level: debug }
`,
    { files: { "/etc/connector/ca.pem": CA, "/etc/connector/secret": "s\n", "/run/proxy": "p" } },
  );
  expect(warnings).toEqual([]);
  const tenant = config.tenants[0]!;
  expect(tenant).toMatchObject({ apiUrl: "https://contoso.example.com", requestsPerMinute: 30, ca: CA });
  expect(tenant.timeouts).toEqual({ connectMs: 1_000, headersMs: 300_000, bodyMs: 250 });
  expect(tenant.auth).toMatchObject({ kind: "entra", cloud: "gcc-high", tokenUrl: "http://127.0.0.1:1/t" });
  expect(tenant.auth.kind === "entra" && tenant.auth.clientSecret.reveal()).toBe("s");
  expect(tenant.proxy?.credentials?.password.reveal()).toBe("p");
  expect(config.scans[0]).toEqual({
    name: "mail",
    tenant: "contoso",
    filters: { service: { eq: [20893] }, date: { gte: 5 } },
    cursorField: "created",
    pageSize: 500,
    pollIntervalMs: 60_000,
    start: { kind: "instant", atMs: Date.UTC(2026, 9, 31, 23) },
    lookbacksMs: [300_000, 86_400_000],
    catchUp: { afterMs: 3_600_000, order: "in-order" },
    topic: "mdca.contoso.mail",
    key: "user",
  });
  expect(config.kafka).toMatchObject({ compression: "none", ssl: { ca: CA, cert: CA.trimEnd(), serverName: "k" } });
  expect(config.kafka.ssl?.key?.reveal()).toBe(CA.trimEnd());
  expect(config.kafka.sasl?.password.reveal()).toBe("t0ken");
  expect(config.schemaRegistry).toMatchObject({
    url: "https://r",
    autoRegisterSchemas: false,
    ca: CA,
    timeoutMs: 3_000,
  });
  expect(config.topics.cursors).toEqual({ name: "curs", partitions: 4, replicationFactor: -1 });
  expect(activityTopicsOf(config)).toEqual([{ name: "mdca.contoso.mail", partitions: 3, replicationFactor: 3 }]);
  expect(config.memory).toEqual({ pagesBytes: 10_000_000, idsBytes: 2 ** 30 });
  expect(config.limits).toEqual({ bodyBytes: 2 ** 20, activityBytes: 65_536 });
});

test("all problems come at once, each with its option, its line, what was found and what is allowed", () => {
  const problems = problemsOf(`tenants:
  contoso:
    apiUrl: http://contoso.example.com
    auth: { token: 12345 }
    requestsPerMinute: 1
    retries: 3
  fab: { apiUrl: "https://fab.example.com", auth: { directoryId: d } }
  "b c": 7
scans:
  x: { tenant: contso, pollInterval: 10, lookbacks: [2], filters: { servic: {} , service: { eqq: 1 } } }
kafka: { brokers: localhost, ssl: { caa: 1 }, compression: lz4 }
topics: { cursors: { name: t }, dlq: { name: t } }
log: { level: loud }
`);
  expect(problems).toEqual([
    'tenants.contoso.apiUrl (line 3): found "http://contoso.example.com"; allowed: the tenant\'s API URL, https://<tenant>.<region>.portal.cloudappsecurity.com; http only to this machine',
    `tenants.contoso.auth.token (line 4): found a number (not shown); allowed: an API token, best as \${file:PATH} or \${env:NAME}`,
    "tenants.contoso.requestsPerMinute (line 5): found 1; allowed: a whole number from 2 to 100000",
    "tenants.contoso.retries (line 6): unknown option; known are apiUrl, auth, requestsPerMinute, ca, proxy, timeouts",
    'tenants["b c"] (line 8): found a number (not shown); allowed: settings: apiUrl, auth, requestsPerMinute, ca, proxy, timeouts',
    "scans.x.pollInterval (line 10): found 10; allowed: a duration from 1s to 1h, written like 250ms, 10s, 15m, 12h or 1d",
    "scans.x.lookbacks[0] (line 10): found 2; allowed: a duration from 1s to 30d, written like 250ms, 10s, 15m, 12h or 1d",
    'kafka.brokers (line 11): found a text (not shown); allowed: a list of host:port, such as ["localhost:9092"]',
    'kafka.compression (line 11): found "lz4"; allowed: none, gzip',
    'kafka.ssl.caa (line 11): unknown option; did you mean "ca"?',
    'log.level (line 13): found "loud"; allowed: error, warn, info, debug',
    'tenants["b c"] (line 8): found this name; allowed: a name of letters, digits, - and _ that starts with a letter or digit, at most 63 long',
    "tenants.fab.auth (line 7): also needs clientId and clientSecret",
    'scans.x.tenant (line 10): there is no tenant "contso"; did you mean "contoso"?',
    'scans.x.filters.servic (line 10): unknown filter; did you mean "service"?',
    'scans.x.filters.service.eqq (line 10): unknown operator; did you mean "eq"?',
    "topics.dlq.name (line 12): the same topic as topics.cursors: t",
  ]);
});

test("an empty file and one that is no map ask for a tenant", () => {
  expect(problemsOf("")).toEqual(["tenants: missing; give at least one tenant by name, with apiUrl and auth"]);
  expect(problemsOf("tenants: {}")[0]).toContain("allowed: at least one tenant");
  expect(problemsOf("- 1")[0]).toContain("found a list; allowed: settings: tenants, scans");
});

test("a key that stands twice is a problem, beside the others", () => {
  const problems = problemsOf(`${MINIMAL}\nhttp: { port: 1 }\nhttp: { port: x }\n`);
  expect(problems).toEqual([
    "line 8: a key stands twice in one map",
    'http.port (line 7): found "x"; allowed: a whole number from 0 to 65535',
  ]);
});

test("what is no YAML is told by its line alone", () => {
  expect(problemsOf(`${MINIMAL}kafka: { sasl: { password: s3cret\n`).join()).not.toContain("s3cret");
  expect(problemsOf("tenants:\n\t- x: y")[0]).toMatch(/^line 2: not readable as YAML/);
});

test("a file that is not there is named", () => {
  const missing = () => {
    throw new Error("ENOENT: no such file");
  };
  expect(() => loadConfig({ file: "/x.yaml", sets: [], env: {} }, missing)).toThrow(
    "cannot read the configuration file /x.yaml",
  );
});

test("overrides alone make a configuration", () => {
  const env = {
    MDCA_SOURCE__TENANTS__CONTOSO__API_URL: "https://c.example.com",
    MDCA_SOURCE__TENANTS__CONTOSO__AUTH__TOKEN: "t",
  };
  const { config, warnings } = loadConfig({ file: null, sets: [], env }, () => "");
  expect(config.scans[0]?.name).toBe("contoso-all");
  expect(warnings).toEqual([]);
});

test("masked, secrets show where they come from and certificates their length", () => {
  const { config } = load(`${MINIMAL}kafka: { ssl: { ca: ca.pem } }`, { files: { "/etc/connector/ca.pem": CA } });
  const masked = JSON.stringify(maskedConfig(config));
  expect(masked).toContain("[secret from environment variable CONTOSO_TOKEN]");
  expect(masked).toContain("[PEM, ");
  expect(masked).not.toContain("t0ken");
  expect(JSON.stringify(config)).not.toContain("t0ken");
});

test("relative files are looked for beside the configuration file", () => {
  expect(
    problemsOf(MINIMAL.replace("env:CONTOSO_TOKEN", "file:tok"), { files: { "/etc/connector/tok": "t" } }),
  ).toEqual([]);
  expect(FILE.startsWith("/etc/connector/")).toBe(true);
});
