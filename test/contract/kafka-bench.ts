import { afterAll, beforeAll, expect } from "vitest";
import type { KafkaPort, TopicSpec, Transaction } from "../../src/kafka/port.ts";

export interface VisibleRecord {
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Epoch ms; null where the brokers keep none. */
  readonly timestampMs: number | null;
}

export interface Names {
  readonly cursors: string;
  readonly activities: string;
}

/** One set of brokers, as the suite needs it. */
export interface Bench extends AsyncDisposable {
  /** A connector process of its own: the same cursors topic, nothing shared. */
  process(names: Names): KafkaPort;
  /** The same, calling `then` just before its next `open` fences earlier owners. */
  processFencingAfter(names: Names, then: () => Promise<void>): KafkaPort;
  /** A topic, made past the port. */
  createTopic(name: string, partitions: number, compacted: boolean): Promise<void>;
  /** What a `read_committed` reader sees, by partition and offset, read past the port up to the last stable offset. */
  visible(topic: string): Promise<readonly VisibleRecord[]>;
  /** A process fences the shard's owners, writes this in a transaction, and dies before it decides it. */
  abandon(names: Names, shard: number, transaction: Transaction): Promise<void>;
  now(): number;
  /** By the clock that the processes' memberships go by. */
  monotonicMs(): number;
}

export const SHARDS = 3;
export const PARTITIONS = 6;
export const never = new AbortController().signal;

export function specsOf(names: Names): TopicSpec[] {
  return [
    { name: names.cursors, partitions: SHARDS, replicationFactor: 1, kind: "cursors" },
    { name: names.activities, partitions: PARTITIONS, replicationFactor: 1, kind: "activities" },
  ];
}

interface Ready {
  readonly names: Names;
  readonly port: KafkaPort;
}

/** A bench for the tests of a file, fresh names, and a process whose topics are prepared. */
export function benchFor(makeBench: () => Promise<Bench>) {
  let bench: Bench;
  let count = 0;
  const names = (): Names => {
    const tag = `c${++count}-${Math.floor(bench.now()).toString(36)}`;
    return { cursors: `${tag}-cursors`, activities: `${tag}-activities` };
  };
  const ready = async (): Promise<Ready> => {
    const of = names();
    const port = bench.process(of);
    expect(await port.prepareTopics(specsOf(of), true, never)).toEqual([]);
    return { names: of, port };
  };

  beforeAll(async () => {
    bench = await makeBench();
  });
  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
  });
  return { bench: () => bench, names, ready };
}
