import { expect, test } from "vitest";
import { changesBetween } from "../../../src/config/changes.ts";
import { type Around, load } from "./loading.ts";

const BASE = `
tenants:
  contoso:
    apiUrl: https://contoso.us3.portal.cloudappsecurity.com
    auth: { token: "\${file:/run/contoso}" }
  fabrikam:
    apiUrl: https://fabrikam.us3.portal.cloudappsecurity.com
    auth: { token: "\${file:/run/fabrikam}" }
scans:
  contoso-all: { tenant: contoso }
  contoso-apps: { tenant: contoso, filters: { service: { eq: [1] } } }
  fabrikam-all: { tenant: fabrikam }
kafka: { brokers: ["127.0.0.1:9092"], sasl: { mechanism: plain, username: u, password: "\${file:/run/kafka}" } }
`;
const PEM = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
const FILES = { "/run/contoso": "one", "/run/fabrikam": "two", "/run/kafka": "three", "/run/ca": PEM };

const loaded = (yaml = BASE, files: Around["files"] = {}) => load(yaml, { files: { ...FILES, ...files } });
const compared = (yaml: string, files: Around["files"] = {}, before = loaded()) =>
  changesBetween(before, loaded(yaml, files));
const changed = (...given: Parameters<typeof compared>) => {
  const comparison = compared(...given);
  if (comparison.kind === "restart") throw new Error(`restart: ${comparison.paths}`);
  const { touched, ...changes } = comparison.changes;
  return { ...changes, touched: [...touched].sort() };
};
const NONE = { added: [], removed: [], changed: [] };

test("the same configuration, in other words and another order, changes nothing", () => {
  const reordered = BASE.replace(/ {2}contoso:\n.*\n.*\n/, "").replace(
    "scans:",
    `${/ {2}contoso:\n.*\n.*\n/.exec(BASE)}scans:`,
  );
  expect(reordered).not.toBe(BASE);
  const same = { tenants: NONE, scans: NONE, secrets: [], touched: [] };
  expect(changed(reordered)).toEqual(same);
  expect(changed(BASE.replace("tenant: contoso }", "pollInterval: 10000ms, tenant: contoso }"))).toEqual(same);
  expect(changed(`${BASE}topics: { activities: { name: mdca-activities } }\n`)).toEqual(same);
});

test("a budget, a proxy and a time-out change their tenant alone", () => {
  for (const option of [
    "requestsPerMinute: 5",
    "proxy: { url: http://p:1 }",
    "timeouts: { body: 5s }",
    "ca: /run/ca",
  ]) {
    const yaml = BASE.replace("  fabrikam:", `    ${option}\n  fabrikam:`);
    expect(changed(yaml)).toEqual({
      tenants: { ...NONE, changed: ["contoso"] },
      scans: NONE,
      secrets: [],
      touched: ["contoso"],
    });
  }
});

test("a scan that comes, goes or changes touches its tenant, and one that moves both of its tenants", () => {
  const without = BASE.replace(/ {2}contoso-apps.*\n/, "");
  expect(changed(without)).toMatchObject({ scans: { ...NONE, removed: ["contoso-apps"] }, touched: ["contoso"] });
  expect(changed(BASE, {}, loaded(without))).toMatchObject({
    scans: { ...NONE, added: ["contoso-apps"] },
    touched: ["contoso"],
  });
  expect(changed(BASE.replace("[1]", "[2]"))).toMatchObject({
    scans: { ...NONE, changed: ["contoso-apps"] },
    touched: ["contoso"],
  });
  const moved = BASE.replace("contoso-apps: { tenant: contoso,", "contoso-apps: { tenant: fabrikam,");
  expect(changed(moved)).toMatchObject({
    tenants: NONE,
    scans: { ...NONE, changed: ["contoso-apps"] },
    touched: ["contoso", "fabrikam"],
  });
});

test("a tenant with its scans comes and goes", () => {
  const alone = BASE.replace(/ {2}fabrikam:\n.*\n.*\n/, "").replace(/ {2}fabrikam-all.*\n/, "");
  const gone = { tenants: { ...NONE, removed: ["fabrikam"] }, scans: { ...NONE, removed: ["fabrikam-all"] } };
  expect(changed(alone)).toEqual({ ...gone, secrets: [], touched: ["fabrikam"] });
  expect(changed(BASE, {}, loaded(alone))).toMatchObject({
    tenants: { ...NONE, added: ["fabrikam"] },
    touched: ["fabrikam"],
  });
});

test("a rotated secret is a change of its tenant, though the file says the same; another certificate, too", () => {
  expect(changed(BASE, { "/run/contoso": "rotated" })).toEqual({
    tenants: { ...NONE, changed: ["contoso"] },
    scans: NONE,
    secrets: ["tenants.contoso.auth.token"],
    touched: ["contoso"],
  });
  const private_ = BASE.replace("  fabrikam:", "    ca: /run/ca\n  fabrikam:");
  const other = { "/run/ca": PEM.replace("MA==", "MQ==") };
  expect(changed(private_, other, loaded(private_))).toMatchObject({ tenants: { ...NONE, changed: ["contoso"] } });
});

test("a secret of Kafka's is read at each use: its rotation is told, and needs nothing", () => {
  expect(changed(BASE, { "/run/kafka": "rotated" })).toEqual({
    tenants: NONE,
    scans: NONE,
    secrets: ["kafka.sasl.password"],
    touched: [],
  });
});

test.each([
  ["kafka.brokers", (yaml: string) => yaml.replace("9092", "9093")],
  ["kafka.sasl.password", (yaml: string) => yaml.replace(`"\${file:/run/kafka}"`, "written")],
  ["kafka.sessionTimeout", (yaml: string) => yaml.replace("kafka: {", "kafka: { sessionTimeout: 20s,")],
  ["schemaRegistry.url", (yaml: string) => `${yaml}schemaRegistry: { url: "http://127.0.0.1:1" }\n`],
  ["topics.cursors.partitions", (yaml: string) => `${yaml}topics: { cursors: { partitions: 3 } }\n`],
  ["topics.activities.name", (yaml: string) => `${yaml}topics: { activities: { name: other } }\n`],
  ["memory.ids", (yaml: string) => `${yaml}memory: { ids: 1GiB }\n`],
  ["limits.body", (yaml: string) => `${yaml}limits: { body: 1GiB }\n`],
  ["record.raw", (yaml: string) => `${yaml}record: { raw: omit }\n`],
  ["http.port", (yaml: string) => `${yaml}http: { port: 1 }\n`],
])("%s holds from a start to the next, and is named beside whatever else may change", (path, change) => {
  const yaml = change(BASE).replace("  fabrikam:", "    requestsPerMinute: 5\n  fabrikam:");
  expect(compared(yaml)).toEqual({ kind: "restart", paths: [path] });
});

test("every option that needs a restart is named, a renewed certificate of the brokers, too", () => {
  const yaml = `${BASE}http: { host: "::1", port: 1 }\nmemory: { ids: 1GiB }\n`;
  expect(compared(yaml)).toEqual({ kind: "restart", paths: ["memory.ids", "http.host", "http.port"] });
  const ssl = BASE.replace("kafka: {", "kafka: { ssl: { ca: /run/ca },");
  const other = { "/run/ca": PEM.replace("MA==", "MQ==") };
  expect(compared(ssl, other, loaded(ssl))).toEqual({ kind: "restart", paths: ["kafka.ssl.ca"] });
});

test("the log's level may change, and touches nobody", () => {
  expect(changed(`${BASE}log: { level: debug }\n`)).toEqual({ tenants: NONE, scans: NONE, secrets: [], touched: [] });
});
