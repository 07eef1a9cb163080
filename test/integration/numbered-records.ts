import type { KafkaPort, OutgoingRecord, ShardLog } from "../../src/kafka/port.ts";
import { ConnectorError } from "../../src/kit/errors.ts";

/** How a connector publishes, at its smallest: records numbered from 0, and in the state the next number. */
export interface Numbers {
  readonly log: ShardLog;
  readonly topic: string;
  readonly partitions: number;
  readonly valueBytes: number;
}

const never = new AbortController().signal;
export const STATE_KEY = "next";

export function numbered(numbers: Numbers, from: number, count: number): OutgoingRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    topic: numbers.topic,
    partition: (from + i) % numbers.partitions,
    key: Buffer.from(String(from + i)),
    value: Buffer.alloc(numbers.valueBytes, String((from + i) % 10)),
    headers: {},
  }));
}

/** Opens until it works. */
export async function openUntil(log: ShardLog, deadlineMs: number): Promise<number> {
  for (;;) {
    try {
      return Number((await log.open(never)).get(STATE_KEY) ?? 0);
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.disposition === "fatal" || Date.now() > deadlineMs) throw error;
    }
  }
}

/**
 * Publishes the numbers up to `until`, `count` a transaction; after each failure the state says where to go on.
 * @returns what failed on the way.
 */
export async function publishNumbers(
  numbers: Numbers,
  range: { readonly from: number; readonly until: number; readonly count: number; readonly deadlineMs: number },
): Promise<ConnectorError[]> {
  const failures: ConnectorError[] = [];
  let next = range.from;
  while (next < range.until) {
    const state = [{ key: STATE_KEY, value: String(next + range.count) }];
    try {
      await numbers.log.commit({ state, records: numbered(numbers, next, range.count) }, never);
      next += range.count;
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.code !== "publish_failed" || Date.now() > range.deadlineMs)
        throw error;
      failures.push(error);
      next = await openUntil(numbers.log, range.deadlineMs);
    }
  }
  return failures;
}

/** What is missing from and what is repeated among the keys of 0 … `count` − 1. */
export function difference(records: readonly { readonly key: Buffer | null }[], count: number) {
  const times = new Map<number, number>();
  for (const { key } of records) times.set(Number(String(key)), (times.get(Number(String(key))) ?? 0) + 1);
  const all = Array.from({ length: count }, (_, i) => i);
  return {
    missing: all.filter((number) => !times.has(number)).length,
    repeated: [...times.values()].filter((each) => each > 1).length,
    beyond: [...times.keys()].filter((number) => number >= count).length,
  };
}

export const NOTHING_WRONG = { missing: 0, repeated: 0, beyond: 0 };

/** Topics of one kind each, replicated as the cluster asks. */
export async function prepared(port: KafkaPort, names: { cursors: string; topic: string }, replicationFactor: number) {
  return await port.prepareTopics(
    [
      { name: names.cursors, partitions: 3, replicationFactor, kind: "cursors" },
      { name: names.topic, partitions: 6, replicationFactor, kind: "activities" },
    ],
    true,
    never,
  );
}
