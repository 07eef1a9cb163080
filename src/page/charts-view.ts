import { Chart, type ChartPlan } from "./chart.ts";
import { byId, fill, tableOf } from "./dom.ts";
import type { Formats } from "./formats.ts";
import { overviewOf } from "./overview.ts";
import { type Points, type Present, pointsOf, stretchesOf } from "./points.ts";
import { NONE, type View } from "./view.ts";

const count = (value: number, { count: format }: Formats) => format(value);
const duration = (value: number, { duration: format }: Formats) => format(value);

/** Steps of an axis of counts: whole and round. */
const COUNTS = Array.from({ length: 8 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

/** Steps of an axis of durations, in s: round minutes, hours and days. */
const DURATIONS = [
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 43_200],
  ...[1, 2, 5, 10, 20, 50, 100].map((days) => days * 86_400),
];

const PLANS: readonly (ChartPlan & { readonly pick: (points: Points) => readonly (readonly (number | null)[])[] })[] = [
  {
    title: "Published",
    unit: "activities a minute",
    colours: ["--chart-1"],
    ticks: COUNTS,
    format: count,
    pick: ({ publishedPerMinute }) => [publishedPerMinute],
  },
  {
    title: "Lag",
    unit: "behind now",
    colours: ["--chart-2"],
    ticks: DURATIONS,
    format: duration,
    pick: ({ lagSeconds }) => [lagSeconds],
  },
  {
    title: "Requests",
    unit: "a minute",
    note: "; dashed: the budget",
    colours: ["--chart-3", "--chart-limit"],
    ticks: COUNTS,
    format: count,
    pick: ({ requestsPerMinute, limitPerMinute }) => [requestsPerMinute, limitPerMinute],
  },
  {
    title: "Throttled",
    unit: "requests a minute",
    colours: ["--chart-4"],
    ticks: COUNTS,
    format: count,
    pick: ({ throttledPerMinute }) => [throttledPerMinute],
  },
];

const COLUMNS = [
  { title: "Minutes" },
  { title: "Published", isNumber: true },
  { title: "Largest lag", isNumber: true },
  { title: "Requests", isNumber: true },
  { title: "Throttled", isNumber: true },
];

/** The four charts of the last hour, and the same as a table. */
export class ChartsView {
  readonly #charts = PLANS.map((plan) => new Chart(plan));

  constructor() {
    byId("charts").append(...this.#charts.map(({ figure }) => figure));
  }

  show(view: View): void {
    const { history, formats } = view;
    if (history === null) return;
    const points = pointsOf(history, presentOf(view));
    for (const [at, chart] of this.#charts.entries()) chart.show(points, PLANS[at]?.pick(points) ?? [], formats);
    fill(byId("chart-table"), [history, formats.zone], () =>
      tableOf(
        "The last hour in parts of five minutes, the newest first",
        COLUMNS,
        stretchesOf(history).map((part) => {
          const lag = part.lagSeconds === null ? NONE : formats.duration(part.lagSeconds);
          const [published, requests, throttled] = [part.published, part.requests, part.throttled].map((value) =>
            value === null ? NONE : formats.count(value),
          );
          const minutes = `${formats.clock(part.fromMs)}–${formats.clock(part.untilMs)}`;
          return [minutes, published ?? NONE, lag, requests ?? NONE, throttled ?? NONE];
        }),
      ),
    );
  }

  /** Colours come from the style sheet, which has just changed them. */
  recolour(): void {
    for (const chart of this.#charts) chart.recolour();
  }
}

/** As the figures and the table of scans say it. */
function presentOf({ status, chosen }: View): Present {
  const { startedAt, uptimeSeconds, scans, tenants } = status;
  const shown = chosen === null ? scans : [chosen];
  const { lag, requests } = overviewOf({ ...status, scans: shown, tenants });
  const at = Date.parse(startedAt) / 1_000 + uptimeSeconds;
  return { at, lagSeconds: lag?.seconds ?? null, requestsPerMinute: requests.used };
}
