import { expect, test } from "vitest";
import { configRows } from "../../../src/page/config-rows.ts";

const config = {
  tenants: [
    { name: "contoso", auth: { kind: "token", token: "[secret from file x]" }, ca: null },
    { name: "fabrikam", auth: {} },
  ],
  scans: [{ name: "all", tenant: "contoso", lookbacksMs: [120_000, 90_000, 0], waitMs: null, filters: {} }],
  kafka: { brokers: ["a:1"], ssl: null },
  record: { raw: "include" },
  memory: { idsBytes: 400 * 2 ** 20 },
};

test("of the chosen scan and its tenant every option is a line, before the connector's own", () => {
  const lines = configRows(config, { scan: "all", tenant: "contoso" }).map(({ option, value }) => `${option}=${value}`);
  expect(lines).toEqual([
    "scans.all.tenant=contoso",
    "scans.all.lookbacks=2m, 90s, 0",
    "scans.all.wait=null",
    "scans.all.filters={}",
    "tenants.contoso.auth.kind=token",
    "tenants.contoso.auth.token=[secret from file x]",
    "tenants.contoso.ca=null",
    'kafka.brokers=["a:1"]',
    "kafka.ssl=null",
    "record.raw=include",
    "memory.ids=400MiB",
  ]);
});

test("without a chosen scan the connector's own are shown alone", () => {
  expect(configRows(config, null).map(({ option }) => option)).toEqual([
    "kafka.brokers",
    "kafka.ssl",
    "record.raw",
    "memory.ids",
  ]);
  expect(configRows({ kafka: {} }, { scan: "all", tenant: "contoso" })).toEqual([{ option: "kafka", value: "{}" }]);
});
