import kafkajs from "kafkajs";
import { expect, test } from "vitest";
import { clientLog } from "../../../src/kafka/logging.ts";
import type { ClientLine } from "../../../src/kafka/options.ts";

function logged() {
  const lines: ClientLine[] = [];
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => undefined };
  const write = clientLog({ clock, log: (line) => lines.push(line) })(kafkajs.logLevel.WARN);
  const say = (namespace: string, message: string, level = kafkajs.logLevel.ERROR) =>
    write({ namespace, level, label: "ERROR", log: { timestamp: "", message, logger: "kafkajs" } });
  return { lines, say, pass: (ms: number) => (nowMs += ms) };
}

test("what kafkajs retries or throws is said quietly, anything else aloud", () => {
  const { lines, say } = logged();
  say("Producer", "Failed to send messages: … another concurrent operation …");
  say("Connection", "Connection error: connect ECONNREFUSED 127.0.0.1:9092");
  say("BrokerPool", "Failed to connect to seed broker");
  say("Consumer", "Crash: KafkaJSConnectionClosedError: Closed connection");
  say("RequestQueue", "Response without match", kafkajs.logLevel.WARN);
  say("ConsumerGroup", "Consumer group received unsubscribed topics", kafkajs.logLevel.WARN);
  expect(lines.map((line) => line.level)).toEqual(["debug", "debug", "debug", "debug", "debug", "warn"]);
});

test("the same line comes once a minute", () => {
  const { lines, say, pass } = logged();
  for (let i = 0; i < 50; i++) say("RequestQueue", "Response without match");
  expect(lines.length).toBe(1);
  pass(60_000);
  say("RequestQueue", "Response without match");
  expect(lines.length).toBe(2);
});

test("what is remembered of lines is bounded, and none is lost by it", () => {
  const { lines, say } = logged();
  for (let i = 0; i < 1_000; i++) say("RequestQueue", `line ${i}`);
  expect(lines.length).toBe(1_000);
});
