/** Whether the connector answers. Times are epoch ms by the viewer's clock. */
export type Contact =
  | { readonly kind: "asking" }
  | { readonly kind: "live"; readonly atMs: number }
  /** Since when, how often in a row, and what came instead. */
  | { readonly kind: "away"; readonly sinceMs: number; readonly failures: number; readonly reason: string };

const POLL_MS = 5_000;
const AWAY_MAX_MS = 60_000;

export function failed(contact: Contact, nowMs: number, reason: string): Contact {
  const away = contact.kind === "away" ? contact : { sinceMs: nowMs, failures: 0 };
  return { kind: "away", sinceMs: away.sinceMs, failures: away.failures + 1, reason };
}

/** How long to wait before asking again: longer each time while the connector is away. */
export function pauseMs(contact: Contact): number {
  if (contact.kind !== "away") return POLL_MS;
  return Math.min(AWAY_MAX_MS, POLL_MS * 2 ** (contact.failures - 1));
}
