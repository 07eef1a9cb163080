import { expect, test } from "vitest";
import { load, MINIMAL, problemsOf } from "./loading.ts";

test("the environment is laid over the file, and flags over both", () => {
  const env = { MDCA_SOURCE__HTTP__PORT: "1", MDCA_SOURCE__LOG__LEVEL: "warn" };
  const { config } = load(`${MINIMAL}http: { port: 3, host: h }`, { env, sets: ["http.port=2"] });
  expect(config.http).toEqual({ port: 2, host: "h" });
  expect(config.log.level).toBe("warn");
});

test("a part of a variable's name matches options and names whatever their capitals, hyphens and underscores", () => {
  const yaml = MINIMAL.replace("contoso:", "Contoso-EU_west:");
  const env = {
    MDCA_SOURCE__TENANTS__CONTOSO_EU_WEST__REQUESTS_PER_MINUTE: "25",
    MDCA_SOURCE__SCHEMAREGISTRY__AUTO_REGISTER_SCHEMAS: "false",
  };
  const { config } = load(yaml, { env });
  expect(config.tenants.map(({ name, requestsPerMinute }) => [name, requestsPerMinute])).toEqual([
    ["Contoso-EU_west", 25],
  ]);
  expect(config.schemaRegistry.autoRegisterSchemas).toBe(false);
});

test("a name that matches nothing makes one, with hyphens", () => {
  const env = { MDCA_SOURCE__SCANS__ALL_MAIL: "{ tenant: contoso }" };
  expect(load(MINIMAL, { env }).config.scans.map(({ name }) => name)).toEqual(["all-mail"]);
  const sets = ["scans.All_Mail.tenant=contoso"];
  expect(load(MINIMAL, { sets }).config.scans.map(({ name }) => name)).toEqual(["All_Mail"]);
});

test("a part that matches two names is refused", () => {
  const scans = "scans: { a-b: { tenant: contoso }, a_b: { tenant: contoso, topic: t } }";
  const env = { MDCA_SOURCE__SCANS__A__B: "x", MDCA_SOURCE__SCANS__AB__START: "now" };
  expect(problemsOf(MINIMAL + scans, { env })).toContain(
    "MDCA_SOURCE__SCANS__AB__START: ambiguous: AB may be a-b or a_b",
  );
  expect(load(MINIMAL + scans, { sets: ["scans.a_b.start=now"] }).config.scans[1]?.start).toEqual({ kind: "now" });
});

test("values are YAML: lists, maps, and null to remove", () => {
  const sets = [
    "kafka.brokers=[a:1, b:2]",
    "kafka.ssl=null",
    "tenants.contoso.timeouts={connect: 1s}",
    "scans.x={tenant: contoso}",
    "scans.x.filters.activity_id.eq=[1]",
  ];
  const { config } = load(`${MINIMAL}kafka: { ssl: true }`, { sets });
  expect(config.kafka).toMatchObject({ brokers: ["a:1", "b:2"], ssl: null });
  expect(config.tenants[0]?.timeouts.connectMs).toBe(1_000);
  expect(config.scans[0]?.filters).toEqual({ "activity.id": { eq: [1] } });
});

test("a value that YAML reads as another kind is taken as the text that it is, where text is needed", () => {
  expect(load(MINIMAL, { sets: ["kafka.clientId=0x10"] }).config.kafka.clientId).toBe("0x10");
  expect(load(MINIMAL, { env: { MDCA_SOURCE__KAFKA__CLIENT_ID: "true" } }).config.kafka.clientId).toBe("true");
});

test("wrong overrides are problems that name themselves", () => {
  const env = { MDCA_SOURCE__HTP__PORT: "1", MDCA_SOURCE__HTTP__PORT: "x" };
  const sets = ["log.levl=info", "nothing", "kafka.brokers=[", "__proto__.x=1"];
  expect(problemsOf(MINIMAL, { env, sets })).toEqual([
    "--set: needs option=value, such as --set http.port=9465",
    'MDCA_SOURCE__HTP__PORT: unknown option HTP in the configuration; did you mean "http"?',
    'log.levl: unknown option levl in log; did you mean "level"?'.replace("log.levl", "--set log.levl"),
    "--set kafka.brokers: the value is not readable as YAML; quote it",
    expect.stringContaining("--set __proto__.x: unknown option __proto__ in the configuration"),
    'http.port (MDCA_SOURCE__HTTP__PORT): found "x"; allowed: a whole number from 0 to 65535',
  ]);
});

test("an empty variable counts as not set; one that only looks like an override gets a warning", () => {
  const env = { MDCA_SOURCE__HTTP__PORT: "", MDCA_SOURCE_HTTP__PORT: "1" };
  const { config, warnings } = load(MINIMAL, { env });
  expect(config.http.port).toBe(9464);
  expect(warnings).toEqual([
    "environment variable MDCA_SOURCE_HTTP__PORT is not used: overrides are written MDCA_SOURCE__A__B",
  ]);
});
