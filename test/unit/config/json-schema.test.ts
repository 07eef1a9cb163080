import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { chartValuesSchema } from "../../../deploy/generate/chart-values.ts";
import { configJsonSchema, isSecretAt, keysAt } from "../../../src/config/json-schema.ts";

test("the published schema is the one that configurations are checked with", () => {
  const published: unknown = JSON.parse(readFileSync("schemas/config.schema.json", "utf8"));
  // When this differs: npx tsx deploy/generate/config-schema.ts
  expect(published).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});

test("the Helm chart's values are checked with it, too", () => {
  const file = "deploy/helm/mdca-kafka-source/values.schema.json";
  // When this differs: npx tsx deploy/generate/chart-schema.ts
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(JSON.parse(JSON.stringify(chartValuesSchema())));
});

test("every option says what it is", () => {
  const silent: string[] = [];
  const visit = (node: Record<string, unknown>, path: string): void => {
    const properties = (node["properties"] ?? {}) as Record<string, Record<string, unknown>>;
    for (const [key, option] of Object.entries(properties)) {
      if (typeof option["description"] !== "string") silent.push(`${path}.${key}`);
      visit(option, `${path}.${key}`);
    }
    if (typeof node["additionalProperties"] === "object") visit(node["additionalProperties"] as never, `${path}.*`);
    for (const branch of (node["anyOf"] ?? []) as Record<string, unknown>[]) visit(branch, path);
  };
  visit(configJsonSchema(), "");
  expect(silent).toEqual([]);
});

test("exactly the secrets are marked as such", () => {
  const secrets = [
    ["tenants", "x", "auth", "token"],
    ["tenants", "x", "auth", "clientSecret"],
    ["tenants", "x", "proxy", "password"],
    ["kafka", "ssl", "key"],
    ["kafka", "sasl", "password"],
    ["schemaRegistry", "auth", "password"],
  ];
  const found: string[][] = [];
  const visit = (path: string[]): void => {
    if (isSecretAt(path)) found.push(path);
    if (path.length > 5) return;
    const names = path.length === 1 && (path[0] === "tenants" || path[0] === "scans") ? ["x"] : keysAt(path);
    for (const key of names) visit([...path, key]);
  };
  visit([]);
  expect(found.map(String).sort()).toEqual(secrets.map(String).sort());
});
