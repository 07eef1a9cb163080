import { needsAttention } from "./overview.ts";
import { toneOf } from "./tones.ts";
import type { Listed } from "./whereabouts.ts";

export const SORTABLE = ["scan", "tenant", "state", "lag", "lastMinute", "published", "gaps"] as const;
export type SortBy = (typeof SORTABLE)[number];

export interface ListChoice {
  /** Words that all have to stand in the names of the scan or its tenant. */
  readonly find: string;
  readonly attentionOnly: boolean;
  readonly by: SortBy;
  readonly isDescending: boolean;
}

/** A lag that is not known yet may be any. */
const UNKNOWN_LAG = Number.POSITIVE_INFINITY;

const KEYS: Readonly<Record<SortBy, (scan: Listed) => number | string>> = {
  scan: ({ scan }) => scan,
  tenant: ({ tenant }) => tenant,
  state: needOf,
  lag: ({ lagSeconds, isHere }) => lagSeconds ?? (isHere ? UNKNOWN_LAG : -1),
  lastMinute: ({ publishedLastMinute }) => publishedLastMinute,
  published: ({ counts }) => counts.published,
  gaps: ({ openGaps }) => openGaps,
};

/** The scans that are to be shown, in their order; among equals by name. */
export function listScans(scans: readonly Listed[], choice: ListChoice): Listed[] {
  const words = choice.find.toLowerCase().split(/\s+/);
  const sign = choice.isDescending ? -1 : 1;
  const key = KEYS[choice.by];
  return scans
    .filter((scan) => !choice.attentionOnly || needsAttention(scan))
    .filter(({ scan, tenant }) => words.every((word) => `${scan} ${tenant}`.toLowerCase().includes(word)))
    .sort((a, b) => sign * compare(key(a), key(b)) || compare(a.scan, b.scan));
}

/** More minutes than anything can be behind. */
const NEVER = 1e12;

/**
 * How much a scan needs a person, the one in most need first: what has failed, what tries again or was not judged, then
 * by whole minutes behind. Seconds, and whether it reads right now, would move rows under one's hands.
 */
function needOf(scan: Listed): number {
  if (!scan.isHere) return 1;
  if (toneOf(scan) === "bad") return -3 * NEVER;
  if (needsAttention(scan)) return -2 * NEVER;
  return -Math.min(NEVER, Math.floor((scan.lagSeconds ?? UNKNOWN_LAG) / 60));
}

/** How a column is sorted at first: names from a, states from the one in most need, numbers from the largest. */
export const startsDescending = (by: SortBy): boolean => !["scan", "tenant", "state"].includes(by);

function compare(a: number | string, b: number | string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
