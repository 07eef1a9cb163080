import type { Lateness, ScanState, SliceState, TransactionResult, Verdict } from "./events.ts";

/** What the connector does now, as JSON-able data. Times are ISO 8601 in UTC; null: not known, or not yet. */
export interface Status {
  readonly version: string;
  readonly cursorsTopic: string | null;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  /** Why it is stopping; null while it runs. */
  readonly stopping: string | null;
  readonly configuration: {
    /** When the one in force was read. */
    readonly readAt: string;
    /** Why what was read since then is not in force; null where nothing was, or it is. */
    readonly refused: Noted | null;
  };
  /** Steps of a start or stop that are not done. */
  readonly stages: readonly {
    readonly subject: string;
    readonly stage: string;
    readonly since: string;
    readonly seconds: number;
  }[];
  readonly shards: readonly ShardStatus[];
  readonly tenants: readonly TenantStatus[];
  readonly scans: readonly ScanStatus[];
}

export interface ShardStatus {
  readonly shard: number;
  readonly owned: boolean;
  readonly tenants: readonly string[];
  readonly since: string;
  readonly transactions: Readonly<Record<TransactionResult, number>>;
  readonly lastError: Noted | null;
}

export interface TenantStatus {
  readonly tenant: string;
  readonly requestsPerMinute: { readonly limit: number; readonly used: number };
  readonly requests: number;
  readonly throttled: number;
  /** Null when it is not waiting for the tenant's leave. */
  readonly throttledUntil: string | null;
  readonly credentialExpiresAt: string | null;
  readonly clockSkewSeconds: number | null;
}

export interface ScanStatus {
  readonly tenant: string;
  readonly scan: string;
  readonly state: ScanState;
  readonly reason: string | null;
  readonly since: string;
  readonly cursorField: string | null;
  readonly position: string | null;
  readonly caughtUp: string | null;
  readonly lagSeconds: number | null;
  /** Nothing before this is owed any more. */
  readonly settledUntil: string | null;
  readonly openGaps: number;
  /** Hours that differ from the API, by the last comparison: how many, and the newest of them. */
  readonly openMismatches: number;
  readonly mismatches: readonly MismatchStatus[];
  /** Null: the scan shows something, be it what is known already. */
  readonly silence: SilenceStatus | null;
  /** Range jobs that are not done yet. */
  readonly jobs: readonly JobStatus[];
  /** What each age of the lookbacks has read again, and what of it nobody had seen before. */
  readonly lateness: readonly Lateness[];
  /** The share of all published that was first seen at the last age: about as much may come later still. */
  readonly residualRisk: number | null;
  /** Since the process began. */
  readonly counts: ScanCounts;
  /** Activities, in the last full minute. */
  readonly publishedLastMinute: number;
  readonly lastAnomaly: (Noted & { readonly kind: string }) | null;
  readonly lastError: Noted | null;
}

/** How long a scan has shown nothing, and what a wider query, without its filters, said of that. */
export interface SilenceStatus {
  readonly since: string;
  /** How long it lasts before it is looked into. */
  readonly baselineSeconds: number;
  /** When a wider query last showed `found` activities: idle, proven. Null: it has not, or shows none any more. */
  readonly provenAt: string | null;
  readonly found: number;
  /** Since when a wider query shows nothing either. */
  readonly suspectSince: string | null;
}

export interface JobStatus {
  readonly reader: string;
  readonly from: string;
  readonly until: string;
  /** The share of its stretch that is read. */
  readonly done: number;
  readonly paused: boolean;
  readonly published: number;
  /** Of a verify job: the hours that it has compared, by what came of it; null: it compares nothing. */
  readonly verified: Readonly<Record<Verdict, number>> | null;
}

export interface MismatchStatus {
  /** The hour, by its beginning. */
  readonly slice: string;
  /** Ids published or dead-lettered, and ids that the API showed. */
  readonly published: number;
  readonly shown: number;
  readonly at: string;
}

export interface ScanCounts {
  pages: number;
  read: number;
  published: number;
  duplicates: number;
  deadLettered: number;
  late: number;
  outsideMemory: number;
  bytes: number;
  anomalies: number;
}

export interface Noted {
  readonly message: string;
  readonly at: string;
}

/**
 * The last hour in equal steps, the oldest first, of a scan and its tenant or of all together: their sum, and the
 * largest lag. Null: before the process began, or not known.
 */
export interface History {
  readonly stepSeconds: number;
  /** When the last step ended. */
  readonly until: string;
  /** Activities published in each step. */
  readonly published: readonly (number | null)[];
  readonly lagSeconds: readonly (number | null)[];
  /** Requests to the tenant in each step, and those of them that it throttled. */
  readonly requests: readonly (number | null)[];
  readonly throttled: readonly (number | null)[];
  /** What the tenant's budget allowed in a minute at the end of each step; null while this process did not ask it. */
  readonly limitPerMinute: readonly (number | null)[];
  /** Of one scan only. */
  readonly scan: ScanDay | null;
}

/** A scan's last day on its cursor field. */
export interface ScanDay {
  readonly tenant: string;
  readonly scan: string;
  readonly slices: readonly SliceStatus[];
  /** The newest open gaps, the newest first; `openGaps` in `/status` counts them all. */
  readonly gaps: readonly { readonly from: string; readonly until: string; readonly reason: string }[];
}

/** An hour of the cursor field. */
export interface SliceStatus {
  readonly from: string;
  readonly state: SliceState;
  readonly published: number;
  readonly duplicates: number;
  readonly deadLettered: number;
  readonly late: number;
}
