import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTool, type ToolOptions } from "./jvm.ts";
import { discard, freePort, root, scratchDir, start } from "./process.ts";

/** What `make setup` has unpacked; where it has not, Prometheus is on the PATH. */
const unpacked = join(root, ".cache/prometheus/usr/bin");
const binary = (name: string) => (existsSync(join(unpacked, name)) ? join(unpacked, name) : name);

/** One series of an answer: its labels, and its values as [epoch seconds, value], one for an instant query. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [atSeconds: number, value: number])[];
}

export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: "pending" | "firing";
  /** Since when it has been active. */
  readonly activeAt: string;
}

/** A real Prometheus on loopback; its data goes with it. */
export interface Prometheus extends AsyncDisposable {
  readonly url: string;
  readonly logFile: string;
  /** An instant query, now or at `atSeconds` (epoch). @throws with what Prometheus says about the query. */
  query(promql: string, atSeconds?: number): Promise<readonly Series[]>;
  queryRange(promql: string, range: QueryRange): Promise<readonly Series[]>;
  /** Alerts that are pending or firing now. */
  alerts(): Promise<readonly ActiveAlert[]>;
  /** Any `GET /api/v1/…`: what is under `data`. */
  get(path: string, parameters?: Readonly<Record<string, string>>): Promise<unknown>;
}

/** Epoch seconds. */
export interface QueryRange {
  readonly fromSeconds: number;
  readonly untilSeconds: number;
  readonly stepSeconds: number;
}

export interface PrometheusOptions {
  /** The whole of prometheus.yml; JSON is YAML. Names of rule files are absolute. */
  readonly config: object;
  /** Blocks are expected here, and are kept; default: an empty folder that goes away. */
  readonly dataDir?: string;
  /** E.g. `["--storage.tsdb.retention.time=30d"]`. */
  readonly flags?: readonly string[];
}

/** A configuration that scrapes `targets` (`127.0.0.1:PORT`) under one job, as `start` takes it. */
export function scrapeConfig(options: {
  readonly targets: readonly string[];
  readonly ruleFiles?: readonly string[];
  /** Default 1 s, of scrapes and rules alike. */
  readonly everySeconds?: number;
  readonly job?: string;
}): object {
  const every = `${options.everySeconds ?? 1}s`;
  return {
    global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
    rule_files: options.ruleFiles ?? [],
    scrape_configs: [{ job_name: options.job ?? "mdca-kafka-source", static_configs: [{ targets: options.targets }] }],
  };
}

/** Started and ready. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const port = await freePort();
  const dir = scratchDir(`prometheus-${port}`);
  const config = join(dir, "prometheus.yml");
  writeFileSync(config, JSON.stringify(options.config, null, 2));
  const server = start(
    [
      binary("prometheus"),
      `--config.file=${config}`,
      `--storage.tsdb.path=${options.dataDir ?? join(dir, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
      ...(options.flags ?? []),
    ],
    { name: `prometheus-${port}`, cwd: dir },
  );
  const url = `http://127.0.0.1:${port}`;
  const dispose = async () => {
    await server.stop();
    discard(dir);
  };
  try {
    await server.waitFor(new URL(`${url}/-/ready`), 30_000);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { url, logFile: server.logFile, ...apiOf(url), [Symbol.asyncDispose]: dispose };
}

function apiOf(url: string): Pick<Prometheus, "query" | "queryRange" | "alerts" | "get"> {
  const get = async (path: string, parameters: Readonly<Record<string, string>> = {}) => {
    const answer = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const { status, data, error } = (await answer.json()) as { status: string; data: unknown; error?: string };
    if (status !== "success") throw new Error(`Prometheus refused ${path} ${JSON.stringify(parameters)}: ${error}`);
    return data;
  };
  return {
    get,
    async query(promql, atSeconds) {
      const at = atSeconds === undefined ? {} : { time: String(atSeconds) };
      return seriesOf(await get("query", { query: promql, ...at }));
    },
    async queryRange(promql, { fromSeconds, untilSeconds, stepSeconds }) {
      const range = { start: String(fromSeconds), end: String(untilSeconds), step: String(stepSeconds) };
      return seriesOf(await get("query_range", { query: promql, ...range }));
    },
    async alerts() {
      return ((await get("alerts")) as { alerts: ActiveAlert[] }).alerts;
    },
  };
}

type Point = [number, string];

function seriesOf(data: unknown): Series[] {
  const answer = data as
    | { resultType: "scalar" | "string"; result: Point }
    | { resultType: "vector"; result: { metric: Record<string, string>; value: Point }[] }
    | { resultType: "matrix"; result: { metric: Record<string, string>; values: Point[] }[] };
  const points = (values: readonly Point[]) => values.map(([at, value]) => [at, toNumber(value)] as const);
  switch (answer.resultType) {
    case "vector":
      return answer.result.map(({ metric, value }) => ({ labels: metric, points: points([value]) }));
    case "matrix":
      return answer.result.map(({ metric, values }) => ({ labels: metric, points: points(values) }));
    default:
      return [{ labels: {}, points: points([answer.result]) }];
  }
}

/** Prometheus writes infinities as `+Inf` and `-Inf`. */
function toNumber(value: string): number {
  return Number(value.replace("Inf", "Infinity"));
}

/** Runs promtool to its end; resolves to its stdout. @throws with its output when it finds fault. */
export function promtool(argv: readonly string[], options: ToolOptions = {}): Promise<string> {
  return runTool([binary("promtool"), ...argv], options);
}
