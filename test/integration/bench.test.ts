import { expect, test } from "vitest";
import { PART_NAMES } from "../bench/parts.ts";
import { machine, table } from "../bench/report.ts";
import { runBench } from "../bench/run-bench.ts";

// Small, and without any expectation of speed: the machine that runs tests has other things to do.
test.skipIf(process.platform !== "linux")(
  "the bench measures the full path and each of its parts, over activities that all arrive",
  async () => {
    const sizes = { activities: 4_000, pageSize: 500, pages: 2, repeats: 1 };
    const result = await runBench({ ...sizes, profileDir: null, say: () => {} });
    console.log(table(result, machine()));

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
