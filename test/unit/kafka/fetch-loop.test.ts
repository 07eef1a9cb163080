import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { correctFetchLoop } from "../../../src/kafka/fetch-loop.ts";

interface Runner extends EventEmitter {
  start(): Promise<void>;
  stop(): Promise<void>;
}

const RunnerClass: new (options: object) => Runner = createRequire(import.meta.url)("kafkajs/src/consumer/runner");

/** What a loop that never lets the event loop turn ends with here. */
const LINES_MAX = 1_000;

test("a consumer that is stopped while its fetchers are made anew, as a broker has gone, ends", async () => {
  correctFetchLoop();
  correctFetchLoop();
  let nodes = [1, 2];
  const fetching = new Set<() => void>();
  const consumerGroup = {
    groupId: "g",
    getNodeIds: () => nodes,
    connect: async () => undefined,
    joinAndSync: async () => undefined,
    heartbeat: async () => undefined,
    leave: async () => undefined,
    fetch: async () => {
      await new Promise<void>((resolve) => fetching.add(resolve));
      return [];
    },
  };
  let lines = 0;
  const line = () => {
    lines += 1;
    if (lines > LINES_MAX) throw new Error("the stopped consumer fetches without end");
  };
  const logger = { debug: line, info: line, warn: line, error: line, namespace: () => logger };
  const failures: unknown[] = [];
  const onCrash = (error: unknown) => failures.push(error);
  const runner = new RunnerClass({
    logger,
    consumerGroup,
    instrumentationEmitter: new EventEmitter(),
    onCrash,
    concurrency: 1,
  });
  await runner.start();
  await expect.poll(() => fetching.size).toBe(2);
  const [first, second] = [...fetching];
  nodes = [2];
  first?.();
  // The first has seen it, and the second is being waited for.
  await new Promise((resolve) => setImmediate(resolve));
  const stopped = runner.stop();
  second?.();
  await stopped;
  expect(failures).toEqual([]);
  expect(lines).toBeLessThan(100);
});
