import type { Ledger } from "./ledger.ts";
import { SLICE_MS } from "./slice.ts";

/** What is known of an hour of the cursor field. */
export interface SliceLedger extends Pick<Ledger, "published" | "deadLettered" | "remembered"> {
  readonly sliceMs: number;
}

/** A stretch of the cursor field: `fromMs` included, `untilMs` excluded. Epoch ms. */
export interface Range {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface CostBasis {
  /** Of one scan on one cursor field, each slice once. */
  readonly ledgers: readonly SliceLedger[];
  /** Activities a request brings at most. */
  readonly pageSize: number;
  /** The tenant's budget; what other readers need of it is not taken off. */
  readonly requestsPerMinute: number;
}

/** What reading a range once is likely to take. */
export interface Cost {
  readonly activities: number;
  /** At least one, for a range that holds nothing. */
  readonly requests: number;
  /** At the tenant's full pace, with nobody else asking. */
  readonly minutes: number;
  /** Whether every hour of the range has a ledger. Others are taken at the mean of the known ones; without any, at 0. */
  readonly measured: boolean;
}

/** An hour in part counts in proportion. */
export function costOf(range: Range, { ledgers, pageSize, requestsPerMinute }: CostBasis): Cost {
  const counts = new Map(ledgers.map((ledger) => [ledger.sliceMs, countOf(ledger)]));
  const mean = counts.size === 0 ? 0 : [...counts.values()].reduce((sum, count) => sum + count, 0) / counts.size;
  const lengthMs = Math.max(0, range.untilMs - range.fromMs);
  let knownMs = 0;
  let known = 0;
  for (const [sliceMs, count] of counts) {
    const shared = sharedMs(range, sliceMs);
    knownMs += shared;
    known += (count * shared) / SLICE_MS;
  }
  const activities = Math.round(known + (mean * (lengthMs - knownMs)) / SLICE_MS);
  const requests = Math.max(1, Math.ceil(activities / pageSize));
  return { activities, requests, minutes: requests / paceOf(requestsPerMinute), measured: knownMs === lengthMs };
}

const countOf = ({ published, deadLettered }: SliceLedger): number => published + deadLettered;

/** How much of a slice lies in the range. */
export function sharedMs({ fromMs, untilMs }: Range, sliceMs: number): number {
  return Math.max(0, Math.min(untilMs, sliceMs + SLICE_MS) - Math.max(fromMs, sliceMs));
}

/** Requests go out at one less than the budget. */
const paceOf = (requestsPerMinute: number): number => Math.max(1, requestsPerMinute - 1);
