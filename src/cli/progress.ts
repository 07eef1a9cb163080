import progress from "cli-progress";
import { hideSecrets } from "../kit/secret.ts";
import type { Traffic } from "./asker.ts";
import type { Tally } from "./one-shot.ts";

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
}

export function openProgress({ stderr, bar }: ProgressOptions): Progress {
  const print = (text: string) => stderr.write(hideSecrets(`${text}\n`));
  if (!bar) return { onPage: () => {}, onWait: () => {}, note: print, stop: () => {} };
  const notes: string[] = [];
  const drawn = new progress.SingleBar({
    format: "{bar} {percentage}%  {activities} activities, pages: {pages}  {doing}",
    stream: stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 24,
    fps: 5,
  });
  drawn.start(100, 0, { activities: "0", pages: "0", doing: "asking the tenant" });
  return {
    onPage: (tally) => {
      const { activities, pages } = tally;
      drawn.update(percentOf(tally), {
        activities: activities.toLocaleString("en"),
        pages: pages.toLocaleString("en"),
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

/** How far along the cursor field the scan is, 0 to 100. */
export function percentOf({ fromMs, untilMs, startedMs, highestMs }: Tally): number {
  const endMs = untilMs ?? startedMs;
  if (highestMs === null || endMs <= fromMs) return 0;
  return Math.min(100, Math.max(0, Math.floor((100 * (highestMs - fromMs)) / (endMs - fromMs))));
}

/** The one line at the end. */
export function summaryOf(tally: Tally, traffic: Traffic, ending: string): string {
  const { activities, pages, repeats, defects, gaps, field, fromMs, untilMs } = tally;
  const parts = [
    count(activities, "activity", "activities"),
    count(pages, "page", "pages"),
    count(traffic.requests, "request", "requests"),
    `throttled ${seconds(traffic.throttledMs)}`,
    ...(repeats > 0 ? [`${count(repeats, "repeat", "repeats")} left out`] : []),
    ...(defects > 0 ? [`${defects} not JSON objects with an id, written as they came`] : []),
    ...(gaps > 0 ? [`${count(gaps, "gap", "gaps")}`] : []),
  ];
  const iso = (ms: number) => new Date(ms).toISOString();
  const range = fromMs === 0 ? "" : `; ${field} from ${iso(fromMs)} to ${untilMs === null ? "now" : iso(untilMs)}`;
  return `scan ${ending}: ${parts.join(", ")}${range}`;
}

const seconds = (ms: number): string => `${Math.ceil(ms / 1_000)} s`;

const count = (n: number, one: string, many: string): string => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
