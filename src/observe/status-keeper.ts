import { isoOf } from "../kit/iso.ts";
import { type Event, LAST_STAGES, type ScanState } from "./events.ts";
import { openHistory } from "./history-keeper.ts";
import { silenceOf } from "./silence-status.ts";
import type { History, ScanCounts, ScanStatus, Status, TenantStatus } from "./status.ts";
import {
  configure,
  type Memory,
  remember,
  type ScanMemory,
  type ShardMemory,
  type Shown,
  type StatusOptions,
  scanKey,
  type TenantMemory,
  UNKNOWN,
} from "./status-memory.ts";

export interface StatusKeeper {
  record(event: Event, nowMs: number): void;
  /** From now on these are shown, those that were there before with what is known of them. */
  configure(shown: Shown, nowMs: number): void;
  status(nowMs: number): Status;
  /** Null: all scans together. Undefined: there is no such scan. */
  history(scan: string | null, nowMs: number): History | undefined;
}

/** Folds events into what the connector does now. Its size follows the configuration, not the uptime. */
export function openStatus(options: StatusOptions): StatusKeeper {
  const memory = remember(options);
  const history = openHistory(options);
  return {
    record(event, nowMs) {
      record(memory, event, nowMs);
      history.record(event, nowMs);
    },
    configure(shown, nowMs) {
      configure(memory, shown, nowMs);
      history.configure(shown);
    },
    history: (scan, nowMs) => history.history(scan, nowMs),
    status: (nowMs) => ({
      version: options.version,
      cursorsTopic: memory.cursorsTopic,
      startedAt: isoOf(options.startedAtMs),
      uptimeSeconds: secondsBetween(options.startedAtMs, nowMs),
      stopping: memory.stopping,
      configuration: { readAt: isoOf(memory.configuredAtMs), refused: memory.refused },
      stages: [...memory.stages].map(([subject, { stage, sinceMs }]) => {
        return { subject, stage, since: isoOf(sinceMs), seconds: secondsBetween(sinceMs, nowMs) };
      }),
      shards: [...memory.shards.values()].sort((a, b) => a.shard - b.shard),
      tenants: [...memory.tenants.values()].map((tenant) => showTenant(tenant, nowMs)),
      scans: [...memory.scans.values()].map((scan) => {
        return showScan(scan, history.publishedLastMinute(scan.scan, nowMs), nowMs);
      }),
    }),
  };
}

type Of<T extends Event["type"]> = Extract<Event, { readonly type: T }>;

const MINUTE_MS = 60_000;

function record(memory: Memory, event: Event, nowMs: number): void {
  switch (event.type) {
    case "connector_started":
      memory.cursorsTopic = event.cursorsTopic;
      return;
    case "connector_stopping":
      memory.stopping = event.reason;
      return;
    case "config_reloaded":
      Object.assign(memory, { configuredAtMs: event.atMs, refused: null });
      return;
    case "config_refused":
      memory.refused = { message: event.reason, at: isoOf(nowMs) };
      return;
    case "stage":
      if (LAST_STAGES.has(event.stage)) memory.stages.delete(event.subject);
      else if (memory.stages.get(event.subject)?.stage !== event.stage) {
        memory.stages.set(event.subject, { stage: event.stage, sinceMs: nowMs });
      }
      return;
    case "shard_opened":
    case "shard_released":
    case "transaction_ended":
      recordShard(shardOf(memory, event.shard, nowMs), event, nowMs);
      if (event.type === "shard_released") leaveTenants(memory, event.shard, nowMs);
      return;
    case "field_mismatch":
      return;
    default:
      recordOfTenant(memory, event, nowMs);
  }
}

function recordOfTenant(
  memory: Memory,
  event: Exclude<
    Event,
    | { readonly shard: number }
    | Of<"connector_started" | "connector_stopping" | "config_reloaded" | "config_refused" | "stage" | "field_mismatch">
  >,
  nowMs: number,
): void {
  const tenant = memory.tenants.get(event.tenant);
  if (tenant !== undefined) recordTenant(tenant, event, nowMs);
  if (!("scan" in event)) return;
  const scan = memory.scans.get(scanKey(event.tenant, event.scan));
  if (scan !== undefined) recordScan(scan, event, nowMs);
}

function recordShard(shard: ShardMemory, event: Extract<Event, { readonly shard: number }>, nowMs: number): void {
  switch (event.type) {
    case "shard_opened":
      Object.assign(shard, { owned: true, tenants: event.tenants, since: isoOf(nowMs) });
      return;
    case "shard_released":
      Object.assign(shard, { owned: false, since: isoOf(nowMs) });
      return;
    case "transaction_ended":
      shard.transactions[event.result] += 1;
      if (event.error !== null) shard.lastError = { message: event.error, at: isoOf(nowMs) };
  }
}

/**
 * What is said of tenants and scans whose shard was given up would be out of date from now on: its owner says it. What
 * was counted here, and the last errors with their times, stay.
 */
function leaveTenants(memory: Memory, shard: number, nowMs: number): void {
  const left = memory.shards.get(shard)?.tenants ?? [];
  for (const tenant of memory.tenants.values()) {
    if (!left.includes(tenant.tenant)) continue;
    const { limit } = tenant.requestsPerMinute;
    const seenByAsking = { requestsPerMinute: { limit, used: 0 }, credentialExpiresAt: null, clockSkewSeconds: null };
    Object.assign(tenant, { ...seenByAsking, throttledUntilMs: 0 });
  }
  for (const scan of memory.scans.values()) {
    if (left.includes(scan.tenant)) Object.assign(scan, { state: "stopped", since: isoOf(nowMs), ...UNKNOWN });
  }
}

function recordTenant(tenant: TenantMemory, event: Event, nowMs: number): void {
  switch (event.type) {
    case "request_answered":
      tenant.requests += 1;
      if (event.verdict === "throttled") tenant.throttled += 1;
      if (event.skewMs !== null) tenant.clockSkewSeconds = event.skewMs / 1_000;
      return;
    case "waited":
      if (event.reason === "retry_after") tenant.throttledUntilMs = nowMs + event.waitMs;
      return;
    case "budget":
      tenant.requestsPerMinute = { limit: event.limitPerMinute, used: event.usedLastMinute };
      tenant.usedAtMs = nowMs;
      return;
    case "credential":
      tenant.credentialExpiresAt = isoOf(event.expiresAtMs);
  }
}

function recordScan(scan: ScanMemory, event: Event, nowMs: number): void {
  switch (event.type) {
    case "scan_state":
      if (scan.state !== event.state) scan.since = isoOf(nowMs);
      Object.assign(scan, { state: event.state, reason: event.reason });
      if (event.reason !== null && isTrouble(event.state)) scan.lastError = { message: event.reason, at: isoOf(nowMs) };
      return;
    case "cursor_field_decided":
      scan.cursorField = event.field;
      return;
    case "page_published":
      count(scan.counts, event);
      return;
    case "cursor_moved":
      scan.position = event.positionMs === null ? null : isoOf(event.positionMs);
      Object.assign(scan, { caughtUpMs: event.caughtUpMs, openGaps: event.openGaps });
      scan.settledUntil = isoOf(event.settledUntilMs);
      scan.jobs = event.jobs.map(({ fromMs, untilMs, ...job }) => ({
        ...job,
        from: isoOf(fromMs),
        until: isoOf(untilMs),
      }));
      Object.assign(scan, { lateness: event.lateness, residualRisk: event.residualRisk });
      scan.openMismatches = event.openMismatches;
      scan.mismatches = event.mismatches.map(({ sliceMs, atMs, ...counts }) => {
        return { slice: isoOf(sliceMs), ...counts, at: isoOf(atMs) };
      });
      return;
    case "silence":
      scan.silence = silenceOf(event);
      return;
    case "anomaly":
      scan.counts.anomalies += 1;
      scan.lastAnomaly = { kind: event.kind, message: event.detail, at: isoOf(nowMs) };
  }
}

function count(counts: ScanCounts, page: Of<"page_published">): void {
  counts.pages += 1;
  const names = ["read", "published", "duplicates", "deadLettered", "late", "outsideMemory", "bytes"] as const;
  for (const name of names) counts[name] += page[name];
}

function isTrouble(state: ScanState): boolean {
  return state === "retrying" || state === "unauthorized" || state === "blocked" || state === "suspect";
}

function shardOf(memory: Memory, shard: number, nowMs: number): ShardMemory {
  const known = memory.shards.get(shard);
  if (known !== undefined) return known;
  const transactions = { committed: 0, failed: 0, fenced: 0 };
  const made: ShardMemory = { shard, owned: false, tenants: [], since: isoOf(nowMs), transactions, lastError: null };
  memory.shards.set(shard, made);
  return made;
}

function showTenant({ throttledUntilMs, usedAtMs, ...tenant }: TenantMemory, nowMs: number): TenantStatus {
  const { limit, used } = tenant.requestsPerMinute;
  return {
    ...tenant,
    // It is told with each request: of a tenant that is asked less often, the minute's count goes out of date.
    requestsPerMinute: { limit, used: nowMs - usedAtMs < MINUTE_MS ? used : 0 },
    throttledUntil: throttledUntilMs > nowMs ? isoOf(throttledUntilMs) : null,
  };
}

function showScan({ caughtUpMs, ...scan }: ScanMemory, publishedLastMinute: number, nowMs: number): ScanStatus {
  const caughtUp = caughtUpMs === null ? null : isoOf(caughtUpMs);
  const lagSeconds = caughtUpMs === null ? null : Math.max(0, secondsBetween(caughtUpMs, nowMs));
  return { ...scan, counts: { ...scan.counts }, publishedLastMinute, caughtUp, lagSeconds };
}

function secondsBetween(fromMs: number, untilMs: number): number {
  return Math.round((untilMs - fromMs) / 100) / 10;
}
