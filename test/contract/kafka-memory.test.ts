import { systemClock } from "../../src/kit/clock.ts";
import { MemoryCluster } from "../fakes/memory-kafka.ts";
import { type Bench, type Names, SHARDS } from "./kafka-bench.ts";
import { commandsContract } from "./kafka-commands-suite.ts";
import { groupContract } from "./kafka-group-suite.ts";
import { kafkaContract } from "./kafka-suite.ts";
import { topicsContract } from "./kafka-topics-suite.ts";

/** A cluster for each cursors topic: that is all that names tell apart here. */
function memoryBench(): Bench {
  const clusters = new Map<string, MemoryCluster>();
  const byTopic = new Map<string, MemoryCluster>();
  const clusterOf = (names: Names): MemoryCluster => {
    const found = byTopic.get(names.cursors) ?? byTopic.get(names.activities);
    const cluster =
      clusters.get(names.cursors) ?? found ?? new MemoryCluster({ name: names.cursors, partitions: SHARDS });
    clusters.set(names.cursors, cluster);
    byTopic.set(names.cursors, cluster).set(names.activities, cluster);
    return cluster;
  };
  const pending: [string, number, boolean][] = [];
  return {
    process(names) {
      const cluster = clusterOf(names);
      for (const [name, partitions, compacted] of pending.splice(0)) {
        cluster.createTopic(name, partitions, compacted ? "cursors" : "uncompacted");
      }
      return cluster.process().port;
    },
    processFencingAfter(names, then) {
      let due = true;
      const step = async (name: string) => {
        if (name !== "open.fence" || !due) return;
        due = false;
        await then();
      };
      return clusterOf(names).process(step).port;
    },
    async createTopic(name, partitions, compacted) {
      pending.push([name, partitions, compacted]);
    },
    async visible(topic) {
      const records = byTopic.get(topic)?.committed(topic) ?? [];
      return records.map((each) => ({ ...each, timestampMs: null }));
    },
    async abandon(names, shard, transaction) {
      const died = new Promise<void>((resolve) => {
        const dying = clusterOf(names).process(async (step) => {
          if (step !== "commit.end") return;
          dying.kill();
          resolve();
        });
        const log = dying.port.shard(shard);
        const signal = new AbortController().signal;
        void log.open(signal).then(() => log.commit(transaction, signal));
      });
      await died;
    },
    now: () => 0,
    monotonicMs: () => systemClock.monotonicMs(),
    async [Symbol.asyncDispose]() {},
  };
}

kafkaContract("the in-memory fake", async () => memoryBench());
topicsContract("the in-memory fake", async () => memoryBench());
commandsContract("the in-memory fake", async () => memoryBench());
groupContract("the in-memory fake", async () => memoryBench());
