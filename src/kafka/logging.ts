import kafkajs, { type LogEntry, type logCreator } from "kafkajs";
import type { KafkaDeps } from "./options.ts";

/**
 * Lines that kafkajs prints at ERROR or WARN about what it or this room goes on to retry, or throws as well: the
 * refusals between two transactions, connections that fail or close, logins that are refused, a consumer or a group that is being left.
 */
const EXPECTED =
  /another concurrent operation|ECONNREFUSED|ECONNRESET|EPIPE|Connection (error|timeout)|Closed connection|[Ff]ailed to connect|[Aa]uthentication failed|SASL mechanism|^Crash: |^Failed to send messages|^Response |group is rebalancing|Error in DeleteGroups/;

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
    deps.log({ level: isExpected(entry, message) ? "debug" : "warn", message });
  };
}

function isExpected(entry: LogEntry, message: string): boolean {
  return entry.level > kafkajs.logLevel.WARN || EXPECTED.test(entry.log.message) || EXPECTED.test(message);
}

function lineOf(entry: LogEntry): string {
  const detail = entry.log["error"];
  return `kafkajs ${entry.namespace}: ${entry.log.message}${typeof detail === "string" ? ` (${detail})` : ""}`;
}
