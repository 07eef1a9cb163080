import { expect, test } from "vitest";
import type { NextFiltersShape, TieOverflow } from "../../src/mock-tenant/settings.ts";
import { runAgainstMock } from "../fakes/mock-tenant-run.ts";

const PAGE_CEILING = 6;
/** Several services, none of which fills a page alone. */
const CROWD = 8;

const play = (tieOverflow: TieOverflow, nextFilters: NextFiltersShape, order: "asc" | "desc", seed: number) =>
  runAgainstMock({
    tenant: {
      tieOverflow,
      nextFilters,
      seed,
      pageCeiling: PAGE_CEILING,
      tieShare: 0.5,
      tieSize: CROWD,
      total: 60,
      faults: order === "desc" ? { descending: 1 } : {},
    },
    scan: { cursorField: "created" },
    happenedBeforeMs: 0,
  });

/** A poll beside such a crowd costs some requests more each time; without an end it would be a hundred thousand. */
const REQUESTS_MAX = 3_000;

test.each<[NextFiltersShape, "asc" | "desc", number]>([
  ["echo", "asc", 0],
  ["boundary", "desc", 3],
])(
  "more on one instant than a page shows, again and again, is read service by service: %s, %s",
  async (...cell) => {
    const outcome = await play("repeat", ...cell);
    expect(outcome).toMatchObject({ activities: 60, missing: 0, repeated: 0, gaps: [], throttled: 0 });
    expect(outcome.requests).toBeLessThan(REQUESTS_MAX);
  },
  60_000,
);

test.each<[TieOverflow, NextFiltersShape, "asc" | "desc", number]>([
  ["empty", "echo", "asc", 10],
  ["empty", "boundary", "desc", 13],
  ["end", "echo", "asc", 20],
])(
  "where it shows nothing of them (%s; %s, %s) those instants alone become gaps, and all else is read",
  async (...cell) => {
    const { gaps, ...outcome } = await play(...cell);
    expect(outcome).toMatchObject({ activities: 60, unaccounted: 0, repeated: 0, throttled: 0 });
    expect(gaps.filter(({ fromMs, untilMs }) => fromMs !== untilMs)).toEqual([]);
    expect(outcome.missing).toBeGreaterThan(gaps.length * PAGE_CEILING);
    expect(outcome.missing).toBeLessThanOrEqual(gaps.length * CROWD);
    expect(outcome.requests).toBeLessThan(REQUESTS_MAX);
  },
  60_000,
);
