import type { ScanConfig } from "../config/config.ts";
import { ageText } from "../kit/age.ts";
import type { Event, JobProgress, Lateness } from "../observe/events.ts";
import { lastDay, newestGaps } from "../scan/day.ts";
import { settledUntilMs } from "../scan/lookback.ts";
import { lookbackName } from "../scan/planner.ts";
import { countsOf } from "../scan/verify.ts";
import type { ScanMemory } from "./scan-memory.ts";

/** Open gaps that are named one by one; all are counted. */
const GAPS_NAMED_MAX = 50;

/** Hours that differ from the API which are named, the newest; all are counted, and in the ledgers. */
const MISMATCHES_TOLD_MAX = 20;

/** Where a scan stands. */
export function cursorMoved({ tenant, name }: ScanConfig, memory: ScanMemory, serverNowMs: number): Event {
  const { cursor, slices } = memory;
  const lateness = latenessOf(memory);
  const mismatches = slices.mismatches.map(([sliceMs, { verified, ids }]) => {
    return { sliceMs, published: ids, shown: verified?.ids ?? 0, atMs: verified?.atMs ?? 0 };
  });
  return {
    type: "cursor_moved",
    tenant,
    scan: name,
    positionMs: cursor.positionMs,
    caughtUpMs: memory.caughtUpMs,
    settledUntilMs: settledUntilMs(memory),
    openGaps: slices.openGaps,
    openMismatches: mismatches.length,
    mismatches: mismatches.slice(-MISMATCHES_TOLD_MAX),
    jobs: progressOf(memory),
    lateness,
    residualRisk: residualRiskOf(lateness, cursor.counts.published),
    slices: lastDay(memory.state, serverNowMs),
    gaps: newestGaps(slices, GAPS_NAMED_MAX),
  };
}

function progressOf(memory: ScanMemory): JobProgress[] {
  return [...memory.jobs]
    .filter(([, job]) => job.origin !== "lookback")
    .map(([reader, { whole, fromMs, untilMs, paused, counts, verify }]) => {
      const lengthMs = whole.untilMs - whole.fromMs + 1;
      const leftMs = Math.max(0, untilMs - fromMs + 1);
      return {
        reader,
        fromMs: whole.fromMs,
        untilMs: whole.untilMs,
        done: 1 - leftMs / lengthMs,
        paused,
        published: counts.published,
        verified: verify === null ? null : countsOf(verify),
      };
    });
}

/** What each age has found that nobody had seen before. */
function latenessOf(memory: ScanMemory): Lateness[] {
  return memory.cursor.lookbacks.map(({ ageMs }) => {
    const counts = memory.jobs.get(lookbackName(ageMs))?.counts;
    return { age: ageText(ageMs), read: counts?.read ?? 0, found: counts?.published ?? 0 };
  });
}

/**
 * The share of what was published that was first seen at the last age: about as much may become visible later
 * still, and is not found. Null without lookbacks, or before anything was published.
 */
function residualRiskOf(lateness: readonly Lateness[], published: number): number | null {
  const last = lateness.at(-1);
  return last === undefined || published === 0 ? null : last.found / published;
}
