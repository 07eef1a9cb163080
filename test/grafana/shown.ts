import type { Prometheus, QueryRange, Series } from "../real/prometheus.ts";
import { panelsOf, type Rendered } from "./rendered.ts";

/** What is shown, and over how long Grafana takes rates there: at a scrape a second 5 s, more the less it zooms in. */
export interface Shown extends QueryRange {
  readonly rateSeconds?: number;
}

/** A query of a panel, or of a mark. */
export interface Question {
  readonly where: string;
  /** As Grafana asks it: a panel of numbers by the end of what is shown, all others over it. */
  readonly ask: (shown: Shown) => Promise<readonly Series[]>;
  /** Over what is shown, whatever Grafana asks. */
  readonly askOver: (shown: Shown) => Promise<readonly Series[]>;
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
function filledIn(
  query: string,
  chosen: ReadonlyMap<string, readonly string[]>,
  { rangeSeconds = 60, rateSeconds = 5 } = {},
): string {
  const builtIn = {
    $__rate_interval: `${rateSeconds}s`,
    $__range: `${rangeSeconds}s`,
    $__interval_ms: "3000",
  };
  let text = query;
  for (const [name, value] of Object.entries(builtIn)) text = text.replaceAll(name, value);
  for (const [name, values] of chosen) text = text.replaceAll(`$${name}`, `(${values.join("|")})`);
  if (text.includes("$")) throw new Error(`nobody fills in: ${text}`);
  return text;
}

/** Every query of a dashboard. @param chosen by variable. */
export function questionsOf(prometheus: Prometheus, dashboard: Rendered, chosen: Map<string, string[]>): Question[] {
  const question = (where: string, expr: string, instant: boolean): Question => {
    const filled = ({ fromSeconds, untilSeconds, rateSeconds = 5 }: Shown) =>
      filledIn(expr, chosen, { rangeSeconds: untilSeconds - fromSeconds, rateSeconds });
    const askOver = (shown: Shown) => prometheus.queryRange(filled(shown), shown);
    const askNow = (shown: Shown) => prometheus.query(filled(shown), shown.untilSeconds);
    return { where: `${dashboard.title}, ${where}`, ask: instant ? askNow : askOver, askOver };
  };
  return [
    ...panelsOf(dashboard).flatMap(({ title, targets = [] }) =>
      targets.map(({ refId, expr, instant = false }) => question(`${title}, ${refId}`, expr, instant)),
    ),
    ...dashboard.annotations.list.map(({ name, expr }) => question(`mark ${name}`, expr, false)),
  ];
}
