import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutIntoCalls, type PlacedMessage } from "../../../src/kafka/calls.ts";

const limits = { batchBytes: 100, batchMessages: 5, callBytes: 250 };

const placed = (partition: number, bytes: number, key = ""): PlacedMessage => ({
  topic: "t",
  partition,
  bytes,
  message: { key, value: null, partition },
});

const sizes = (messages: PlacedMessage[]) =>
  [...cutIntoCalls(messages, limits)].map((call) => call.flatMap((each) => each.messages).length);

describe("calls", () => {
  test("no messages make no call", () => {
    expect(sizes([])).toEqual([]);
  });

  test("a partition's batch is cut by bytes", () => {
    expect(sizes([placed(0, 60), placed(0, 40), placed(0, 1)])).toEqual([2, 1]);
  });

  test("a partition's batch is cut by messages", () => {
    expect(sizes(Array.from({ length: 11 }, () => placed(0, 1)))).toEqual([5, 5, 1]);
  });

  test("a call is cut by the bytes of all its batches", () => {
    expect(sizes([placed(0, 100), placed(1, 100), placed(2, 50), placed(3, 1)])).toEqual([3, 1]);
  });

  test("a message beyond every limit has a call of its own", () => {
    expect(sizes([placed(0, 1), placed(0, 1_000), placed(0, 1)])).toEqual([1, 1, 1]);
  });

  test("whatever comes, nothing is lost or moved, each partition keeps its order and no limit is passed", () => {
    const message = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.constantFrom(1, 20, 49, 50, 51, 99, 100, 101, 260));
    fc.assert(
      fc.property(fc.array(message, { maxLength: 60 }), (drawn) => {
        const messages = drawn.map(([partition, bytes], i) => placed(partition, bytes, String(i)));
        const bytesOf = new Map(messages.map((each) => [String(each.message.key), each.bytes]));
        const calls = [...cutIntoCalls(messages, limits)].map((call) => call.flatMap((each) => each.messages));
        expect(calls.flat().map((each) => each.key)).toEqual(messages.map((each) => each.message.key));
        for (const call of calls) {
          const bytes = (partition?: number) =>
            call
              .filter((each) => partition === undefined || each.partition === partition)
              .reduce((sum, each) => sum + (bytesOf.get(String(each.key)) ?? 0), 0);
          if (call.length === 1) continue;
          expect(bytes()).toBeLessThanOrEqual(limits.callBytes);
          for (const partition of [0, 1, 2]) {
            const count = call.filter((each) => each.partition === partition).length;
            expect(count).toBeLessThanOrEqual(limits.batchMessages);
            if (count > 1) expect(bytes(partition)).toBeLessThanOrEqual(limits.batchBytes);
          }
        }
      }),
    );
  });

  test("a call is cut only when it is asked for", () => {
    let pulled = 0;
    function* endless(): Generator<PlacedMessage> {
      for (;;) {
        pulled++;
        yield placed(0, 60);
      }
    }
    cutIntoCalls(endless(), limits).next();
    expect(pulled).toBe(2);
  });
});
