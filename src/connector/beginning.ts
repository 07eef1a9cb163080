import type { ScanConfig, Start } from "../config/config.ts";
import { type Job, newJob } from "../scan/job.ts";
import { OVERLAP_MS } from "../scan/tail.ts";

/** How a scan without state begins. */
export interface Beginning {
  /**
   * The tail's position: its first pass asks from an overlap before it. Where nothing lies before the scan that is its
   * start; beside a backfill it overlaps that, since what is saved out of order may show only after it was read.
   */
  readonly tailMs: number;
  /** What lies before it; null: nothing. */
  readonly backfill: Job | null;
}

/**
 * The tail begins at the configured start; where that lies further back than `catchUp.after` and the newest come
 * first, at now, and the stretch up to then is a backfill.
 */
export function beginningOf({ start, catchUp }: ScanConfig, serverNowMs: number): Beginning {
  const fromMs = fromOf(start, serverNowMs);
  const isFar = catchUp.order === "newest-first" && serverNowMs - fromMs > catchUp.afterMs;
  if (!isFar) return { tailMs: fromMs + OVERLAP_MS, backfill: null };
  const whole = { fromMs, untilMs: serverNowMs - 1 };
  return { tailMs: serverNowMs, backfill: newJob({ origin: "backfill", order: "desc", whole }) };
}

function fromOf(start: Start, serverNowMs: number): number {
  if (start.kind === "instant") return start.atMs;
  return serverNowMs - (start.kind === "age" ? start.ageMs : 0);
}
