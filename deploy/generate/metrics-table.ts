import { Counter, Histogram, Registry } from "prom-client";
import { defineSeries } from "../../src/observe/series.ts";

/** A metric as it is published. */
interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** Every metric of ours, in the order of their names. */
export function describedMetrics(): Described[] {
  const registry = new Registry();
  defineSeries(registry);
  const metrics = registry.getMetricsAsArray() as unknown as readonly Omit<Described, "type">[];
  return metrics
    .map(({ name, help, labelNames }, at) => ({ name, help, labelNames, type: typeOf(metrics[at]) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function typeOf(metric: unknown): string {
  if (metric instanceof Counter) return "counter";
  return metric instanceof Histogram ? "histogram" : "gauge";
}

/** The page that names them all. */
export function metricsPage(): string {
  const rows = describedMetrics().map(({ name, type, labelNames, help }) => {
    const labels = labelNames.map((label) => `\`${label}\``).join(", ");
    return [`\`${name}\``, type, labels || "–", unitOf(name), help];
  });
  return `# Metrics

At \`/metrics\`. Written by \`node --import tsx deploy/generate/metrics-page.ts\`; a test fails when this is not what the
code has. Every series of the configured tenants, scans and shards is there from the start, at 0; only
\`field_mismatches_total\` has a series once something has happened. A scan has at most 60 series, a tenant as well.
Where several replicas run, the one that owns a tenant's shard speaks for its scans: in the others what says where a
scan stands is 0, so that the greatest is the true one.

${table([["metric", "type", "labels", "unit", "help"], ...rows])}

Lag is \`time() - mdca_source_caught_up_timestamp_seconds\`, for scans where that is not 0. It is true on an idle tenant
(each poll proves again that nothing is waiting), on a throttled one, while an outage is made up for (what was missed
counts until it is read) and when the connector hangs.

Beside these are the usual metrics of the process and of Node: \`process_*\` and \`nodejs_*\`.
`;
}

/** Columns of one width, as the formatter of this repository wants them. */
function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => [...(row[column] ?? "")].length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function unitOf(name: string): string {
  if (name.endsWith("_timestamp_seconds")) return "Unix time in seconds";
  const base = name.replace(/_total$/, "");
  if (base.endsWith("_seconds")) return "seconds";
  if (base.endsWith("_bytes")) return "bytes";
  if (/request_budget/.test(name)) return "requests a minute";
  if (name.endsWith("_total"))
    return /_(activities|pages|requests|transactions|anomalies|mismatches|slices)/.exec(base)?.[1] ?? "activities";
  return /_open_(gaps|mismatches)$/.exec(name)?.[1] ?? "0 or 1";
}
