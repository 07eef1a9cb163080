import { expect, test } from "vitest";
import { openKafka } from "../../../src/kafka/kafkajs-port.ts";
import type { Compression } from "../../../src/kafka/options.ts";

const clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: async () => undefined };
const cursorsTopic = { name: "cursors", partitions: 12 };
const open = (compression: Compression) =>
  openKafka({ brokers: ["127.0.0.1:1"], clientId: "t", cursorsTopic, compression }, { clock });

test.each(["none", "gzip"] as const)(
  "compression %s is available, and nothing is connected before it is used",
  (name) => {
    expect(open(name).shardOf("contoso")).toBe(6);
  },
);

test.each(["snappy", "lz4", "zstd"] as const)("compression %s is refused by name", (name) => {
  expect(() => open(name)).toThrow(
    expect.objectContaining({
      code: "config_invalid",
      message: expect.stringMatching(`"${name}"; available are none and gzip`),
    }),
  );
});
