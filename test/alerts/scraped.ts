/** What a Prometheus would have stored: the samples of each series, one a minute, from the text of each scrape. */
export class Scraped {
  readonly #series = new Map<string, Map<number, number>>();
  readonly #wanted: (metric: string) => boolean;

  /** @param wanted by the name of a metric; all others are left out. */
  constructor(wanted: (metric: string) => boolean) {
    this.#wanted = wanted;
  }

  /** A scrape of a target, in the minute `atMinute` since the epoch; null: it did not answer. */
  add(target: { readonly job: string; readonly instance: string }, atMinute: number, text: string | null): void {
    const own = `job="${target.job}",instance="${target.instance}"`;
    this.#put(`up{${own}}`, atMinute, text === null ? 0 : 1);
    for (const line of (text ?? "").split("\n")) {
      const [, metric, , labels, value] = /^([a-z_]+)(\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (metric === undefined || !this.#wanted(metric)) continue;
      this.#put(`${metric}{${labels === undefined ? own : `${own},${labels}`}}`, atMinute, Number(value));
    }
  }

  /** As `promtool test rules` takes them: a value a minute from the epoch on, `_` where there is none. */
  inputSeries(): { readonly series: string; readonly values: string }[] {
    return [...this.#series].map(([series, samples]) => ({ series, values: valuesOf(samples) }));
  }

  #put(series: string, atMinute: number, value: number): void {
    const samples = this.#series.get(series) ?? new Map<number, number>();
    this.#series.set(series, samples);
    samples.set(atMinute, value);
  }
}

function valuesOf(samples: ReadonlyMap<number, number>): string {
  const parts: string[] = [];
  let nextMinute = 0;
  for (const [atMinute, value] of samples) {
    const missing = atMinute - nextMinute;
    // What a scrape does not find any more is marked as stale by Prometheus.
    if (missing > 0 && parts.length > 0) parts.push("stale");
    const empty = parts.length > 0 ? missing - 1 : missing;
    if (empty > 0) parts.push(`_x${empty}`);
    parts.push(String(value));
    nextMinute = atMinute + 1;
  }
  return `${parts.join(" ")} stale`;
}
