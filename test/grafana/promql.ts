import { parser } from "@prometheus-io/lezer-promql";

/** What a query says of one metric. */
export interface Selector {
  readonly metric: string;
  /** E.g. `job=~"$job"`. */
  readonly matchers: readonly string[];
  /** E.g. `$__rate_interval`; null: an instant's value. */
  readonly range: string | null;
  /** That is applied to the range. */
  readonly inFunction: string | null;
}

/** Grafana's variables in places where only a duration or a number may stand; as long as their names, so that places stay. */
const placeholders = (query: string): string =>
  query
    .replaceAll(/\$__(rate_interval|range|interval)\b(?!_ms)/g, (name) => `${"1".repeat(name.length - 1)}m`)
    .replaceAll("$__interval_ms", (name) => "1".repeat(name.length));

/** @throws naming the place where the query is no PromQL. */
export function selectorsOf(query: string): Selector[] {
  const found: Selector[] = [];
  const parsed = parser.parse(placeholders(query));
  parsed.iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`no PromQL from column ${node.from} on: ${query}`);
      if (node.name !== "VectorSelector") return;
      const selector = node.node;
      const matchers = selector.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? [];
      const text = (part: { from: number; to: number } | null | undefined) =>
        part == null ? null : query.slice(part.from, part.to);
      const matrix = selector.parent?.name === "MatrixSelector" ? selector.parent : null;
      const call = matrix?.parent?.parent?.name === "FunctionCall" ? matrix.parent.parent : null;
      found.push({
        metric: text(selector.getChild("Identifier")) ?? "",
        matchers: matchers.map((matcher) => text(matcher) ?? ""),
        range: matrix === null ? null : query.slice(selector.to + 1, matrix.to - 1),
        inFunction: text(call?.getChild("FunctionIdentifier")),
      });
    },
  });
  return found;
}
