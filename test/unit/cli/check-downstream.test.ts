import { expect, test } from "vitest";
import { kafkaFindings, registryFindings } from "../../../src/cli/check-downstream.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { KafkaPort, TopicProblem } from "../../../src/kafka/port.ts";
import { ConnectorError, type ErrorCode } from "../../../src/kit/errors.ts";

const signal = new AbortController().signal;
const configOf = (...sets: string[]) => {
  const base = ["tenants.contoso.apiUrl=https://contoso.example", `tenants.contoso.auth.token=\${env:T}`];
  return loadConfig({ file: null, sets: [...base, ...sets], env: { T: "t" } }, () => "").config;
};
const failing = (code: ErrorCode, message: string) => () =>
  Promise.reject(new ConnectorError(code, message, { disposition: "fatal" }));

function kafka(problems: readonly TopicProblem[], asked: boolean[] = []): KafkaPort {
  const prepareTopics = async (_: unknown, create: boolean) => {
    asked.push(create);
    return problems;
  };
  return { prepareTopics } as unknown as KafkaPort;
}

const missing = { topic: "mdca-activities-dlq", missing: true, problem: "does not exist", remedy: "make it" };
const wrong = { topic: "mdca-activities-cursors", problem: "is not compacted", remedy: "alter it" };
const shown = (findings: Awaited<ReturnType<typeof kafkaFindings>>) =>
  findings.map(({ state, check }) => `${state} ${check}`);

test("a missing topic is fine where run creates it, and a failure where it may not", async () => {
  const allowed = await kafkaFindings(configOf(), kafka([missing]), signal);
  expect(allowed.every(({ state }) => state === "ok")).toBe(true);
  const denied = await kafkaFindings(configOf("topics.create=false"), kafka([missing]), signal);
  expect(denied.at(-1)).toMatchObject({ state: "FAIL", remedy: "make it" });
});

test("each topic has its own finding, and nothing is ever created", async () => {
  const asked: boolean[] = [];
  expect(shown(await kafkaFindings(configOf(), kafka([wrong], asked), signal))).toEqual([
    "ok brokers",
    "ok topic mdca-activities",
    "FAIL topic mdca-activities-cursors",
    "ok topic mdca-activities-dlq",
  ]);
  expect(asked).toEqual([false]);
});

test("brokers that do not answer are one failure with what the message says to do", async () => {
  const prepareTopics = failing("kafka_unavailable", "checking topics: ECONNREFUSED; check kafka.brokers");
  const findings = await kafkaFindings(configOf(), { prepareTopics } as unknown as KafkaPort, signal);
  expect(findings).toEqual([
    expect.objectContaining({ state: "FAIL", check: "brokers", remedy: "check kafka.brokers" }),
  ]);
});

test.each<[ErrorCode, string, string]>([
  ["schema_missing", "true", "ok"],
  ["schema_missing", "false", "FAIL"],
  ["schema_incompatible", "true", "FAIL"],
  ["registry_unavailable", "true", "FAIL"],
  ["credentials_refused", "true", "FAIL"],
])("%s with autoRegisterSchemas %s is %s", async (code, auto, state) => {
  const config = configOf(`schemaRegistry.autoRegisterSchemas=${auto}`);
  const [finding] = await registryFindings(config, failing(code, "why"), signal);
  expect(finding).toMatchObject({ state, check: "schema of mdca-activities" });
});

test("an error that is none of ours is a bug and not a finding", async () => {
  await expect(registryFindings(configOf(), () => Promise.reject(new TypeError("x")), signal)).rejects.toThrow(
    TypeError,
  );
});
