import { expect, test } from "vitest";
import { PART_NAMES } from "../bench/parts.ts";
import { table } from "../bench/report.ts";
import { runBench } from "../bench/run-bench.ts";
import { scrapeCost, scrapeLine } from "../bench/scrape.ts";
import { ensureBuilt } from "../real/built.ts";
import { machine } from "../real/machine.ts";

// Small, and without any expectation of speed: the machine that runs tests has other things to do.
test.skipIf(process.platform !== "linux")(
  "the bench measures the full path and each of its parts, over activities that all arrive",
  async () => {
    const sizes = { activities: 4_000, pageSize: 500, pages: 2, repeats: 1 };
    const result = await runBench({ ...sizes, profileDir: null, say: () => {} });
    console.log(table(result, machine(["src", "test/bench"])));

    expect(result.truth).toBe(sizes.activities);
    expect(result.fullPaths.map((path) => path.published)).toEqual([sizes.activities, sizes.activities]);
    expect(result.parts.map((row) => row.part)).toEqual(Object.keys(PART_NAMES));
    for (const row of [...result.fullPaths, ...result.parts]) {
      expect(row.samples.length, row.name).toBeGreaterThanOrEqual(1);
      for (const sample of row.samples) expect(sample.activities, row.name).toBeGreaterThanOrEqual(sizes.pageSize);
      for (const figure of [row.activitiesPerSecond, row.cpuMicros, row.peakRssMb]) {
        expect(figure, row.name).toBeGreaterThan(0);
      }
    }
  },
  300_000,
);

test("the bench measures a scrape, of as many series as the scans and tenants have", async () => {
  await ensureBuilt();
  const few = await scrapeCost(10, 10);
  const many = await scrapeCost(20, 20);
  console.log(scrapeLine(many));
  expect(many.cpuMs).toBeGreaterThan(0);
  // What neither belongs to a scan nor to a tenant is there once.
  expect(many.series - few.series).toBeGreaterThan(10 * 60);
  expect(many.series - few.series).toBeLessThanOrEqual(10 * (60 + 60));
});
