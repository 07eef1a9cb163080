import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { DATASOURCE, type Panel } from "./panels.ts";
import { ofConnector, ofProcess, rate, sumBy, TENANT } from "./promql.ts";

/** By it the dashboards find each other. */
const TAG = "mdca-kafka-source";
const COLUMNS = 24;

/** The last part of a dashboard's uid, which links to it are made of, and the name of its file. */
export type Name = "fleet" | "scan" | "kafka" | "runtime";
export const uidOf = (name: Name): string => `mdca-source-${name}`;

/** Panels under a heading, side by side; a second line begins where the panels of the first have filled it. */
export interface Row {
  readonly title: string;
  readonly lines: readonly (readonly Panel[])[];
}

export interface Dashboard {
  readonly name: Name;
  readonly title: string;
  readonly description: string;
  /** Besides datasource, job and instance. */
  readonly variables: readonly Builder<dashboard.VariableModel>[];
  readonly rows: readonly Row[];
}

/** The dashboard as Grafana imports it. */
export function built({ name, title, description, variables, rows }: Dashboard): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder(title)
    .uid(uidOf(name))
    .description(description)
    .tags([TAG])
    .readonly()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .time({ from: "now-6h", to: "now" })
    .refresh("1m")
    .variables([...everywhere(), ...variables])
    .annotations([restarts(), ownership(), storms()])
    .link(siblings());
  for (const row of rows) {
    builder.withRow(new dashboard.RowBuilder(row.title));
    for (const line of row.lines) {
      for (const panel of line) builder.withPanel(panel.span(COLUMNS / line.length));
    }
  }
  const whole = builder.build();
  whole.panels?.forEach((panel, at) => {
    panel.id = at + 1;
  });
  return whole;
}

/** A variable of the values that a label has. @param series where they are looked for. */
export function choice(label: string, series: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(label)
    .label(label)
    .datasource(DATASOURCE)
    .query(`label_values(${series}, ${label})`)
    .definition(`label_values(${series}, ${label})`)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc);
}

/** Several of them, or all. @param all what all of them match; default: those that are listed. */
export function choices(label: string, series: string, all?: string): dashboard.QueryVariableBuilder {
  const variable = choice(label, series).multi(true).includeAll(true);
  return all === undefined ? variable : variable.allValue(all);
}

function everywhere(): Builder<dashboard.VariableModel>[] {
  const info = "mdca_source_build_info";
  return [
    new dashboard.DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"),
    choices("job", info, ".+"),
    choices("instance", `${info}{job=~"$job"}`, ".+"),
  ];
}

function siblings(): dashboard.DashboardLinkBuilder {
  return new dashboard.DashboardLinkBuilder("Dashboards of the connector")
    .type(dashboard.DashboardLinkType.Dashboards)
    .tags([TAG])
    .keepTime(true)
    .includeVars(true);
}

interface Mark {
  readonly name: string;
  readonly color: string;
  readonly expr: string;
  readonly text: string;
}

const mark = ({ name, color, expr, text }: Mark): dashboard.AnnotationQueryBuilder =>
  new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .titleFormat(name)
    .textFormat(text);

/** Of a new process as well, whose instance was never there before: so not by changes of the start time. */
function restarts(): dashboard.AnnotationQueryBuilder {
  const started = ofProcess("process_start_time_seconds");
  return mark({
    name: "Started",
    color: "blue",
    expr: `${started} > time() - 2 * $__interval_ms / 1000`,
    text: "{{instance}} has started",
  });
}

function ownership(): dashboard.AnnotationQueryBuilder {
  const changed = `changes(${ofConnector("shard_owned")}[$__rate_interval])`;
  return mark({
    name: "Shards changed hands",
    color: "purple",
    expr: `${sumBy("job, instance", changed)} > 0`,
    text: "{{instance}} was given shards or gave them up",
  });
}

function storms(): dashboard.AnnotationQueryBuilder {
  const throttled = sumBy(TENANT, rate(ofConnector("throttled_requests_total")));
  const requests = sumBy(TENANT, rate(ofConnector("requests_total")));
  return mark({
    name: "429 storm",
    color: "red",
    expr: `${throttled} / ${requests} > 0.2`,
    text: "{{tenant}} throttles more than a fifth of the requests",
  });
}
