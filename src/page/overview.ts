import type { Status } from "../observe/status.ts";
import { type Tone, toneOf } from "./tones.ts";
import type { Listed } from "./whereabouts.ts";

/** `/status` with each scan's whereabouts. */
export type Known = Omit<Status, "scans"> & { readonly scans: readonly Listed[] };

/** What a person wants to know first, of all scans together. */
export interface Overview {
  readonly published: number;
  readonly publishedLastMinute: number;
  /** The largest; null: none is known yet. */
  readonly lag: { readonly scan: string; readonly seconds: number } | null;
  /** Of the tenants that this process asks. */
  readonly requests: { readonly used: number; readonly limit: number };
  readonly throttled: number;
  /** Until when a tenant has asked us to wait, the last of them; null: none does now. */
  readonly throttledUntil: string | null;
  readonly openGaps: number;
  readonly deadLettered: number;
}

export function overviewOf({ scans, tenants }: Known): Overview {
  const sum = <T>(of: readonly T[], pick: (each: T) => number) => of.reduce((all, each) => all + pick(each), 0);
  const here = new Set(scans.filter(({ isHere }) => isHere).map(({ tenant }) => tenant));
  const asked = tenants.filter(({ tenant }) => here.has(tenant));
  return {
    published: sum(scans, ({ counts }) => counts.published),
    publishedLastMinute: sum(scans, ({ publishedLastMinute }) => publishedLastMinute),
    lag: scans.reduce<Overview["lag"]>((largest, { scan, lagSeconds }) => {
      if (lagSeconds === null || (largest !== null && largest.seconds >= lagSeconds)) return largest;
      return { scan, seconds: lagSeconds };
    }, null),
    requests: {
      used: sum(asked, ({ requestsPerMinute }) => requestsPerMinute.used),
      limit: sum(asked, ({ requestsPerMinute }) => requestsPerMinute.limit),
    },
    throttled: sum(tenants, ({ throttled }) => throttled),
    throttledUntil: tenants.map(({ throttledUntil }) => throttledUntil ?? "").reduce(later, "") || null,
    openGaps: sum(scans, ({ openGaps }) => openGaps),
    deadLettered: sum(scans, ({ counts }) => counts.deadLettered),
  };
}

const later = (a: string, b: string): string => (a > b ? a : b);

export interface Verdict {
  readonly tone: Tone;
  readonly text: string;
}

/** Whether a person should look at a scan. */
export function needsAttention(scan: Listed): boolean {
  return scan.isHere && (isTrouble(scan) || scan.openGaps > 0);
}

/** Whether what a scan does asks for a person; being throttled passes by itself. */
const isTrouble = (scan: Listed): boolean =>
  toneOf(scan) === "bad" || scan.state === "retrying" || scan.state === "suspect";

/** The whole connector in one line. */
export function verdictOf({ stopping, stages, scans: all }: Known): Verdict {
  if (stopping !== null) return { tone: "warn", text: `Stopping: ${stopping}` };
  const stage = stages[0];
  if (stage !== undefined) return { tone: "quiet", text: `Starting: ${stage.subject}: ${stage.stage}` };
  const scans = all.filter(({ isHere }) => isHere);
  const others = all.length === scans.length ? "" : `; ${all.length - scans.length} more are not here`;
  if (scans.length === 0) return { tone: "quiet", text: "Standing by: no scan is here" };
  const troubled = scans.filter(needsAttention);
  const tone = troubled.some((scan) => toneOf(scan) === "bad") ? "bad" : "warn";
  const [first] = troubled;
  if (first !== undefined) {
    const why = troubled.length === 1 ? `: ${troubleOf(first, scans.length)}` : "";
    return { tone, text: `${ofAll(troubled.length, scans.length)} attention${why}${others}` };
  }
  const throttled = scans.filter(({ state }) => state === "throttled");
  if (throttled.length > 0)
    return { tone: "warn", text: `${counted(throttled.length)} throttled by its tenant${others}` };
  return {
    tone: "good",
    text: `${scans.length === 1 ? "The scan runs" : `All ${scans.length} scans run`} well${others}`,
  };
}

/** Which scan, where there are several, and what its matter is. */
function troubleOf(listed: Listed, all: number): string {
  const { scan, state, openGaps } = listed;
  const gaps = openGaps === 0 ? [] : [openGaps === 1 ? "an open gap" : `${openGaps} open gaps`];
  const matters = [...(isTrouble(listed) ? [state] : []), ...gaps].join(", ");
  return all === 1 ? matters : `${scan} (${matters})`;
}

const counted = (count: number): string => (count === 1 ? "One scan is" : `${count} scans are`);

function ofAll(count: number, all: number): string {
  if (all === 1) return "The scan needs";
  return count === 1 ? `One of ${all} scans needs` : `${count} of ${all} scans need`;
}
