import progress from "cli-progress";
import { hideSecrets } from "../kit/secret.ts";
import { seconds } from "./scan-summary.ts";
import type { Tally } from "./scan-tally.ts";

/** What a person at a terminal sees of a scan while it runs. */
export interface Progress {
  onPage(tally: Tally): void;
  onWait(reason: string, waitMs: number): void;
  /** Kept back while a bar is drawn, so that they do not break it. */
  note(text: string): void;
  /** Takes the bar away; what was kept back is printed. */
  stop(): void;
}

export interface ProgressOptions {
  readonly stderr: NodeJS.WriteStream;
  /** Whether a bar is drawn; else there are only notes. */
  readonly bar: boolean;
  /** Any clock that only goes forward, for the estimate. */
  monotonicMs(): number;
}

/** How far a scan was when. */
interface Moment {
  readonly share: number;
  readonly atMs: number;
}

export function openProgress({ stderr, bar, monotonicMs }: ProgressOptions): Progress {
  const print = (text: string) => stderr.write(hideSecrets(`${text}\n`));
  if (!bar) return { onPage: () => {}, onWait: () => {}, note: print, stop: () => {} };
  const notes: string[] = [];
  const drawn = new progress.SingleBar({
    format: "{bar} {percentage}%  {activities} activities, pages: {pages}{left}  {doing}",
    stream: stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 24,
    fps: 5,
  });
  drawn.start(100, 0, { activities: "0", pages: "0", left: "", doing: "asking the tenant" });
  let first: Moment | null = null;
  return {
    onPage: (tally) => {
      const now = { share: shareOf(tally), atMs: monotonicMs() };
      const leftMs = first === null ? null : leftFrom(first, now);
      first ??= now;
      drawn.update(Math.floor(100 * now.share), {
        activities: tally.activities.toLocaleString("en"),
        pages: tally.pages.toLocaleString("en"),
        left: leftMs === null ? "" : `, about ${duration(leftMs)} left`,
        doing: "",
      });
    },
    onWait: (reason, waitMs) => drawn.update({ doing: `${reason.slice(0, 60)}, again in ${seconds(waitMs)}` }),
    note: (text) => notes.push(text),
    stop: () => {
      drawn.stop();
      for (const text of notes.splice(0)) print(text);
    },
  };
}

/** How far along the cursor field the scan is, 0 to 1. */
export function shareOf({ fromMs, untilMs, startedMs, atMs }: Tally): number {
  const endMs = untilMs ?? startedMs;
  if (atMs === null || endMs <= fromMs) return 0;
  return Math.min(1, Math.max(0, (atMs - fromMs) / (endMs - fromMs)));
}

/** How long the rest will take at the pace since `first`, in ms; null: nothing can be said. */
export function leftFrom(first: Moment, now: Moment): number | null {
  const done = now.share - first.share;
  return done <= 0 ? null : ((now.atMs - first.atMs) * (1 - now.share)) / done;
}

function duration(ms: number): string {
  if (ms < 90_000) return seconds(ms);
  return ms < 5_400_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
