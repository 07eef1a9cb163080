import { expect, test } from "vitest";
import { costFindings } from "../../../src/cli/reader-cost.ts";
import { simConfig } from "../../fakes/sim-connector.ts";

const MINUTE_MS = 60_000;

test("what the readers need is said for each tenant: polls, and a request for each step of each lookback", () => {
  const [finding] = costFindings(simConfig({ lookbacksMs: [2 * MINUTE_MS, 24 * 60 * MINUTE_MS] }, 20));
  // Six polls, two steps of 30 s, and one of an hour.
  expect(finding).toMatchObject({ state: "ok" });
  expect(JSON.stringify(finding)).toContain(
    "at least 8.0 of 20 requests a minute: contoso-all 8.0 (lookbacks 2m, 24h)",
  );
});

test.each([
  [500, 20, 52],
  [5_000, 20, 527],
])(
  "at %i a page and %i requests a minute, with two ages, about %i activities a second are the ceiling",
  (...numbers) => {
    const [pageSize, requestsPerMinute, ceiling] = numbers;
    const config = simConfig({ lookbacksMs: [2 * MINUTE_MS, 24 * 60 * MINUTE_MS], pageSize }, requestsPerMinute);
    expect(costFindings(config)[0]?.detail).toMatch(new RegExp(`at most about ${ceiling} activities a second$`));
  },
);

test("more than the budget is a warning with what to change", () => {
  const [finding] = costFindings(simConfig({ lookbacksMs: [], pollIntervalMs: 1_000 }, 30));
  expect(finding).toMatchObject({ state: "warn", remedy: expect.stringMatching(/pollInterval.*requestsPerMinute/) });
  expect(JSON.stringify(finding)).toContain("more than the budget");
});

test("without lookbacks, and with cursorField date, it is said so", () => {
  expect(JSON.stringify(costFindings(simConfig({ lookbacksMs: [] })))).toContain("(no lookbacks)");
  const date = simConfig({ lookbacksMs: null, cursorField: "date" });
  expect(JSON.stringify(costFindings(date))).toContain("(lookbacks 15m, 6h, 96h)");
});
