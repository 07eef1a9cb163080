import type { Random } from "./random.ts";

export interface BackoffOptions {
  readonly firstMs: number;
  readonly capMs: number;
}

/**
 * How long to wait before attempt `attempt` + 1, after `attempt` (from 1) failures in a row: full jitter
 * over an exponentially growing, capped range, never less than a quarter of it so that no retry is instant.
 */
export function backoffMs(attempt: number, options: BackoffOptions, random: Random): number {
  const rangeMs = Math.min(options.capMs, options.firstMs * 2 ** Math.min(attempt - 1, 30));
  return rangeMs / 4 + random() * rangeMs * 0.75;
}
