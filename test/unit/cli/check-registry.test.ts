import { expect, test } from "vitest";
import { registryFindings } from "../../../src/cli/check-registry.ts";
import { ConnectorError, type ErrorCode } from "../../../src/kit/errors.ts";
import { configOf } from "./configured.ts";

const signal = new AbortController().signal;
const failing = (code: ErrorCode, message: string, cause?: Error) => () =>
  Promise.reject(new ConnectorError(code, message, { disposition: "fatal", cause }));
const registry = (schemaId: () => Promise<number>, mode: string | null = null) => ({
  schemaId,
  mode: async () => mode,
});

test.each<[ErrorCode, string, string]>([
  ["schema_missing", "true", "ok"],
  ["schema_missing", "false", "FAIL"],
  ["schema_incompatible", "true", "FAIL"],
  ["registry_unavailable", "true", "FAIL"],
  ["credentials_refused", "true", "FAIL"],
])("%s with autoRegisterSchemas %s is %s", async (code, auto, state) => {
  const config = configOf(`schemaRegistry.autoRegisterSchemas=${auto}`);
  const [finding] = await registryFindings(config, registry(failing(code, "why; do that")), signal);
  expect(finding).toMatchObject({ state, check: "schema of mdca-activities" });
  expect(finding?.remedy).toBe(state === "ok" ? null : "do that");
});

test.each([
  [null, "ok"],
  ["READWRITE", "ok"],
  ["READONLY", "FAIL"],
  ["READONLY_OVERRIDE", "FAIL"],
])("a schema that is to be registered where the mode is %s is %s", async (mode, state) => {
  const [finding] = await registryFindings(configOf(), registry(failing("schema_missing", "why"), mode), signal);
  expect(finding).toMatchObject({ state });
});

test("a connection that failed is told by its code what to change", async () => {
  const cause = Object.assign(new Error("no"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  const [finding] = await registryFindings(
    configOf(),
    registry(failing("registry_unavailable", "no answer", cause)),
    signal,
  );
  expect(finding?.remedy).toMatch(/set schemaRegistry\.ca/);
});

test("an error that is none of ours is a bug and not a finding", async () => {
  await expect(
    registryFindings(
      configOf(),
      registry(() => Promise.reject(new TypeError("x"))),
      signal,
    ),
  ).rejects.toThrow(TypeError);
});
