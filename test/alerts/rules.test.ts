import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { describedMetrics } from "../../deploy/generate/metrics-table.ts";
import { FAULTS } from "./faults.ts";
import { metricsOfRules, rules } from "./judge.ts";

const alerts = rules().filter((rule) => rule.alert !== undefined);
const named = alerts.map((rule) => [rule.alert ?? "", rule] as const);
const RUNBOOKS = "deploy/prometheus/runbooks";
const CASES = "test/alerts/cases";

interface Cases {
  readonly tests: readonly {
    readonly name: string;
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

test.each(named)("%s has severity, summary, description and a runbook", (name, { labels, annotations }) => {
  expect(["page", "ticket"]).toContain(labels?.["severity"]);
  expect(annotations?.["summary"]?.length).toBeLessThan(130);
  // Of a process, a shard or all of them, the tenants and scans are not known.
  expect(annotations?.["description"]).toMatch(/tenant/);
  expect(annotations?.["description"]).toMatch(/scan/i);
  expect(annotations?.["runbook_url"]).toMatch(new RegExp(`^https://[^ ]+/${name}\\.md$`));
  const runbook = readFileSync(`${RUNBOOKS}/${name}.md`, "utf8");
  const headings = runbook.split("\n").filter((line) => line.startsWith("#"));
  expect(headings).toEqual([
    `# ${name}`,
    "## What it means",
    "## What to look at",
    "## What to do",
    "## When it resolves",
  ]);
});

test.each(named)("%s has cases in which it fires and cases in which it is silent", (name) => {
  const { tests } = parse(readFileSync(`${CASES}/${name}.yaml`, "utf8")) as Cases;
  const judged = tests.flatMap((each) => each.alert_rule_test.map((rule) => ({ ...rule, says: each.name })));
  expect(new Set(judged.map((rule) => rule.alertname))).toEqual(new Set([name]));
  for (const { says, exp_alerts } of judged) expect(says).toMatch(exp_alerts.length > 0 ? /^fires: / : /^silent: /);
  expect(judged.some((rule) => rule.exp_alerts.length > 0)).toBe(true);
  expect(judged.some((rule) => rule.exp_alerts.length === 0)).toBe(true);
});

test("there is no runbook and no file of cases without its alert", () => {
  const names = new Set(named.map(([name]) => name));
  const files = [...readdirSync(RUNBOOKS), ...readdirSync(CASES)].map((file) => file.replace(/\.\w+$/, ""));
  expect(files.filter((name) => !names.has(name))).toEqual([]);
  expect(names.size).toBe(alerts.length);
});

test("every metric that the rules read is one that the connector has, or Prometheus", () => {
  const ours = new Set(describedMetrics().map((metric) => metric.name));
  const others = ["up", "process_start_time_seconds"];
  expect([...metricsOfRules()].filter((name) => !ours.has(name) && !others.includes(name))).toEqual([]);
  expect(metricsOfRules().size).toBeGreaterThan(10);
});

test("every recorded series that a rule reads is recorded", () => {
  const recorded = new Set(rules().flatMap((rule) => rule.record ?? []));
  const read = rules().flatMap(({ expr }) => expr.match(/\b\w+:mdca_source_\w+(:\w+)?/g) ?? []);
  expect(read.filter((name) => !recorded.has(name))).toEqual([]);
  expect(read.length).toBeGreaterThan(10);
});

test("what the runbooks name exists: other alerts, metrics", () => {
  const known = new Set([...named.map(([name]) => name), ...describedMetrics().map((metric) => metric.name)]);
  const mentioned = readdirSync(RUNBOOKS).flatMap(
    (file) => readFileSync(`${RUNBOOKS}/${file}`, "utf8").match(/MdcaSource\w+|(?<![\w:])mdca_source_\w+/g) ?? [],
  );
  expect(mentioned.filter((name) => !known.has(name))).toEqual([]);
});

/** Seen in their cases alone. */
const WITHOUT_FAULT = ["MdcaSourceOutsideMemory"];

test("every alert is brought about by a fault of the campaign, and every fault names alerts that exist", () => {
  const expected = new Set(FAULTS.flatMap((fault) => Object.keys(fault.alerts)));
  expect([...expected].filter((name) => !named.some(([alert]) => alert === name))).toEqual([]);
  expect(named.map(([name]) => name).filter((name) => !expected.has(name))).toEqual(WITHOUT_FAULT);
  expect(existsSync(CASES)).toBe(true);
});
