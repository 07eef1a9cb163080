import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { root, scratchDir } from "../real/process.ts";
import { promtool } from "../real/prometheus.ts";
import type { Scraped } from "./scraped.ts";

export const RULES = ["recording-rules.yaml", "alerts.yaml"].map((name) => join(root, "deploy/prometheus", name));

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Group {
  readonly name: string;
  readonly rules: readonly Rule[];
}

const groups = (): Group[] =>
  RULES.flatMap((file) => (parse(readFileSync(file, "utf8")) as { groups: Group[] }).groups);

/** Every rule that is shipped. */
export const rules = (): Rule[] => groups().flatMap((group) => group.rules);

/** The metrics that the rules read, as they are scraped. */
export function metricsOfRules(): Set<string> {
  const names = rules().flatMap(({ expr }) => expr.match(/(?<![\w:])(mdca_source|process|nodejs)_\w+/g) ?? []);
  return new Set([...names, "up"]);
}

/** When an alert began and ceased to fire; minutes since the epoch. */
export interface Fired {
  readonly alert: string;
  readonly firstMinute: number;
  readonly lastMinute: number;
}

/** What the shipped rules say, in promtool's own rule engine, to what was scraped; from `fromMinute` on. */
export async function judge(scraped: Scraped, fromMinute: number, untilMinute: number): Promise<Fired[]> {
  const firing = `timestamp(ALERTS{alertstate="firing"})[${untilMinute - fromMinute}m:1m]`;
  const ask = (expr: string) => ({ expr, eval_time: `${untilMinute}m`, exp_samples: [] });
  const dir = scratchDir("judged");
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "scraped.yaml");
  writeFileSync(
    file,
    JSON.stringify({
      rule_files: RULES,
      group_eval_order: groups().map(({ name }) => name),
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: scraped.inputSeries(),
          promql_expr_test: [
            ask(`min by (alertname) (min_over_time(${firing}))`),
            ask(`max by (alertname) (max_over_time(${firing}))`),
          ],
        },
      ],
    }),
  );
  const [first, last] = await answers(file);
  return [...(first ?? [])]
    .map(([alert, at]) => ({ alert, firstMinute: at / 60, lastMinute: (last?.get(alert) ?? at) / 60 }))
    .sort((a, b) => a.firstMinute - b.firstMinute);
}

/** promtool shows what an expression gives where something else was expected: here, nothing. */
async function answers(file: string): Promise<Map<string, number>[]> {
  const output = await promtool(["test", "rules", file], { timeoutMs: 120_000 }).catch(String);
  const found = [...output.matchAll(/got: *(.*)/g)].map(([, samples = ""]) => samplesOf(samples));
  const isQuiet = output.includes("SUCCESS");
  // What it writes may be there twice: in the error's message and behind it.
  if (!isQuiet && (found.length === 0 || found.length % 2 !== 0))
    throw new Error(`promtool did not answer as expected:\n${output}`);
  return found.slice(0, 2);
}

function samplesOf(text: string): Map<string, number> {
  const samples = [...text.matchAll(/\{alertname="(\w+)"\} (\S+?)(?=,|$)/g)];
  return new Map(samples.map(([, alert = "", value]) => [alert, Number(value)]));
}
