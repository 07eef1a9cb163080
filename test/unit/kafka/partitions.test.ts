import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { murmur2, partitionOfKey } from "../../../src/kafka/partitions.ts";

/** Computed with `org.apache.kafka.common.utils.Utils.murmur2` of Kafka 4.1.1. */
const JAVA: readonly [string, number][] = [
  ["", 275646681],
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["contoso", -1976418038],
  ["contoso-ü-😀", -404964894],
  ["abc", 479470107],
  ["x", 2121525046],
  ["xy", -1884506471],
  ["5f0c7b1e-9a3d-4e57-8a11-1234567890ab", 547909456],
];

describe("partitions", () => {
  test.each(JAVA)("the hash of %j is the Java client's", (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });

  test("a negative hash lands in a partition", () => {
    expect(partitionOfKey(Buffer.from("foobar"), 12)).toBe(6);
    expect(partitionOfKey(Buffer.from("contoso-ü-😀"), 12)).toBe(2);
  });

  test("any key gets the partition that kafkajs's Java-compatible partitioner gives it", () => {
    const theirs: (key: Buffer) => number = createRequire(import.meta.url)(
      "kafkajs/src/producer/partitioners/default/murmur2",
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (key) => murmur2(key) === theirs(Buffer.from(key))),
      { numRuns: 500 },
    );
  });
});
