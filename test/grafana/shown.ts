import type { Prometheus, QueryRange, Series } from "../real/prometheus.ts";
import { panelsOf, type Rendered } from "./rendered.ts";

/** What Grafana puts into a query for its variables, at a scrape a second. */
const BUILT_IN = { $__rate_interval: "5s", $__interval_ms: "3000" };

/** A query of a panel, or of a mark. */
export interface Question {
  readonly where: string;
  /** As Grafana asks it: a panel of numbers by the end of what is shown, all others over it. */
  readonly ask: (range: QueryRange) => Promise<readonly Series[]>;
  /** Over what is shown, whatever Grafana asks. */
  readonly askOver: (range: QueryRange) => Promise<readonly Series[]>;
}

/** A dashboard's variables, each with what it offers, in their order, the later ones as the earlier ones allow. */
export async function offered(prometheus: Prometheus, { templating }: Rendered): Promise<Map<string, string[]>> {
  const chosen = new Map<string, string[]>();
  for (const { type, name, query, allValue, multi } of templating.list) {
    if (type !== "query") continue;
    const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(query)!;
    const match = filledIn(selector!, chosen);
    const values = (await prometheus.get(`label/${label}/values`, { "match[]": match })) as string[];
    // Where only one can be chosen, Grafana begins with the first.
    chosen.set(name, multi === true ? values : values.slice(0, 1));
    if (values.length > 0 && allValue !== undefined) chosen.set(name, [allValue]);
  }
  return chosen;
}

/** As Grafana fills variables in: several values as alternatives. */
function filledIn(query: string, chosen: ReadonlyMap<string, readonly string[]>, rangeSeconds = 60): string {
  let text = query.replaceAll("$__range", `${rangeSeconds}s`);
  for (const [name, value] of Object.entries(BUILT_IN)) text = text.replaceAll(name, value);
  for (const [name, values] of chosen) text = text.replaceAll(`$${name}`, `(${values.join("|")})`);
  if (text.includes("$")) throw new Error(`nobody fills in: ${text}`);
  return text;
}

/** Every query of a dashboard. @param chosen by variable. */
export function questionsOf(prometheus: Prometheus, dashboard: Rendered, chosen: Map<string, string[]>): Question[] {
  const question = (where: string, expr: string, instant: boolean): Question => {
    const filled = ({ fromSeconds, untilSeconds }: QueryRange) => filledIn(expr, chosen, untilSeconds - fromSeconds);
    const askOver = (range: QueryRange) => prometheus.queryRange(filled(range), range);
    const askNow = (range: QueryRange) => prometheus.query(filled(range), range.untilSeconds);
    return { where: `${dashboard.title}, ${where}`, ask: instant ? askNow : askOver, askOver };
  };
  return [
    ...panelsOf(dashboard).flatMap(({ title, targets = [] }) =>
      targets.map(({ refId, expr, instant = false }) => question(`${title}, ${refId}`, expr, instant)),
    ),
    ...dashboard.annotations.list.map(({ name, expr }) => question(`mark ${name}`, expr, false)),
  ];
}
