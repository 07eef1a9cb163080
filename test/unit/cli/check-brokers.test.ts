import { expect, test } from "vitest";
import { brokerFindings, onlyTopics } from "../../../src/cli/check-brokers.ts";
import { topicSpecs } from "../../../src/connector/connector.ts";
import type { BrokerQuestions, BrokerReport, TopicReport } from "../../../src/kafka/broker-report.ts";
import type { Right } from "../../../src/kafka/rights.ts";
import { ConnectorError } from "../../../src/kit/errors.ts";
import { configOf } from "./configured.ts";

const signal = new AbortController().signal;
const CURSORS = "mdca-activities-cursors";

function reportOf(topic: Partial<TopicReport> = {}, report: Partial<BrokerReport> = {}): BrokerReport {
  const topics = topicSpecs(configOf()).map((spec) => ({
    spec,
    state: "there" as const,
    problems: [],
    advice: [],
    ...(spec.kind === "cursors" ? topic : {}),
  }));
  const states = new Map([[3, new Map<string, Buffer>()]]);
  return { topics, transaction: { kind: "done" }, group: { kind: "done" }, states, lacking: [], ...report };
}

async function findingsOf(report: BrokerReport | ConnectorError, ...sets: string[]) {
  const asked: BrokerQuestions[] = [];
  const checkBrokers = async (questions: BrokerQuestions) => {
    asked.push(questions);
    if (report instanceof ConnectorError) throw report;
    return report;
  };
  const findings = await brokerFindings(configOf(...sets), { checkBrokers, shardOf: () => 3, nowMs: 0 }, signal);
  return { findings, asked, bad: findings.filter(({ state }) => state !== "ok") };
}

const right = (resource: Right["resource"], name: string, operation: Right["operation"]): Right => ({
  resource,
  name,
  operation,
});

test("all is well: brokers, each topic, transactions, the group and each scan's state, a line each", async () => {
  const { findings, asked } = await findingsOf(reportOf());
  expect(findings.map(({ state, check }) => `${state} ${check}`)).toEqual([
    "ok brokers",
    "ok topic mdca-activities",
    `ok topic ${CURSORS}`,
    "ok topic mdca-activities-dlq",
    `ok transactions of ${CURSORS}`,
    `ok group ${CURSORS}`,
    "ok state of contoso-all",
  ]);
  expect(asked[0]).toMatchObject({ create: true, shards: [3] });
  expect(["mdca-activities", CURSORS].map((topic) => asked[0]?.oldestMs(topic))).toEqual([86_400_000, 0]);
});

test("a missing topic is fine where run creates it, and a failure where it may not or cannot", async () => {
  const missing = { topic: CURSORS, missing: true, problem: "does not exist", remedy: "make it" };
  const absent = reportOf({ state: "missing", problems: [missing] });
  expect((await findingsOf(absent)).bad).toEqual([]);
  expect((await findingsOf(absent, "topics.create=false")).bad).toMatchObject([{ state: "FAIL", remedy: "make it" }]);
  const refused = { topic: CURSORS, problem: "cannot be created: no", remedy: "bring brokers up" };
  const impossible = reportOf({ state: "missing", problems: [refused] });
  expect((await findingsOf(impossible)).bad).toMatchObject([{ state: "FAIL", remedy: "bring brokers up" }]);
});

test("of the topics alone neither rights nor state are asked, and a missing one is a failure", async () => {
  const missing = { topic: CURSORS, missing: true, problem: "does not exist", remedy: "make it" };
  const asked: BrokerQuestions[] = [];
  const checkBrokers = async (questions: BrokerQuestions) => {
    asked.push(questions);
    return reportOf({ state: "missing", problems: [missing] });
  };
  const findings = await onlyTopics(configOf(), checkBrokers, signal);
  expect(findings.map(({ state }) => state)).toEqual(["ok", "ok", "FAIL", "ok"]);
  expect(asked[0]).toMatchObject({ create: false, shards: [] });
});

test("one fault hides no other: a right and a setting of one topic are a line each", async () => {
  const problems = [{ topic: CURSORS, problem: "is not compacted", remedy: "alter it" }];
  const { bad } = await findingsOf(reportOf({ problems }, { lacking: [right("topic", CURSORS, "Write")] }));
  expect(bad.map(({ detail }) => detail)).toEqual(["kafka_refused: User:ANONYMOUS lacks Write", "is not compacted"]);
});

test("what run starts with all the same is a warning", async () => {
  const advice = [{ topic: CURSORS, problem: "is slow", remedy: "alter it" }];
  expect((await findingsOf(reportOf({ advice }))).bad).toMatchObject([
    { state: "warn", check: `topic ${CURSORS}`, detail: "is slow", remedy: "alter it" },
  ]);
});

test("a right that is lacking is one failure of its resource, with the command that grants it and the user by name", async () => {
  const lacking = [right("topic", CURSORS, "Read"), right("group", CURSORS, "Delete")];
  const report = reportOf({}, { lacking, group: { kind: "untried" } });
  const anonymous = await findingsOf(report);
  expect(anonymous.bad).toMatchObject([
    { check: `topic ${CURSORS}`, detail: "kafka_refused: User:ANONYMOUS lacks Read" },
    {
      check: `group ${CURSORS}`,
      remedy: expect.stringMatching(
        /--operation Delete --group mdca-activities-cursors --resource-pattern-type prefixed$/,
      ),
    },
  ]);
  const sasl = ["mechanism=plain", "username=a b", `password=\${env:T}`].map((set) => `kafka.sasl.${set}`);
  expect((await findingsOf(report, ...sasl)).bad[0]?.remedy).toMatch(/--allow-principal 'User:a b' --operation Read/);
});

test("a transaction that failed is told as such, and what could not be tried is no success by word", async () => {
  const error = new ConnectorError("kafka_unavailable", "trying: no; wait", { disposition: "retry" });
  const { bad } = await findingsOf(
    reportOf({}, { transaction: { kind: "failed", error }, group: { kind: "untried" }, states: new Map() }),
  );
  expect(bad).toMatchObject([
    { state: "FAIL", check: `transactions of ${CURSORS}`, remedy: "wait" },
    { state: "warn", check: `group ${CURSORS}`, detail: expect.stringMatching(/not tried/) },
  ]);
});

test("a state that run would block on is a failure", async () => {
  const record = Buffer.from("garbage");
  const states = new Map([[3, new Map([['{"scan":"contoso-all","reader":"tail"}', record]])]]);
  expect((await findingsOf(reportOf({}, { states }))).bad).toMatchObject([
    { state: "FAIL", check: "state of contoso-all", detail: expect.stringMatching(/^cursor_corrupt/) },
  ]);
});

test("brokers that do not answer are one failure with what the message says to do", async () => {
  const error = new ConnectorError("kafka_unavailable", "asking a: ECONNREFUSED; start it", { disposition: "retry" });
  expect((await findingsOf(error)).findings).toMatchObject([{ state: "FAIL", check: "brokers", remedy: "start it" }]);
});
