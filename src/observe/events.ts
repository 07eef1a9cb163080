import type { ErrorCode } from "../kit/errors.ts";

/** What a scan is doing, as one word: the label of `scan_state`, and in `/status`. */
export const SCAN_STATES = [
  "starting",
  "reading",
  "idle",
  "suspect",
  "throttled",
  "retrying",
  "unauthorized",
  "blocked",
  "paused",
  "stopped",
] as const;
export type ScanState = (typeof SCAN_STATES)[number];

/** Things that the API should not do but does; each is counted, none is passed over. */
export const ANOMALIES = [
  "contract_error",
  "filters_rejected",
  "field_not_honoured",
  "out_of_bounds",
  "order_not_honoured",
  "empty_page_with_next",
  "empty_page_with_total",
  "stall",
  "repeated_in_pass",
  "page_too_large",
  "outside_memory",
  "lookbacks_refused",
] as const;
export type Anomaly = (typeof ANOMALIES)[number];

/** Who has asked for another configuration: a signal, or the file by having changed. */
export type ReloadCause = "signal" | "file";

/** Of tenants or scans, by name. */
export interface NamedChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export type WaitReason = "budget" | "retry_after" | "backoff";
export type TransactionResult = "committed" | "failed" | "fenced";
/** `2xx` … `5xx`, or `error` when no response came. */
export type CodeClass = "2xx" | "3xx" | "4xx" | "5xx" | "error";

/** Stages after which nothing is awaited any more. */
export const LAST_STAGES: ReadonlySet<string> = new Set(["running", "owned", "released", "done"]);

/** A range job that is not done yet. */
export interface JobProgress {
  readonly reader: string;
  readonly fromMs: number;
  readonly untilMs: number;
  /** The share of its stretch that is read. */
  readonly done: number;
  readonly paused: boolean;
  readonly published: number;
  /** Of a verify job: the hours that it has compared, by what came of it; null: it compares nothing. */
  readonly verified: Readonly<Record<Verdict, number>> | null;
}

/** What a comparison of an hour with the API came to. */
export const VERDICTS = ["equal", "different", "unjudged"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** An hour of which the API was found to show something else than was published. */
export interface Mismatch {
  readonly sliceMs: number;
  /** Ids published or dead-lettered when they were compared. */
  readonly published: number;
  readonly shown: number;
  readonly atMs: number;
}

/** What an age of the lookbacks has read again, and what of it nobody had seen before. */
export interface Lateness {
  readonly age: string;
  readonly read: number;
  readonly found: number;
}

/**
 * What a scan has of an hour of its cursor field. `outside`: before the scan began. `unread`, `reading`, `read`: none,
 * a part or all of it was read once. `settled`: nothing is owed any more.
 */
export type SliceState = "outside" | "unread" | "reading" | "read" | "settled";

export interface SliceProgress {
  readonly fromMs: number;
  readonly state: SliceState;
  readonly published: number;
  readonly duplicates: number;
  readonly deadLettered: number;
  readonly late: number;
}

/** A stretch that could not be judged and is still open; inclusive. */
export interface OpenGap {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly reason: string;
}

/**
 * What a wider query said of a silence: it shows `found` activities, so nothing happens where the scan looks; or it
 * shows nothing either, without an error.
 */
export type Judgement =
  | { readonly kind: "idle"; readonly atMs: number; readonly found: number }
  | { readonly kind: "suspect"; readonly sinceMs: number };

interface OfScan {
  readonly tenant: string;
  readonly scan: string;
}

/**
 * Everything that can be seen of the connector from outside: each event drives metrics, `/status` and, where a
 * person should know, one log line. All times are epoch ms unless named `…DurationMs` or `waitMs`.
 */
export type Event =
  | { readonly type: "connector_started"; readonly version: string; readonly cursorsTopic: string }
  /** Another configuration is in force, since now. */
  | {
      readonly type: "config_reloaded";
      readonly cause: ReloadCause;
      readonly atMs: number;
      readonly tenants: NamedChanges;
      readonly scans: NamedChanges;
      /** Paths of secrets that hold something else than before. */
      readonly secrets: readonly string[];
    }
  /** What was found instead of a configuration cannot take the place of the one in force; every error in `reason`. */
  | { readonly type: "config_refused"; readonly cause: ReloadCause; readonly reason: string }
  /**
   * A slow start or stop says which step it is in; `since` is when the event came. One of `LAST_STAGES` ends the
   * subject's steps; a stage with `: ` in it names an error that it waits out.
   */
  | { readonly type: "stage"; readonly subject: string; readonly stage: string }
  /** `failed`: not asked for; a person has to see to it. */
  | { readonly type: "connector_stopping"; readonly reason: string; readonly failed: boolean }
  | {
      readonly type: "shard_opened";
      readonly shard: number;
      readonly tenants: readonly string[];
      readonly durationMs: number;
    }
  | { readonly type: "shard_released"; readonly shard: number; readonly reason: string }
  | {
      readonly type: "transaction_ended";
      readonly shard: number;
      readonly result: TransactionResult;
      readonly durationMs: number;
      readonly error: string | null;
    }
  | ({
      readonly type: "scan_state";
      readonly state: ScanState;
      readonly reason: string | null;
      /** Of the error behind `reason`, when there is one. */
      readonly code?: ErrorCode;
    } & OfScan)
  | ({ readonly type: "cursor_field_decided"; readonly field: string; readonly reason: string } & OfScan)
  | ({
      readonly type: "request_answered";
      readonly verdict: string;
      readonly code: CodeClass;
      readonly durationMs: number;
      readonly bodyBytes: number;
      /** Local clock minus the server's; null without a `Date` header. */
      readonly skewMs: number | null;
    } & OfScan)
  /** When the wait begins. */
  | { readonly type: "waited"; readonly tenant: string; readonly reason: WaitReason; readonly waitMs: number }
  | {
      readonly type: "budget";
      readonly tenant: string;
      readonly limitPerMinute: number;
      readonly usedLastMinute: number;
    }
  | { readonly type: "credential"; readonly tenant: string; readonly expiresAtMs: number }
  | ({
      readonly type: "page_published";
      readonly reader: string;
      readonly read: number;
      readonly published: number;
      readonly duplicates: number;
      readonly deadLettered: number;
      /** Of `published`, below the tail's position. */
      readonly late: number;
      /** Turned up where ids are forgotten, and were not published. */
      readonly outsideMemory: number;
      /** Bytes of record values published. */
      readonly bytes: number;
      /** `created` − `timestamp` of each published activity that has both. */
      readonly ingestionDelaysMs: readonly number[];
      /** Commit − `created` of each published activity that has it. */
      readonly publishLatenciesMs: readonly number[];
    } & OfScan)
  /**
   * When a scan's state is loaded, and after each page: where it stands. `caughtUpMs` null: not once since the scan
   * began.
   */
  | ({
      readonly type: "cursor_moved";
      readonly positionMs: number | null;
      readonly caughtUpMs: number | null;
      /** Up to here nothing is owed any more: every slice before is settled. */
      readonly settledUntilMs: number;
      readonly openGaps: number;
      /** Hours that differ from the API, and the newest of them. */
      readonly openMismatches: number;
      readonly mismatches: readonly Mismatch[];
      readonly jobs: readonly JobProgress[];
      readonly lateness: readonly Lateness[];
      /** The share first seen at the last age; null: not known. */
      readonly residualRisk: number | null;
      /** The last day, the oldest hour first. */
      readonly slices: readonly SliceProgress[];
      /** The newest open gaps, the newest first; not all where there are very many. */
      readonly gaps: readonly OpenGap[];
    } & OfScan)
  /** After an outage the tail goes on at now; a job reads what it has missed. */
  | ({ readonly type: "recovery_begun"; readonly behindMs: number; readonly fromMs: number } & OfScan)
  /** An operator's command, done or refused. */
  | ({
      readonly type: "command_applied";
      readonly id: string;
      readonly by: string;
      readonly outcome: "done" | "refused";
      readonly message: string;
    } & OfScan)
  | ({
      readonly type: "gap_closed";
      readonly fromMs: number;
      readonly untilMs: number;
      readonly reason: string;
      /** Whose pass is the evidence. */
      readonly reader: string;
    } & OfScan)
  /** A verify job has read an hour and compared the API with the ledger. */
  | ({
      readonly type: "slice_verified";
      readonly reader: string;
      readonly sliceMs: number;
      readonly verdict: Verdict;
      /** Ids published or dead-lettered, by the ledger; and ids that the API shows. */
      readonly published: number;
      readonly shown: number;
      /** Why it could not be judged; null: it was. */
      readonly reason: string | null;
    } & OfScan)
  /** A verify job is done; how many hours came to what. The stretch is inclusive. */
  | ({
      readonly type: "verify_done";
      readonly reader: string;
      readonly fromMs: number;
      readonly untilMs: number;
      readonly equal: number;
      readonly different: number;
      readonly unjudged: number;
    } & OfScan)
  /**
   * A scan's polls show nothing, not even what it knows, and what a wider query said of that. `sinceMs` null: it shows
   * something; told of a scan that begins, and after a silence.
   */
  | ({
      readonly type: "silence";
      readonly sinceMs: number | null;
      /** How long a silence of this scan lasts before it is looked into. */
      readonly baselineMs: number;
      /** Null: not asked yet in this silence. */
      readonly judged: Judgement | null;
      /** Why it is suspect; null: it is not. */
      readonly reason: string | null;
    } & OfScan)
  | ({ readonly type: "anomaly"; readonly kind: Anomaly; readonly detail: string } & OfScan)
  | { readonly type: "field_mismatch"; readonly field: string };

/** Takes each event as it happens; must not throw and must not wait. */
export type Emit = (event: Event) => void;
