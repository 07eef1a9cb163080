import type { Judgement } from "../observe/events.ts";

/** A baseline before a scan's own is learned, and the bounds of what is learned. */
const BASELINE_FIRST_MS = 3_600_000;
const BASELINE_MIN_MS = 15 * 60_000;
const BASELINE_MAX_MS = 12 * 3_600_000;
/** The wider query reaches back at least this far. */
const REACH_MIN_MS = 24 * 3_600_000;

/**
 * How long a scan has shown nothing, not even what it knows, and how long it usually does. Times are ms of one
 * monotonic clock.
 *
 *   last shown      sinceMs          + baseline         + baseline           shown
 *   ─────●─────────────○───○───○───○───○───○───○───○───○───○───○───○───○───○───●────▶
 *                      polls           probe            probe                 ended, learned
 */
export interface Silence {
  /** The longest silence that was the scan's own way; null: none has ended yet. */
  readonly longestMs: number | null;
  /** When a poll first showed nothing; null: it shows something. */
  readonly sinceMs: number | null;
  /** When the last poll showed nothing. */
  readonly heardMs: number;
  /** When the wider query was asked last, in this silence; null: not yet. */
  readonly askedMs: number | null;
  /** Null: a wider query has not said anything yet. */
  readonly judged: Judgement | null;
  /** Whether it was suspect at any time: such a silence is nothing to get used to. */
  readonly wasSuspect: boolean;
}

const NOT_SILENT = { sinceMs: null, heardMs: 0, askedMs: null, judged: null, wasSuspect: false };
export const NO_SILENCE: Silence = { longestMs: null, ...NOT_SILENT };

/** A poll that was caught up has shown nothing. */
export const stayedSilent = (silence: Silence, nowMs: number): Silence => ({
  ...silence,
  sinceMs: silence.sinceMs ?? nowMs,
  heardMs: nowMs,
});

/** Something was shown: the silence is over, and its length learned. */
export function brokeSilence(silence: Silence, nowMs: number): Silence {
  const { longestMs, sinceMs, wasSuspect } = silence;
  if (sinceMs === null) return silence;
  const isOwnWay = !wasSuspect;
  return { ...NOT_SILENT, longestMs: isOwnWay ? Math.max(longestMs ?? 0, nowMs - sinceMs) : longestMs };
}

/** How long a silence of this scan lasts before it is looked into: twice the longest that was its own way. */
export const baselineMs = ({ longestMs }: Silence): number =>
  longestMs === null ? BASELINE_FIRST_MS : Math.min(BASELINE_MAX_MS, Math.max(BASELINE_MIN_MS, 2 * longestMs));

/** Whether the last poll has made the silence a baseline long, since it began or since the last wider query. */
export function wantsProbe(silence: Silence): boolean {
  const { sinceMs, askedMs, heardMs } = silence;
  return sinceMs !== null && heardMs - (askedMs ?? sinceMs) >= baselineMs(silence);
}

/** The wider query is being asked; whatever comes of it, the next one is a baseline later. */
export const asked = (silence: Silence, nowMs: number): Silence => ({ ...silence, askedMs: nowMs });

/** The wider query has shown `found` activities, without an error. */
export function judge(silence: Silence, found: number, nowMs: number): Silence {
  const { judged } = silence;
  if (found > 0) return { ...silence, judged: { kind: "idle", atMs: nowMs, found } };
  const sinceMs = judged?.kind === "suspect" ? judged.sinceMs : nowMs;
  return { ...silence, judged: { kind: "suspect", sinceMs }, wasSuspect: true };
}

/**
 * From when on the wider query asks, in the server's time. Reaches from before the silence began, so that what was
 * shown then is found again. Never a whole second: there is an API that finds nothing behind such a bound.
 */
export function reachFromMs({ sinceMs }: Silence, nowMs: number, serverNowMs: number): number {
  const lengthMs = sinceMs === null ? 0 : nowMs - sinceMs;
  const fromMs = Math.floor(serverNowMs - Math.max(REACH_MIN_MS, 2 * lengthMs));
  return fromMs % 1_000 === 0 ? fromMs - 1 : fromMs;
}
