/** A reader that wants to ask something, and when. Times are monotonic ms. */
export interface Due {
  readonly dueMs: number;
  /** When its last request was sent; `-Infinity` before the first. */
  readonly servedMs: number;
}

/**
 * Which of a tenant's readers asks next: of those that are due the one served longest ago, so that none
 * starves; else the one that is due first, for the caller to wait for. Null when there are none.
 */
export function nextDue<T extends Due>(readers: readonly T[], nowMs: number): T | null {
  const due = readers.filter((reader) => reader.dueMs <= nowMs);
  const order: (a: Due, b: Due) => number =
    due.length > 0 ? (a, b) => a.servedMs - b.servedMs : (a, b) => a.dueMs - b.dueMs;
  return [...(due.length > 0 ? due : readers)].sort(order)[0] ?? null;
}
