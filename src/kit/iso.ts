const MAX_MS = 8.64e15;

/** ISO 8601, whatever a peer's clock says: an impossible time is the end of time, never an exception. */
export function isoOf(epochMs: number): string {
  return new Date(Math.max(-MAX_MS, Math.min(MAX_MS, epochMs))).toISOString();
}
