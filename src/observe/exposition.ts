import type { Registry } from "prom-client";

type Labels = Readonly<Record<string, string | number>>;

/** A metric as the registry itself reads it: a histogram's own labels stand once, in `sharedLabels`. */
interface Written {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly values: readonly Value[];
}
interface Value {
  readonly labels: Labels;
  readonly sharedLabels?: Labels;
  readonly value: number;
  /** Of a histogram's or summary's parts. */
  readonly metricName?: string;
}
interface Readable {
  get(): Promise<Written>;
  getForPromString?(): Promise<Written>;
}

/** What stands before a value, and the labels that it was written from. */
interface Prefix {
  readonly of: Labels;
  readonly text: string;
}

/**
 * Writes a registry's metrics in Prometheus' text format, as `registry.metrics()` does, in a fraction of its time: what
 * stands before a value is written out once, and again only where its labels have been replaced. A scrape stops
 * everything else, so with hundreds of scans this is felt.
 *
 * @param hidden names of metrics that are read and not written.
 */
export function openExposition(registry: Registry, hidden: ReadonlySet<string> = new Set()): () => Promise<string> {
  const prefixes = new Map<Readable, Prefix[]>();
  const prefixesOf = (metric: Readable): Prefix[] => {
    const known = prefixes.get(metric) ?? [];
    prefixes.set(metric, known);
    return known;
  };
  return async () => {
    const metrics = registry.getMetricsAsArray() as unknown as readonly Readable[];
    const read = metrics.map(async (metric) => {
      const written = await (metric.getForPromString?.() ?? metric.get());
      return hidden.has(written.name) ? [] : [textOf(written, prefixesOf(metric))];
    });
    return (await Promise.all(read)).flat().join("\n");
  };
}

/** @param known by the value's place; a place where others stand now is written anew. */
function textOf(metric: Written, known: Prefix[]): string {
  const { name, help, type, values } = metric;
  let text = `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${String(type)}\n`;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as Value;
    // A histogram's parts have new labels at each reading, but those that they share stay.
    const of = value.sharedLabels ?? value.labels;
    let prefix = known[at];
    if (prefix?.of !== of) {
      prefix = { of, text: `${value.metricName ?? name}${labelsText({ ...value.labels, ...value.sharedLabels })} ` };
      known[at] = prefix;
    }
    text += `${prefix.text}${numberText(value.value)}\n`;
  }
  return text;
}

function labelsText(labels: Labels): string {
  const parts = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(String(value)).replace(/"/g, '\\"')}"`,
  );
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

const escaped = (text: string): string => text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n");

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
