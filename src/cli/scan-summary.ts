import type { Traffic } from "./asker.ts";
import type { Tally } from "./scan-tally.ts";

/** How a scan ended, and what it was. */
export interface Ended {
  readonly ending: "done" | "incomplete" | "ended by its reader" | "stopped" | "failed";
  readonly tally: Tally;
  readonly traffic: Traffic;
  /** What the output really holds, a page that a stop cut short included. */
  readonly activities: number;
  readonly format: string;
  /** Null: standard output. */
  readonly out: string | null;
  readonly isResumed: boolean;
  readonly notes: readonly string[];
  readonly error: { readonly code: string | null; readonly message: string } | null;
}

/** The one line at the end, for people. */
export function summaryLine({ ending, tally, traffic, activities }: Ended): string {
  const { pages, repeats, defects, leftOut, gaps, gapsMore, field, fromMs, untilMs, startedMs } = tally;
  const gapsAll = gaps.length + gapsMore;
  const written = defects - leftOut;
  const parts = [
    count(activities, "activity", "activities"),
    count(pages, "page", "pages"),
    count(traffic.requests, "request", "requests"),
    `throttled ${seconds(traffic.throttledMs)}`,
    ...(repeats > 0 ? [`${count(repeats, "repeat", "repeats")} left out`] : []),
    ...(written > 0 ? [`${written} not JSON objects with an id, written as they came`] : []),
    ...(leftOut > 0 ? [`${leftOut} left out that the format cannot hold`] : []),
    ...(gapsAll > 0 ? [`${count(gapsAll, "gap", "gaps")}`] : []),
  ];
  const until = untilMs === null ? "now" : iso(untilMs);
  return `scan ${ending}: ${parts.join(", ")}${startedMs === 0 ? "" : `; ${field} from ${iso(fromMs)} to ${until}`}`;
}

/** The same for programs. */
export function summaryJson({ ending, tally, traffic, activities, ...rest }: Ended): string {
  const { pages, repeats, defects, leftOut, gaps, gapsMore, field, fromMs, untilMs, startedMs } = tally;
  const hasBegun = startedMs !== 0;
  return JSON.stringify({
    ending,
    activities,
    pages,
    requests: traffic.requests,
    throttledSeconds: traffic.throttledMs / 1_000,
    budgetWaitSeconds: traffic.pacedMs / 1_000,
    repeats,
    defects,
    leftOut,
    gaps: gaps.map((gap) => ({ from: iso(gap.fromMs), until: gap.untilMs === null ? null : iso(gap.untilMs) })),
    gapsMore,
    cursorField: field,
    from: hasBegun ? iso(fromMs) : null,
    until: untilMs === null ? null : iso(untilMs),
    format: rest.format,
    out: rest.out,
    resumed: rest.isResumed,
    notes: rest.notes,
    error: rest.error,
  });
}

const iso = (ms: number): string => new Date(ms).toISOString();

export const seconds = (ms: number): string => `${Math.ceil(ms / 1_000)} s`;

const count = (n: number, one: string, many: string): string => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
