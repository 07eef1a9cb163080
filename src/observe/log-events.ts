import type { Line } from "./repeats.ts";

/** What a line of the log is about, and what else stands in it beside level, time and message. */
export interface LogEventFacts {
  readonly levels: readonly Line["level"][];
  readonly means: string;
  readonly fields: readonly string[];
}

const OF_SCAN = ["tenant", "scan"] as const;

/**
 * Every event that the log can hold: their names and fields are what others search for and alert on, so they change
 * with the version only. `docs/log-events.md` is made of this.
 */
export const LOG_EVENTS = {
  connector_started: { levels: ["info"], means: "The process has begun.", fields: ["version", "cursorsTopic"] },
  connector_stopping: {
    levels: ["info", "error"],
    means: "It stops; at error where nobody asked for it.",
    fields: ["reason", "failed"],
  },
  config_reloaded: {
    levels: ["info"],
    means: "The configuration was read again and is in force: what it adds, removes and changes, by name.",
    fields: ["cause", "atMs", "tenants", "scans", "secrets"],
  },
  config_refused: {
    levels: ["error"],
    means: "What was read cannot take the place of the configuration in force, which goes on; all errors in `reason`.",
    fields: ["cause", "reason"],
  },
  stage: {
    levels: ["debug", "info", "warn"],
    means: "A step of a start; told again, ever more rarely, while it lasts. At warn it waits out an error.",
    fields: ["subject", "stage", "seconds"],
  },
  log_level: { levels: ["info"], means: "A signal has changed the log's level.", fields: ["from", "to"] },
  shard_opened: {
    levels: ["info"],
    means: "The shard is owned: earlier owners are fenced, its state is read.",
    fields: ["shard", "tenants", "durationMs"],
  },
  shard_released: { levels: ["info"], means: "The shard is given up.", fields: ["shard", "reason"] },
  transaction_ended: {
    levels: ["debug", "warn", "error"],
    means: "Committed (debug); failed, after which the shard is opened again (warn); fenced by another owner (error).",
    fields: ["shard", "result", "durationMs", "error"],
  },
  scan_state: {
    levels: ["info", "warn", "error"],
    means: "A scan is in trouble: throttled (info), trying again (warn), refused or blocked (error). `code` says why.",
    fields: [...OF_SCAN, "state", "reason", "code"],
  },
  scan_recovered: { levels: ["info"], means: "It moves again.", fields: [...OF_SCAN, "seconds"] },
  silence: {
    levels: ["debug", "info"],
    means:
      "A scan shows nothing; at info where it becomes suspect, because a wider query shows nothing either, or ends to be.",
    fields: [...OF_SCAN, "sinceMs", "baselineMs", "judged", "reason"],
  },
  cursor_field_decided: {
    levels: ["info"],
    means: "Which time the scan moves along; once, before the first publish.",
    fields: [...OF_SCAN, "field", "reason"],
  },
  recovery_begun: {
    levels: ["info"],
    means: "After an outage the tail goes on at now; a job reads what was missed.",
    fields: [...OF_SCAN, "behindMs", "fromMs"],
  },
  gap_closed: {
    levels: ["info"],
    means: "A stretch that could not be judged has been read.",
    fields: [...OF_SCAN, "fromMs", "untilMs", "reason", "reader"],
  },
  slice_verified: {
    levels: ["debug", "warn"],
    means: "A verify job has compared an hour; at warn where the API shows something else than was published.",
    fields: [...OF_SCAN, "reader", "sliceMs", "verdict", "published", "shown", "reason"],
  },
  verify_done: {
    levels: ["info", "warn"],
    means: "A verify job is done; at warn where hours differ.",
    fields: [...OF_SCAN, "reader", "fromMs", "untilMs", "equal", "different", "unjudged"],
  },
  command_applied: {
    levels: ["info"],
    means: "An operator's command was carried out, or refused.",
    fields: [...OF_SCAN, "id", "by", "outcome", "message"],
  },
  anomaly: {
    levels: ["warn"],
    means: "The API did what it should not; `kind` is the label of `mdca_source_anomalies_total`.",
    fields: [...OF_SCAN, "kind", "detail"],
  },
  field_mismatch: {
    levels: ["warn"],
    means: "A field of another type than the schema's: null in its place, whole in `raw`.",
    fields: ["field"],
  },
  clock_skew: {
    levels: ["warn"],
    means: "This machine's clock differs from the tenant's by 30 s or more.",
    fields: ["tenant", "seconds"],
  },
  page_published: {
    levels: ["debug", "warn"],
    means: "A page is committed; at warn where some of it went to the dead-letter topic.",
    fields: [
      ...OF_SCAN,
      ...["reader", "read", "published", "duplicates", "deadLettered", "late", "outsideMemory", "bytes"],
    ],
  },
  request_answered: {
    levels: ["debug"],
    means: "The tenant answered, or did not.",
    fields: [...OF_SCAN, "verdict", "code", "durationMs", "bodyBytes", "skewMs"],
  },
  waited: {
    levels: ["debug"],
    means: "A wait before the next request begins.",
    fields: ["tenant", "reason", "waitMs"],
  },
  budget: {
    levels: ["debug"],
    means: "How much of the tenant's budget the last minute took.",
    fields: ["tenant", "limitPerMinute", "usedLastMinute"],
  },
  credential: { levels: ["debug"], means: "When the credentials in use end.", fields: ["tenant", "expiresAtMs"] },
  warning: {
    levels: ["warn"],
    means: "About the configuration, Kafka's client or traces; see its message.",
    fields: [],
  },
} as const satisfies Readonly<Record<string, LogEventFacts>>;

export type LogEvent = keyof typeof LOG_EVENTS;
