import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as heatmap from "@grafana/grafana-foundation-sdk/heatmap";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as statetimeline from "@grafana/grafana-foundation-sdk/statetimeline";
import * as table from "@grafana/grafana-foundation-sdk/table";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";

/** The variable that every dashboard begins with. */
export const DATASOURCE: common.DataSourceRef = { type: "prometheus", uid: "$datasource" };

/** A panel whose place is decided by the row that it stands in. */
export interface Panel extends Builder<dashboard.Panel> {
  height(rows: number): this;
  span(columns: number): this;
}

/** From where on a value is worth a look, and from where on somebody has to act; in the panel's unit. */
export interface Limits {
  readonly warn?: number;
  readonly bad?: number;
}

/** What each panel says of itself. */
interface View extends Limits {
  readonly title: string;
  /** What is seen, and what to make of it. */
  readonly description: string;
  readonly unit: string;
}

/** Expression by legend. A legend may name labels: `{{scan}}`. */
export type Queries = Readonly<Record<string, string>>;

const STAT_ROWS = 4;
const CHART_ROWS = 8;

/** One number, as it is now. */
export function number({ query, empty, ...view }: View & { query: string; empty?: string }): Panel {
  const panel = dressed(new stat.PanelBuilder(), view, STAT_ROWS)
    .graphMode(common.BigValueGraphMode.None)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .colorMode(isLimited(view) ? common.BigValueColorMode.Background : common.BigValueColorMode.Value)
    .withTarget(target(query).instant());
  return empty === undefined ? panel : panel.noValue(empty);
}

/** One text: the value of a label. */
export function text({ query, label, ...view }: View & { query: string; label: string }): Panel {
  return dressed(new stat.PanelBuilder(), view, STAT_ROWS)
    .graphMode(common.BigValueGraphMode.None)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .textMode(common.BigValueTextMode.Name)
    .colorMode(common.BigValueColorMode.None)
    .withTarget(target(query).instant().legendFormat(`{{${label}}}`));
}

/** Values over time. */
export function lines({ queries, stacked, ...view }: View & { queries: Queries; stacked?: boolean }): Panel {
  const panel = dressed(new timeseries.PanelBuilder(), view, CHART_ROWS)
    .min(0)
    .lineWidth(1)
    .fillOpacity(stacked === true ? 40 : 8)
    .showPoints(common.VisibilityMode.Never)
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.Table)
        .placement(common.LegendPlacement.Bottom)
        .calcs(["lastNotNull", "max"]),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending),
    );
  if (stacked === true) panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
  if (isLimited(view)) {
    const dashed = common.GraphThresholdsStyleMode.Dashed;
    panel.thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(dashed));
  }
  Object.entries(queries).forEach(([legend, expr], at) => {
    panel.withTarget(target(expr, at).range().legendFormat(legend));
  });
  return panel;
}

/** A stripe for each series, its colour the text that its value stands for. */
export function stripes({
  query,
  legend,
  texts,
  ...view
}: View & { query: string; legend: string; texts: Readonly<Record<number, Text>> }): Panel {
  return dressed(new statetimeline.PanelBuilder(), view, CHART_ROWS)
    .mappings([{ type: dashboard.MappingType.ValueToText, options: mapped(texts) }])
    .mergeValues(true)
    .showValue(common.VisibilityMode.Never)
    .rowHeight(0.8)
    .withTarget(target(query).range().legendFormat(legend));
}

export interface Text {
  readonly text: string;
  readonly color: string;
}

function mapped(texts: Readonly<Record<number, Text>>): Record<string, dashboard.ValueMappingResult> {
  return Object.fromEntries(Object.entries(texts).map(([value, result], index) => [value, { ...result, index }]));
}

/** How often each bucket of a histogram was hit. @param query grouped by `le`. */
export function buckets({ query, ...view }: View & { query: string }): Panel {
  return dressed(new heatmap.PanelBuilder(), view, CHART_ROWS)
    .calculate(false)
    .yAxis(new heatmap.YAxisConfigBuilder().unit(view.unit))
    .color(new heatmap.HeatmapColorOptionsBuilder().mode(heatmap.HeatmapColorMode.Scheme).scheme("Oranges").steps(64))
    .withTarget(target(query).range().format(PromQueryFormat.Heatmap).legendFormat("{{le}}"));
}

/** A column of a table: a value of each row. */
export interface Column extends Limits {
  readonly name: string;
  readonly unit: string;
  /** Grouped by the table's labels, and by that of `label`. */
  readonly query: string;
  /** Shows this label instead of the value. */
  readonly label?: string;
}

/**
 * A row for each combination of `labels` that any column has.
 *
 * @param link where a row leads to; `__data.fields.LABEL` is the row's.
 */
export function rows({
  labels,
  columns,
  link,
  ...view
}: View & { labels: readonly string[]; columns: readonly Column[]; link: Link }): Panel {
  const panel = dressed(new table.PanelBuilder(), view, CHART_ROWS)
    .dataLinks([new dashboard.DashboardLinkBuilder(link.title).url(link.url)])
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({ id: "organize", options: organized(labels, columns) });
  columns.forEach(({ query, name, label, unit, ...limits }, at) => {
    panel.withTarget(target(query, at).instant().format(PromQueryFormat.Table));
    if (label !== undefined) return;
    const colored = { id: "custom.cellOptions", value: { type: "color-text" } };
    panel.overrideByName(name, [
      { id: "unit", value: unit },
      ...(isLimited(limits) ? [{ id: "thresholds", value: thresholds(limits).build() }, colored] : []),
    ]);
  });
  return panel;
}

export interface Link {
  readonly title: string;
  readonly url: string;
}

/** Grafana calls a query's values `Value #A`. */
function organized(labels: readonly string[], columns: readonly Column[]): object {
  const values = columns.map(({ name, label }, at) => ({ name, label, field: `Value #${letter(at)}` }));
  const shown = values.map(({ label, field }) => label ?? field);
  return {
    excludeByName: {
      Time: true,
      ...Object.fromEntries(values.filter(({ label }) => label !== undefined).map(({ field }) => [field, true])),
    },
    indexByName: Object.fromEntries([...labels, ...shown].map((field, at) => [field, at])),
    renameByName: Object.fromEntries(values.map(({ name, label, field }) => [label ?? field, name])),
  };
}

/** What all panels have in common, of the SDK's builders. */
interface Dressable extends Panel {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: common.DataSourceRef): this;
  unit(unit: string): this;
  thresholds(steps: Builder<dashboard.ThresholdsConfig>): this;
  colorScheme(color: Builder<dashboard.FieldColor>): this;
}

function dressed<P extends Dressable>(panel: P, view: View, rows: number): P {
  panel.title(view.title).description(view.description).unit(view.unit).datasource(DATASOURCE).height(rows);
  const byLimits = new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Thresholds);
  panel.thresholds(thresholds(view));
  return panel instanceof stat.PanelBuilder ? panel.colorScheme(byLimits) : panel;
}

const isLimited = ({ warn, bad }: Limits): boolean => warn !== undefined || bad !== undefined;

/** Green below both; where `bad` is below `warn`, less is worse. */
function thresholds({ warn, bad }: Limits): dashboard.ThresholdsConfigBuilder {
  const steps: dashboard.Threshold[] = [{ value: null, color: "green" }];
  if (warn !== undefined && bad !== undefined && bad < warn) {
    steps.splice(0, 1, { value: null, color: "red" }, { value: bad, color: "orange" }, { value: warn, color: "green" });
  } else {
    if (warn !== undefined) steps.push({ value: warn, color: "orange" });
    if (bad !== undefined) steps.push({ value: bad, color: "red" });
  }
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(steps);
}

const letter = (at: number): string => String.fromCharCode("A".charCodeAt(0) + at);

function target(expr: string, at = 0): DataqueryBuilder {
  return new DataqueryBuilder().refId(letter(at)).expr(expr).datasource(DATASOURCE);
}
