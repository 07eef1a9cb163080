import kafkajs, { type LogEntry, type logCreator } from "kafkajs";
import type { KafkaDeps } from "./options.ts";

/**
 * Where kafkajs logs at ERROR or WARN what it goes on to retry, or throws as well: connections and logins that
 * fail, and sends, among them the refusals between two transactions.
 */
const EXPECTED_FROM = /^(BrokerPool|Connection|Producer|SaslAuthenticator-.*)$/;
/** The same of a consumer, of a group that is joined anew or left, and of answers that come after their time-out. */
const EXPECTED = new RegExp(
  [
    "^Crash: |^Restarting the consumer in |group is rebalancing|not aware of this member, re-joining",
    "^Caught error when |Could not delete groups|^Response without match$",
  ].join("|"),
);

/** The same line at most once in this time. */
const REPEAT_MS = 60_000;
const REMEMBERED_MAX = 200;

/** Sends kafkajs's lines to `deps.log`, the expected ones as `debug`, and repeated ones once a minute. */
export function clientLog(deps: KafkaDeps): logCreator {
  const saidAtMs = new Map<string, number>();
  return () => (entry) => {
    if (deps.log === undefined) return;
    const message = lineOf(entry);
    const nowMs = deps.clock.monotonicMs();
    const last = saidAtMs.get(message);
    if (last !== undefined && nowMs - last < REPEAT_MS) return;
    if (saidAtMs.size >= REMEMBERED_MAX) saidAtMs.clear();
    saidAtMs.set(message, nowMs);
    deps.log({ level: isExpected(entry) ? "debug" : "warn", message });
  };
}

function isExpected({ level, namespace, log }: LogEntry): boolean {
  return level > kafkajs.logLevel.WARN || EXPECTED_FROM.test(namespace) || EXPECTED.test(log.message);
}

function lineOf(entry: LogEntry): string {
  const detail = entry.log["error"];
  return `kafkajs ${entry.namespace}: ${entry.log.message}${typeof detail === "string" ? ` (${detail})` : ""}`;
}
