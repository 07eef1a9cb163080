import { afterAll, expect, test } from "vitest";
import { NEXT_FILTERS_SHAPES, type NextFiltersShape } from "../../src/mock-tenant/settings.ts";
import { type MockOutcome, runAgainstMock } from "../fakes/mock-tenant-run.ts";
import { propertyRuns } from "./runs.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** An odd one also refuses edited next filters in the other half of the cells. */
const SEED = Number(process.env["MATRIX_SEED"] ?? "0");

/** The share of pages that go wrong, by what happens to them. */
const FAULTS = {
  "500": 0.02,
  "502": 0.02,
  "503": 0.02,
  reset: 0.02,
  truncate: 0.02,
  hang: 0.01,
  html: 0.02,
  "error-body": 0.02,
  duplicate: 0.1,
  "empty-page": 0.02,
  "empty-last": 0.02,
};

interface Cell {
  readonly nextFilters: NextFiltersShape;
  readonly order: "asc" | "desc";
  readonly pageCeiling: number | null;
  readonly ignoreCreated: boolean;
  /** How much later than it was saved an activity may show. */
  readonly lateHours: number;
  readonly refuseEditedFilters: boolean;
  readonly seed: number;
}

const ORDERS = ["asc", "desc"] as const;
const CEILINGS = [6, null] as const;
const BOOLEANS = [false, true] as const;
const LATE_HOURS = [24, 72] as const;

const cells: readonly Cell[] = NEXT_FILTERS_SHAPES.flatMap((nextFilters, a) =>
  ORDERS.flatMap((order, b) =>
    CEILINGS.flatMap((pageCeiling, c) =>
      BOOLEANS.flatMap((ignoreCreated, d) =>
        LATE_HOURS.map((lateHours, e) => {
          const refuseEditedFilters = (a + b + c + d + e + SEED) % 2 === 1;
          const seed = SEED * 1_000 + a * 16 + b * 8 + c * 4 + d * 2 + e;
          return { nextFilters, order, pageCeiling, ignoreCreated, lateHours, refuseEditedFilters, seed };
        }),
      ),
    ),
  ),
);

const outcomes = new Map<Cell, MockOutcome>();
const columnOf = ({ pageCeiling, ignoreCreated, lateHours }: Cell) =>
  `${pageCeiling ?? "full"} ${ignoreCreated ? "ignored" : "created"} ${lateHours} h`;

afterAll(() => {
  const columns = [...new Set(cells.map(columnOf))];
  const rows = NEXT_FILTERS_SHAPES.flatMap((shape) => ORDERS.map((order) => [shape, order] as const));
  const lines = rows.map(([shape, order]) => {
    const shown = columns.map((column) => {
      const isHere = (cell: Cell) => cell.nextFilters === shape && cell.order === order && columnOf(cell) === column;
      const [, outcome] = [...outcomes].find(([cell]) => isHere(cell)) ?? [];
      return outcome === undefined ? "-" : `${outcome.missing} ${outcome.repeated} ${outcome.gaps.length}`;
    });
    return `| ${shape}, ${order} | ${shown.join(" | ")} |`;
  });
  const head = `| missing, repeated, open gaps | ${columns.join(" | ")} |\n|${"---|".repeat(columns.length + 1)}`;
  console.log([head, ...lines].join("\n"));
});

/**
 * By default the last age is 96 h along `date`, and 24 h along `created`, counted from when an activity was saved: one
 * that is saved up to two days after it happened, and shown a day after that, is found. For those that show later still
 * after they were saved, a scan along `created` is given another age.
 */
function agesOf({ ignoreCreated, lateHours }: Cell): number[] | null {
  return ignoreCreated || lateHours <= 24 ? null : [2 * MINUTE_MS, 24 * HOUR_MS, 96 * HOUR_MS];
}

/** Left to itself a scan goes along `date` where next filters bound it: that is another column. */
const fieldOf = ({ nextFilters, ignoreCreated }: Cell) =>
  nextFilters === "wrong-field" && !ignoreCreated ? "created" : "auto";

const isThinned = propertyRuns(cells.length).numRuns < cells.length;

test.each(isThinned ? cells.filter(({ refuseEditedFilters }) => !refuseEditedFilters) : cells)(
  "next filters $nextFilters, order $order, at most $pageCeiling a page, created ignored: $ignoreCreated, " +
    "$lateHours h late, edited next filters refused: $refuseEditedFilters: nothing missing, nothing twice, no gap",
  async (cell) => {
    const { order, lateHours, ...settings } = cell;
    const happenedBeforeMs = (72 - lateHours) * HOUR_MS;
    const outcome = await runAgainstMock({
      tenant: {
        ...settings,
        slowSavingShare: 0.3,
        slowSavingMaxMs: happenedBeforeMs,
        lateVisibleShare: 0.4,
        lateVisibleMaxMs: lateHours * HOUR_MS,
        tieShare: 0.4,
        tieSize: 4,
        faults: order === "desc" ? { ...FAULTS, descending: 1 } : FAULTS,
      },
      scan: { lookbacksMs: agesOf(cell), cursorField: fieldOf(cell) },
      happenedBeforeMs: cell.ignoreCreated ? happenedBeforeMs : 0,
    });
    outcomes.set(cell, outcome);
    expect(outcome).toMatchObject({
      field: cell.ignoreCreated ? "date" : "created",
      activities: 36,
      missing: 0,
      repeated: 0,
      gaps: [],
      throttled: 0,
    });
  },
);
