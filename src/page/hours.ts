import type { ScanDay, SliceStatus } from "../observe/status.ts";

const HOUR_MS = 3_600_000;
const SHOWN = 25;

/** One cell of the strip. */
export interface Hour extends Omit<SliceStatus, "from"> {
  /** Epoch ms. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Open gaps that touch it. */
  readonly gaps: number;
  /** Of the most that was published in an hour of these. */
  readonly share: number;
}

const NOTHING = { state: "unread", published: 0, duplicates: 0, deadLettered: 0, late: 0 } as const;

/**
 * The last day's hours, the oldest first. A scan that has said nothing for hours has not read them: they are there all
 * the same. Empty as long as it has said nothing at all.
 */
export function hoursOf({ slices, gaps }: ScanDay, nowMs: number): Hour[] {
  const told = slices.map(({ from, ...slice }) => ({ fromMs: Date.parse(from), ...slice }));
  const lastMs = told.at(-1)?.fromMs;
  if (lastMs === undefined) return [];
  const untold = Math.max(0, Math.min(SHOWN, Math.floor((nowMs - lastMs) / HOUR_MS)));
  const newer = Array.from({ length: untold }, (_, at) => ({ fromMs: lastMs + (at + 1) * HOUR_MS, ...NOTHING }));
  const shown = [...told, ...newer].slice(-SHOWN);
  const most = Math.max(1, ...shown.map(({ published }) => published));
  return shown.map((slice) => {
    const untilMs = slice.fromMs + HOUR_MS;
    const touching = gaps.filter(({ from, until }) => Date.parse(from) < untilMs && Date.parse(until) >= slice.fromMs);
    return { ...slice, untilMs, gaps: touching.length, share: slice.published / most };
  });
}

/** What each reason of a gap means, and what closes it. */
const REASONS: Readonly<Record<string, string>> = {
  stall: "the API did not get past it; closes by itself when a later pass does",
  doubtful: "the API showed nothing though it counted something; closes by itself when a later pass shows it",
  outside_memory: "something turned up where ids are forgotten; stays as a reminder",
  memory: "ids were forgotten early for want of memory; stays as a reminder",
  skipped: "an operator moved the cursor over it; stays as a reminder",
};

export const gapMeaning = (reason: string): string => REASONS[reason] ?? "could not be judged";
