import type { Known } from "../../../src/page/overview.ts";
import type { Listed } from "../../../src/page/whereabouts.ts";

export const AT = "2026-11-25T09:00:00.000Z";

const COUNTS = { pages: 1, read: 1, duplicates: 0, late: 0, outsideMemory: 0, bytes: 1, anomalies: 0 };

/** A scan that is caught up, but for `changes`. */
export function scan(name: string, changes: Partial<Listed> & { readonly published?: number } = {}): Listed {
  const { published = 0, ...more } = changes;
  return {
    tenant: "contoso",
    scan: name,
    state: "idle",
    reason: null,
    since: AT,
    cursorField: "created",
    position: AT,
    caughtUp: AT,
    lagSeconds: 5,
    settledUntil: AT,
    openGaps: 0,
    openMismatches: 0,
    mismatches: [],
    silence: null,
    jobs: [],
    lateness: [],
    residualRisk: null,
    counts: { ...COUNTS, published, deadLettered: 0 },
    publishedLastMinute: 0,
    lastAnomaly: null,
    lastError: null,
    isHere: true,
    ...more,
  };
}

export function tenant(name: string, changes: Partial<Known["tenants"][number]> = {}): Known["tenants"][number] {
  return {
    tenant: name,
    requestsPerMinute: { limit: 30, used: 10 },
    requests: 100,
    throttled: 0,
    throttledUntil: null,
    credentialExpiresAt: null,
    clockSkewSeconds: null,
    ...changes,
  };
}

export function known(scans: readonly Listed[], changes: Partial<Known> = {}): Known {
  return {
    version: "1",
    cursorsTopic: "cursors",
    startedAt: AT,
    uptimeSeconds: 1,
    stopping: null,
    configuration: { readAt: AT, refused: null },
    stages: [],
    shards: [],
    tenants: [tenant("contoso")],
    scans,
    ...changes,
  };
}
