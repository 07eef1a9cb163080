import { setTimeout as delay } from "node:timers/promises";
import type { Fleet, Replica } from "./replicas.ts";
import { medianOf, type ShardStory } from "./shard-story.ts";

/** What was done to the replicas, and when. */
export interface Chapter {
  readonly what: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** With brokers away a rebalance takes its time. */
const BALANCED_MAX_MS = 120_000;

/** A chapter of the story: `act`, until the replicas that it leaves have spread the shards and each has committed. */
export async function chapter(fleet: Fleet, what: string, act: () => Promise<readonly Replica[]>): Promise<Chapter> {
  const fromMs = Date.now();
  await fleet.balanced(await act(), BALANCED_MAX_MS);
  await fleet.allCommit(Date.now());
  return { what, fromMs, untilMs: Date.now() };
}

const others = (fleet: Fleet, without: Replica) => fleet.running.filter((replica) => replica !== without);

/**
 * SIGSTOP for so long that somebody else has its shards, then SIGCONT.
 * @returns also the requests to tenants that it began before it had heard that it lost them; epoch ms.
 */
export async function zombie(fleet: Fleet, stopped: Replica, stoppedMs: number) {
  const share = (await stopped.owned()).length;
  const away = await chapter(fleet, "stop", async () => {
    stopped.process.signal("SIGSTOP");
    await delay(stoppedMs);
    return others(fleet, stopped);
  });
  const releasedBefore = stopped.log.of("shard_released").length;
  const contMs = Date.now();
  const back = await chapter(fleet, "cont", async () => {
    stopped.process.signal("SIGCONT");
    return fleet.running;
  });
  // It loses them all at once, as it joins anew.
  const released = stopped.log.of("shard_released").slice(releasedBefore);
  const toldMs = released.length < share ? Date.now() : Math.min(...released.map(({ time }) => Date.parse(time)));
  const begun = stopped.requestsMs.filter((atMs) => atMs >= contMs && atMs < toldMs);
  return { chapters: [away, back], begun };
}

/** One after the other is stopped in good order and replaced. @throws Error when one does not end as SIGTERM asks. */
export async function roll(fleet: Fleet, replace: (old: Replica) => Promise<Replica>): Promise<Chapter[]> {
  const chapters: Chapter[] = [];
  for (const old of fleet.running) {
    chapters.push(
      await chapter(fleet, "stopped", async () => {
        const { code } = await old.process.stop();
        if (code !== 143) throw new Error(`${old.name} ended with ${code}, not by SIGTERM in good order`);
        return fleet.running;
      }),
      await chapter(fleet, "started", async () => [...fleet.running, await replace(old)]),
    );
  }
  return chapters;
}

/** Times in ms; medians and worsts are null of none. */
export interface Spread {
  readonly count: number;
  readonly medianMs: number | null;
  readonly worstMs: number | null;
}

/** The longest times without a commit in one kind of chapter, of shards that changed owner and of those that stayed. */
export interface Silence {
  readonly what: string;
  readonly moved: Spread;
  readonly kept: Spread;
}

export function spreadOf(values: readonly number[]): Spread {
  const [medianMs, worstMs] = values.length === 0 ? [null, null] : [medianOf(values), Math.max(...values)];
  return { count: values.length, medianMs, worstMs };
}

/** One row for each kind of chapter, in their order. */
export function silencesOf(story: ShardStory, chapters: readonly Chapter[]): Silence[] {
  return [...new Set(chapters.map(({ what }) => what))].map((what) => {
    const of = chapters.filter((each) => each.what === what).map((each) => story.silences(each.fromMs, each.untilMs));
    const [moved, kept] = [of.flatMap((each) => each.moved), of.flatMap((each) => each.kept)];
    return { what, moved: spreadOf(moved), kept: spreadOf(kept) };
  });
}

export const spreadText = ({ count, medianMs, worstMs }: Spread): string =>
  count === 0 ? "none" : `${count}: ${medianMs}/${worstMs} ms`;

/** For a person. */
export function silenceText(rows: readonly Silence[]): string {
  const lines = rows.map(({ what, moved, kept }) => {
    return `  ${what.padEnd(14)} moved ${spreadText(moved)}, kept ${spreadText(kept)}`;
  });
  return ["without a commit, shards: median/worst", ...lines].join("\n");
}
