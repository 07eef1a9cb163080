import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { Rendered } from "../../grafana/rendered.ts";
import { checker } from "../../real/checkers.ts";
import { root, scratchDir } from "../../real/process.ts";
import { promtool } from "../../real/prometheus.ts";

interface Rules {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}
interface Rule {
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const fields = ["grafanaDashboards", "prometheusAlerts", "prometheusRules"] as const;
interface Mixin {
  readonly grafanaDashboards: Readonly<Record<string, Rendered & { time: { from: string } }>>;
  readonly prometheusAlerts: Rules;
  readonly prometheusRules: Rules;
}

/** By go-jsonnet. @param config over the mixin's own `_config`. */
async function evaluated(config: object = {}): Promise<Mixin> {
  const shown = fields.map((field) => `${field}: mixin.${field}`).join(", ");
  const snippet = `local mixin = (import 'deploy/mixin.libsonnet') + { _config+:: ${JSON.stringify(config)} }; { ${shown} }`;
  const evaluate = "import _gojsonnet, sys; print(_gojsonnet.evaluate_snippet('mixin', sys.argv[1]))";
  const { code, out, err } = await checker("python", "-c", evaluate, snippet);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out) as Mixin;
}

const yaml = (name: string) => parse(readFileSync(join(root, "deploy/prometheus", name), "utf8"));

test("the mixin gives the dashboards and rules as they are shipped, and promtool takes them", async () => {
  const mixin = await evaluated();
  const files = readdirSync(join(root, "deploy/grafana"));
  expect(Object.keys(mixin.grafanaDashboards)).toEqual(files.toSorted());
  for (const name of files) {
    const shipped = JSON.parse(readFileSync(join(root, "deploy/grafana", name), "utf8"));
    expect(mixin.grafanaDashboards[name]).toEqual(shipped);
  }
  expect(mixin.prometheusAlerts).toEqual(yaml("alerts.yaml"));
  expect(mixin.prometheusRules).toEqual(yaml("recording-rules.yaml"));
  const file = join(scratchDir("mixin"), "rules.json");
  for (const rules of [mixin.prometheusAlerts, mixin.prometheusRules]) {
    writeFileSync(file, JSON.stringify(rules));
    expect(await promtool(["check", "rules", file])).toMatch(/SUCCESS: \d+ rules found/);
  }
});

test("every option of the mixin changes what it says", async () => {
  const { grafanaDashboards, prometheusAlerts } = await evaluated({
    runbooks: "https://wiki.contoso.com/mdca",
    alertLabels: { team: "secops" },
    jobs: "mdca-.*",
    dashboardTags: ["mdca", "security"],
    dashboardTitlePrefix: "Cloud Apps: ",
    dashboardRefresh: "30s",
    dashboardFrom: "now-1d",
  });
  const alerts = prometheusAlerts.groups.flatMap(({ rules }) => rules);
  for (const { labels, annotations } of alerts) {
    expect(annotations["runbook_url"]).toMatch(/^https:\/\/wiki\.contoso\.com\/mdca\/MdcaSource\w+\.md$/);
    expect(labels).toMatchObject({ team: "secops", severity: expect.stringMatching(/^(page|ticket)$/) });
  }
  const jobs = alerts.flatMap(({ expr }) => expr.match(/job=~"[^"]*"/g) ?? []);
  expect(new Set(jobs)).toEqual(new Set(['job=~"mdca-.*"']));
  for (const { title, tags, links, refresh, time } of Object.values(grafanaDashboards)) {
    expect(title).toMatch(/^Cloud Apps: (Fleet|Scan|Kafka|Runtime)$/);
    expect({ tags, refresh, from: time.from }).toEqual({ tags: ["mdca", "security"], refresh: "30s", from: "now-1d" });
    expect(links.map((link) => link.tags)).toEqual([["mdca"]]);
  }
});
