import * as units from "@grafana/grafana-foundation-sdk/units";
import { selectorsOf } from "./promql.ts";
import { type Datasource, type Panel, panelsOf, queriesOf, type Rendered, type Target } from "./rendered.ts";

/** Finds what is wrong with a dashboard: a sentence each. */
export interface Rule {
  /** As grafana/dashboard-linter calls it, where it has it too. */
  readonly name: string;
  readonly problems: (dashboard: Rendered) => string[];
  /** Makes a copy of a dashboard wrong, so that it is seen that the rule would see it. */
  readonly breakIt: (dashboard: Rendered) => void;
}

const isOurs = (datasource: Datasource | undefined) => datasource?.uid === "$datasource";
const variable = (dashboard: Rendered, name: string) => dashboard.templating.list.find((each) => each.name === name);
const eachPanel = (judge: (panel: Panel) => string | false) => (dashboard: Rendered) =>
  panelsOf(dashboard).flatMap((panel) => {
    const wrong = judge(panel);
    return wrong === false ? [] : [`${dashboard.title}, ${panel.title}: ${wrong}`];
  });
const eachSelector =
  (judge: (selector: ReturnType<typeof selectorsOf>[number]) => string | false) => (dashboard: Rendered) =>
    queriesOf(dashboard).flatMap(({ where, expr }) =>
      selectorsOf(expr).flatMap((selector) => {
        const wrong = judge(selector);
        return wrong === false ? [] : [`${where}: ${selector.metric} ${wrong}`];
      }),
    );
const firstTarget = (dashboard: Rendered): Target => panelsOf(dashboard)[0]!.targets![0]!;
const change = (dashboard: Rendered, from: string | RegExp, to: string) => {
  for (const target of panelsOf(dashboard).flatMap(({ targets }) => targets ?? [])) {
    target.expr = target.expr.replace(from, to);
  }
};

/** A variable by which a query's selectors are narrowed. */
const narrowing = (name: string): Rule => ({
  name: `template-${name}-rule`,
  problems(dashboard) {
    const it = variable(dashboard, name);
    const isSound = it?.type === "query" && it.label === name && it.multi && it.includeAll && it.allValue === ".+";
    return isSound && isOurs(it.datasource)
      ? []
      : [`${dashboard.title}: no variable ${name} that may be several or all`];
  },
  breakIt(dashboard) {
    variable(dashboard, name)!.multi = false;
  },
});

const matching = (name: string): Rule => ({
  name: `target-${name}-rule`,
  problems: eachSelector(({ matchers }) => !matchers.includes(`${name}=~"$${name}"`) && `is not of the chosen ${name}`),
  breakIt: (dashboard) => change(dashboard, `${name}=~"$${name}"`, `${name}="x"`),
});

const known = new Set<unknown>(Object.values(units));

export const LINTER: readonly Rule[] = [
  {
    name: "template-datasource-rule",
    problems({ title, templating }) {
      const found = templating.list.filter(({ type }) => type === "datasource");
      const isSound = found.length === 1 && found[0]?.name === "datasource" && found[0].label === "Data source";
      return isSound && found[0]?.query === "prometheus" ? [] : [`${title}: no variable for the data source`];
    },
    breakIt(dashboard) {
      dashboard.templating.list.shift();
    },
  },
  narrowing("job"),
  narrowing("instance"),
  {
    name: "template-label-promql-rule",
    problems: ({ title, templating }) =>
      templating.list
        .filter(({ type, query }) => type === "query" && !isLabelValues(query))
        .map(({ name }) => `${title}: variable ${name} asks for no label_values(SELECTOR, label)`),
    breakIt(dashboard) {
      variable(dashboard, "instance")!.query = "label_values(up{job=~}, instance)";
    },
  },
  {
    name: "template-on-time-change-reload-rule",
    problems: ({ title, templating }) =>
      templating.list
        .filter(({ type, refresh }) => type === "query" && refresh !== 2)
        .map(({ name }) => `${title}: variable ${name} does not follow the time that is shown`),
    breakIt(dashboard) {
      variable(dashboard, "job")!.refresh = 1;
    },
  },
  {
    name: "panel-datasource-rule",
    problems: eachPanel(
      ({ datasource, targets = [] }) =>
        ![datasource, ...targets.map((each) => each.datasource)].every(isOurs) && "another data source than the chosen",
    ),
    breakIt(dashboard) {
      firstTarget(dashboard).datasource!.uid = "prometheus";
    },
  },
  {
    name: "panel-title-description-rule",
    problems: eachPanel(({ title, description = "" }) => (title === "" || description === "") && "no description"),
    breakIt(dashboard) {
      panelsOf(dashboard)[0]!.description = "";
    },
  },
  {
    name: "panel-units-rule",
    problems: eachPanel(
      ({ fieldConfig }) => !known.has(fieldConfig?.defaults.unit ?? "") && "no unit that Grafana has",
    ),
    breakIt(dashboard) {
      panelsOf(dashboard)[0]!.fieldConfig!.defaults.unit = "seconds";
    },
  },
  {
    name: "panel-no-targets-rule",
    problems: eachPanel(({ targets = [] }) => targets.length === 0 && "no query"),
    breakIt(dashboard) {
      panelsOf(dashboard)[0]!.targets = [];
    },
  },
  {
    name: "target-promql-rule",
    problems: (dashboard) => queriesOf(dashboard).flatMap(({ where, expr }) => notPromql(where, expr)),
    breakIt(dashboard) {
      firstTarget(dashboard).expr += " +";
    },
  },
  matching("job"),
  matching("instance"),
  {
    name: "target-rate-interval-rule",
    problems: eachSelector(
      ({ range, inFunction }) =>
        range !== null &&
        range !== "$__rate_interval" &&
        !(range === "$__range" && inFunction !== "rate" && inFunction !== "irate") &&
        `over [${range}]`,
    ),
    breakIt: (dashboard) => change(dashboard, "[$__rate_interval]", "[5m]"),
  },
  {
    name: "target-counter-agg-rule",
    problems: eachSelector(
      ({ metric, inFunction }) =>
        metric.endsWith("_total") &&
        !["rate", "irate", "increase"].includes(inFunction ?? "") &&
        "is a counter, and counts from each start anew",
    ),
    breakIt(dashboard) {
      firstTarget(dashboard).expr = 'max(mdca_source_pages_total{job=~"$job", instance=~"$instance"})';
    },
  },
  {
    name: "uneditable-dashboard-rule",
    problems: ({ title, editable }) =>
      editable ? [`${title}: what is edited there is lost with the next version`] : [],
    breakIt(dashboard) {
      dashboard.editable = true;
    },
  },
];

function isLabelValues(query: string): boolean {
  const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
  return selector !== undefined && label !== undefined && notPromql("", selector).length === 0;
}

function notPromql(where: string, expr: string): string[] {
  try {
    return selectorsOf(expr).length > 0 ? [] : [`${where}: names no metric`];
  } catch (error) {
    return [`${where}: ${String(error)}`];
  }
}

/** What the linter does not ask. @param metrics names that a process has. */
export const house = (metrics: ReadonlySet<string>): readonly Rule[] => [
  {
    name: "the rest of the variables: a query uses each that the dashboard has",
    problems(dashboard) {
      const texts = [
        ...queriesOf(dashboard).map(({ expr }) => expr),
        ...dashboard.templating.list.map((each) => each.query),
      ];
      return dashboard.templating.list
        .filter(({ type, name }) => type === "query" && !texts.some((text) => text.includes(`${name}=~"$${name}"`)))
        .map(({ name }) => `${dashboard.title}: no query uses ${name}`);
    },
    breakIt(dashboard) {
      dashboard.templating.list.push({ ...variable(dashboard, "job")!, name: "region" });
    },
  },
  {
    name: "no query names a metric that a process does not have",
    problems: eachSelector(({ metric }) => !metrics.has(metric.replace(/_(bucket|sum|count)$/, "")) && "is unknown"),
    breakIt: (dashboard) => change(dashboard, /mdca_source_|process_|nodejs_/, "gone_"),
  },
  {
    name: "a line's name uses only labels that its query keeps",
    problems: (dashboard) =>
      panelsOf(dashboard).flatMap(({ title, targets = [] }) =>
        targets
          .filter(({ legendFormat = "", expr }) => !keeps(expr, legendFormat))
          .map(({ legendFormat }) => `${dashboard.title}, ${title}: ${legendFormat}`),
      ),
    breakIt(dashboard) {
      firstTarget(dashboard).legendFormat = "{{pod}}";
    },
  },
  {
    name: "restarts, changes of ownership and 429 storms are marked, and the dashboards lead to each other",
    problems({ title, annotations, links, tags, uid }) {
      const names = annotations.list
        .filter(({ enable, datasource }) => enable && isOurs(datasource))
        .map(({ name }) => name);
      const isMarked = names.join() === "Started,Shards changed hands,429 storm";
      const isLinked = links.some(
        (link) => link.type === "dashboards" && link.keepTime && link.tags.join() === tags.join(),
      );
      return isMarked && isLinked && uid.startsWith("mdca-source-") ? [] : [`${title}: marks, links, tags or uid`];
    },
    breakIt(dashboard) {
      dashboard.links = [];
    },
  },
  {
    name: "panels have stable ids and lie side by side within 24 columns",
    problems: (dashboard) =>
      dashboard.panels
        .filter(({ id, gridPos }, at) => id !== at + 1 || gridPos.x + gridPos.w > 24 || overlaps(dashboard.panels, at))
        .map(({ title }) => `${dashboard.title}, ${title}: id or place`),
    breakIt(dashboard) {
      dashboard.panels[2]!.gridPos.x = dashboard.panels[1]!.gridPos.x;
    },
  },
];

function keeps(expr: string, legend: string): boolean {
  const kept = new Set([...expr.matchAll(/by \(([\w, ]+)\)/g)].flatMap(([, labels]) => labels!.split(", ")));
  return [...legend.matchAll(/\{\{(\w+)\}\}/g)].every(([, label]) => kept.has(label!));
}

function overlaps(panels: readonly Panel[], at: number): boolean {
  const { x, y, w, h } = panels[at]!.gridPos;
  return panels
    .slice(0, at)
    .some(({ gridPos: it }) => x < it.x + it.w && it.x < x + w && y < it.y + it.h && it.y < y + h);
}
