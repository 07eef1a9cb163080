import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FAULTS } from "../alerts/faults.ts";
import { metricsOfRules, RULES } from "../alerts/judge.ts";
import { play } from "../alerts/play.ts";
import { ensureBuilt } from "../real/built.ts";
import { startLive, untilCaughtUp } from "../real/live-connector.ts";
import { eventually, root, scratchDir } from "../real/process.ts";
import { promtool, scrapeConfig, startPrometheus } from "../real/prometheus.ts";
import { startDownstream, startMock } from "../real/stack.ts";

test("the rules are sound, and each fires and is silent as its cases say", async () => {
  expect(await promtool(["check", "rules", ...RULES])).toMatch(/SUCCESS: \d+ rules found/);
  const cases = join(root, "test/alerts/cases");
  const files = readdirSync(cases).map((name) => join(cases, name));
  const output = await promtool(["test", "rules", ...files], { timeoutMs: 180_000 });
  expect(output.match(/SUCCESS/g)).toHaveLength(files.length);
});

/** All of them: CAMPAIGN=long, or `make alerts`. */
const played = FAULTS.filter((fault) => process.env["CAMPAIGN"] === "long" || fault.isLong !== true);

test.each(played.map((fault) => [fault.name, fault] as const))(
  "seen from outside: %s: the right alerts in time, and no other",
  async (_, fault) => {
    const { wrong } = await play(fault);
    expect(wrong).toEqual([]);
  },
);

/** The shipped rules with a second for each minute: what lasts minutes in them is seen in seconds. */
function hurried(): string[] {
  const dir = scratchDir("rules");
  return RULES.map((file, at) => {
    const text = readFileSync(file, "utf8").replace(/^( *(?:for|interval): \d+)m$/gm, "$1s");
    const copy = join(dir, `${at}.yaml`);
    writeFileSync(copy, text);
    return copy;
  });
}

test("a real Prometheus scrapes a real connector: its metrics are sound, and a refused token alerts with names", async () => {
  await using downstream = await startDownstream();
  await ensureBuilt();
  await using mock = await startMock(["--backlog", "500", "--request-limit", "600"], { built: true });
  const { bootstrap, registry } = downstream;
  await using connector = await startLive({
    ...{ tenantUrl: mock.url, bootstrap, registry, topic: "alerts", requestsPerMinute: 600 },
  });
  await connector.ready();
  await untilCaughtUp(connector, { deadlineMs: 60_000 });
  const target = `127.0.0.1:${connector.port}`;
  const scrape = await (await fetch(`http://${target}/metrics`)).text();
  const file = join(scratchDir("scrape"), "metrics.txt");
  writeFileSync(file, scrape);
  await promtool(["check", "metrics"], { stdin: scrape });
  const names = new Set(scrape.match(/^[a-z_]+/gm));
  expect([...metricsOfRules()].filter((name) => !names.has(name))).toEqual(["up"]);

  await using prometheus = await startPrometheus({
    config: scrapeConfig({ targets: [target], ruleFiles: hurried() }),
  });
  const lag = () => prometheus.query("job_tenant_scan:mdca_source_lag_seconds:max");
  const [fresh] = await eventually(async () => ((await lag()).length > 0 ? await lag() : null), 30_000, "the lag");
  expect(fresh?.labels).toMatchObject({ tenant: "contoso", scan: "all" });
  expect(fresh?.points[0]?.[1]).toBeLessThan(30);
  // Until the first scrape nobody was there.
  await eventually(async () => (await prometheus.alerts()).length === 0, 30_000, "no alert");

  await mock.control({ tokens: ["another"] });
  const refused = await eventually(
    async () => (await prometheus.alerts()).find(({ state }) => state === "firing"),
    60_000,
    "an alert",
  );
  expect(refused.labels).toMatchObject({ alertname: "MdcaSourceCredentialsRefused", tenant: "contoso", scan: "all" });
  expect(refused.annotations["summary"]).toContain("contoso");
});
