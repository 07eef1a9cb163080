import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { openExposition } from "../../../src/observe/exposition.ts";
import { openMetrics } from "../../../src/observe/metrics.ts";
import { CONFIGURED, EVERY_EVENT } from "./scene.ts";

const lines = (text: string) => text.split("\n").filter((line) => line !== "");

test("what is written is what the registry itself would write, at each scrape and after each event", async () => {
  const { registry, record } = openMetrics({ ...CONFIGURED, configuredAtMs: 0 });
  const exposition = openExposition(registry);
  for (const event of EVERY_EVENT) {
    record(event);
    expect(lines(await exposition())).toEqual(lines(await registry.metrics()));
  }
});

test("labels and help are quoted; infinities and what is not a number are written as Prometheus reads them", async () => {
  const registry = new Registry();
  const registers = [registry];
  const gauge = new Gauge({ name: "g", help: "two\nlines \\", labelNames: ["of"], registers });
  gauge.set({ of: 'a "quoted" \\ and\nbroken' }, Number.POSITIVE_INFINITY);
  gauge.set({ of: "b" }, Number.NEGATIVE_INFINITY);
  gauge.set({ of: "c" }, Number.NaN);
  expect(await openExposition(registry)()).toBe(
    [
      "# HELP g two\\nlines \\\\",
      "# TYPE g gauge",
      'g{of="a \\"quoted\\" \\\\ and\\nbroken"} +Inf',
      'g{of="b"} -Inf',
      'g{of="c"} NaN',
      "",
    ].join("\n"),
  );
});

test("series that go away, come and change places are written as they are now", async () => {
  const registry = new Registry();
  const registers = [registry];
  const counter = new Counter({ name: "c_total", help: "c", labelNames: ["of"], registers });
  const histogram = new Histogram({ name: "h", help: "h", labelNames: ["of"], buckets: [1, 2], registers });
  const exposition = openExposition(registry);
  const agrees = async () => expect(lines(await exposition())).toEqual(lines(await registry.metrics()));
  for (const of of ["a", "b", "c"]) {
    counter.inc({ of });
    histogram.observe({ of }, 1.5);
  }
  await agrees();
  counter.remove({ of: "a" });
  histogram.remove({ of: "a" });
  await agrees();
  counter.inc({ of: "d" }, 2.5);
  histogram.observe({ of: "b" }, 0.5);
  await agrees();
  counter.reset();
  await agrees();
});
