import { isoOf } from "../kit/iso.ts";
import type { TransactionResult } from "./events.ts";
import type { Noted, ScanStatus, ShardStatus, TenantStatus } from "./status.ts";

/** Tenants and scans, as far as they are shown. */
export interface Shown {
  readonly tenants: readonly { readonly name: string; readonly requestsPerMinute: number }[];
  readonly scans: readonly { readonly tenant: string; readonly name: string }[];
}

export interface StatusOptions extends Shown {
  readonly version: string;
  readonly startedAtMs: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type TenantMemory = Mutable<Omit<TenantStatus, "throttledUntil">> & {
  throttledUntilMs: number;
  usedAtMs: number;
};
export type ScanMemory = Mutable<Omit<ScanStatus, "caughtUp" | "lagSeconds" | "publishedLastMinute">> & {
  caughtUpMs: number | null;
};
export type ShardMemory = Mutable<Omit<ShardStatus, "transactions">> & {
  transactions: Record<TransactionResult, number>;
};

export interface Memory {
  cursorsTopic: string | null;
  stopping: string | null;
  configuredAtMs: number;
  refused: Noted | null;
  readonly stages: Map<string, { readonly stage: string; readonly sinceMs: number }>;
  readonly shards: Map<number, ShardMemory>;
  readonly tenants: Map<string, TenantMemory>;
  readonly scans: Map<string, ScanMemory>;
}

export function remember({ tenants, scans, startedAtMs }: StatusOptions): Memory {
  return {
    cursorsTopic: null,
    stopping: null,
    configuredAtMs: startedAtMs,
    refused: null,
    stages: new Map(),
    shards: new Map(),
    tenants: new Map(tenants.map(({ name, requestsPerMinute }) => [name, newTenant(name, requestsPerMinute)])),
    scans: new Map(scans.map(({ tenant, name }) => [scanKey(tenant, name), newScan(tenant, name, startedAtMs)])),
  };
}

export function configure(memory: Memory, shown: Shown, nowMs: number): void {
  const next = remember({ ...shown, version: "", startedAtMs: nowMs });
  for (const [name, { requestsPerMinute }] of next.tenants) {
    const known = memory.tenants.get(name);
    if (known === undefined) continue;
    known.requestsPerMinute = { ...known.requestsPerMinute, limit: requestsPerMinute.limit };
    next.tenants.set(name, known);
  }
  for (const [key, scan] of next.scans) next.scans.set(key, memory.scans.get(key) ?? scan);
  refill(memory.tenants, next.tenants);
  refill(memory.scans, next.scans);
}

function newTenant(tenant: string, limit: number): TenantMemory {
  return {
    tenant,
    requestsPerMinute: { limit, used: 0 },
    requests: 0,
    throttled: 0,
    throttledUntilMs: 0,
    usedAtMs: 0,
    credentialExpiresAt: null,
    clockSkewSeconds: null,
  };
}

function newScan(tenant: string, scan: string, sinceMs: number): ScanMemory {
  return {
    tenant,
    scan,
    state: "starting",
    since: isoOf(sinceMs),
    ...UNKNOWN,
    counts: {
      pages: 0,
      read: 0,
      published: 0,
      duplicates: 0,
      deadLettered: 0,
      late: 0,
      outsideMemory: 0,
      bytes: 0,
      anomalies: 0,
    },
    lastAnomaly: null,
    lastError: null,
  };
}

/** Where a scan stands, as long as nobody who has it says so. */
export const UNKNOWN = {
  reason: null,
  cursorField: null,
  position: null,
  caughtUpMs: null,
  settledUntil: null,
  openGaps: 0,
  silence: null,
  openMismatches: 0,
  mismatches: [],
  jobs: [],
  lateness: [],
  residualRisk: null,
};

/** In the order of `items`. */
function refill<K, V>(map: Map<K, V>, items: ReadonlyMap<K, V>): void {
  map.clear();
  for (const [key, value] of items) map.set(key, value);
}

export function scanKey(tenant: string, scan: string): string {
  return JSON.stringify([tenant, scan]);
}
