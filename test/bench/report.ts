import type { Machine } from "../real/machine.ts";
import type { BenchResult } from "./run-bench.ts";
import type { Row } from "./usage.ts";

const HEAD = ["", "activities/s", "µs CPU each", "least to most", "of full path", "peak RSS MB"];

/** The results as plain text, at most 120 columns wide. */
export function table(result: BenchResult, on: Machine): string {
  const [path] = result.fullPaths;
  const whole = path?.cpuMicros ?? Number.NaN;
  const line = (row: Row, indent: string) => [
    indent + row.name,
    amount(row.activitiesPerSecond),
    row.cpuMicros.toFixed(1),
    `${row.cpuMicrosLeast.toFixed(1)} to ${row.cpuMicrosMost.toFixed(1)}`,
    `${((100 * row.cpuMicros) / whole).toFixed(0)} %`,
    row.peakRssMb.toFixed(0),
  ];
  const cells = [HEAD, ...result.fullPaths.map((row) => line(row, "")), ...result.parts.map((row) => line(row, "  "))];
  return [...header(result, on), "", ...aligned(cells), "", ...footer(result)].join("\n");
}

function header({ activityBytes, pageSize, truth, fullPaths, parts }: BenchResult, on: Machine): string[] {
  const repeats = (rows: readonly Row[]) => Math.min(...rows.map((row) => row.samples.length));
  return [
    `${on.cpu}, ${on.cores} cores, ${on.memoryGb} GB, ${on.platform}, Node ${on.node}, load ${on.load}`,
    `commit ${on.commit}${on.dirty ? " with changes" : ""}, ${on.takenAt}`,
    `${truth.toLocaleString("en")} activities of ${amount(activityBytes)} bytes, pages of ${amount(pageSize)}, ` +
      `a transaction a page; medians of ${repeats(fullPaths)} repeats (parts: ${repeats(parts)}) after a warm-up`,
  ];
}

function footer({ fullPaths, parts }: BenchResult): string[] {
  const micros = (...names: string[]) =>
    parts.filter(({ part }) => names.includes(part)).reduce((sum, row) => sum + row.cpuMicros, 0);
  const of = fullPaths[0];
  const sum = micros("fetch", "page", "gzip");
  const idle = fullPaths.map((path) => path.peakRssIdleMb.toFixed(0)).join(" and ");
  return [
    `fetch and cut + a page's work + produce, gzip: ${sum.toFixed(1)} µs CPU each, ` +
      `${((100 * sum) / (of?.cpuMicros ?? Number.NaN)).toFixed(0)} % of the full path`,
    `the other processes, µs CPU for each activity: mock tenant ${of?.mockCpuMicros.toFixed(1)}, ` +
      `Kafka ${of?.brokerCpuMicros.toFixed(1)}`,
    `the connector before its first page: ${idle} MB; a part's memory includes its page and about 30 MB of tsx`,
    "CPU is user and system time of the measured process. Wall times share the machine with whatever else runs.",
  ];
}

function amount(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** The first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
}
