import { createRequire } from "node:module";
import { beforeAll, expect, test } from "vitest";
import { correctBatchEnds } from "../../../src/kafka/batch-ends.ts";

const require = createRequire(import.meta.url);

interface Encoded {
  readonly buffer: Buffer;
}
type EncodeBatch = (batch: object) => Promise<Encoded>;
interface Message {
  readonly offset: string;
  readonly key: Buffer | null;
}
interface FetchedBatch {
  readonly messages: readonly Message[];
  isEmptyDueToFiltering(): boolean;
  lastOffset(): string;
}

const BASE = { firstOffset: 0, producerId: 7, producerEpoch: 0, firstSequence: 0, transactional: true };

/** Of records at these offsets, first of all, and then as compaction leaves it: up to `last`. */
async function batch(offsets: readonly number[], first: number, last: number): Promise<Buffer> {
  const { RecordBatch }: { RecordBatch: EncodeBatch } = require("kafkajs/src/protocol/recordBatch/v0");
  const Record: (record: object) => Encoded = require("kafkajs/src/protocol/recordBatch/record/v0");
  const records = offsets.map((offset) => Record({ offsetDelta: offset - first, key: "k", value: "v" }));
  const { buffer } = await RecordBatch({ ...BASE, firstOffset: first, lastOffsetDelta: last - first, records });
  return buffer;
}

async function fetched(from: number, batches: readonly Buffer[]): Promise<FetchedBatch> {
  const Decoder: new (buffer: Buffer) => object = require("kafkajs/src/protocol/decoder");
  const decodeMessages: (
    decoder: object,
  ) => Promise<Message[]> = require("kafkajs/src/protocol/requests/fetch/v4/decodeMessages");
  const Batch: new (topic: string, from: string, data: object) => FetchedBatch = require("kafkajs/src/consumer/batch");
  const size = Buffer.alloc(4);
  size.writeInt32BE(batches.reduce((sum, each) => sum + each.length, 0));
  const messages = await decodeMessages(new Decoder(Buffer.concat([size, ...batches])));
  return new Batch("t", String(from), { partition: 0, highWatermark: "99", abortedTransactions: [], messages });
}

beforeAll(() => {
  correctBatchEnds();
  correctBatchEnds();
});

test("a fetch of nothing but an emptied batch is passed over to the batch's end", async () => {
  const all = await fetched(12, [await batch([], 10, 19)]);
  expect(all.messages).toEqual([]);
  expect(all.isEmptyDueToFiltering()).toBe(true);
  expect(all.lastOffset()).toBe("19");
});

test("a batch that lost its last records ends where it ended, and shows the records that are left", async () => {
  const some = await fetched(10, [await batch([10, 12], 10, 19), await batch([], 20, 24)]);
  expect(some.messages.map(({ offset }) => offset)).toEqual(["10", "12"]);
  expect(some.lastOffset()).toBe("24");
});

test("a whole batch is as it was", async () => {
  const whole = await fetched(10, [await batch([10, 11, 12], 10, 12)]);
  expect(whole.messages.map(({ offset, key }) => `${offset} ${key}`)).toEqual(["10 k", "11 k", "12 k"]);
  expect(whole.lastOffset()).toBe("12");
});
