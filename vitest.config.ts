import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const project = (name: string, include: string[], testTimeout: number, extra: object = {}) => ({
  test: { name, include, testTimeout, hookTimeout: 240_000, ...extra },
});

/** Of two cores vitest leaves one to itself, which has little to do. Projects that run together have to agree. */
const inBoth = { maxWorkers: Math.max(2, availableParallelism() - 1) };

export default defineConfig({
  test: {
    reporters: ["default"],
    projects: [
      project(
        "unit",
        ["test/{unit,property,simulation,compare,alerts,grafana,report,soak,downstream,readme}/**/*.test.ts"],
        30_000,
        inBoth,
      ),
      project("tidy", ["test/tidy.test.ts"], 60_000, inBoth),
      project("contract", ["test/contract/**/*.test.ts"], 120_000, { fileParallelism: false }),
      // Two files at a time: each mostly waits for its broker.
      project("integration", ["test/integration/**/*.test.ts", "test/witness/**/*.test.ts"], 600_000, {
        maxWorkers: 2,
      }),
    ],
  },
});
