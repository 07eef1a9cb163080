import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { deadLetterRecords } from "../../../src/connector/dead-letter.ts";

const letter = {
  topic: "dlq",
  partition: 2,
  key: Buffer.from("id"),
  bytes: Buffer.from('{"_id":7}'),
  defect: "no_id" as const,
  message: "the activity has no usable _id",
  tenant: "contoso",
  scan: "contoso-all",
  meantFor: "activities",
};

test("a dead letter is the bytes as they came, under the headers that Kafka Connect uses, and whence they came", () => {
  expect(deadLetterRecords(letter)).toEqual([
    {
      topic: "dlq",
      partition: 2,
      key: letter.key,
      value: letter.bytes,
      headers: {
        "__connect.errors.topic": "activities",
        "__connect.errors.stage": "VALUE_CONVERTER",
        "__connect.errors.exception.class.name": "no_id",
        "__connect.errors.exception.message": letter.message,
        tenant: "contoso",
        scan: "contoso-all",
        sha256: createHash("sha256").update(letter.bytes).digest("hex"),
        parts: "1",
        part: "1",
      },
    },
  ]);
});

test.each([
  [0, 1],
  [900 * 1024, 1],
  [900 * 1024 + 1, 2],
  [2_700_000, 3],
])("of %d bytes it takes %d records below the brokers' limit, numbered, which make up the whole", (length, parts) => {
  const bytes = Buffer.alloc(length, "0123456789");
  const records = deadLetterRecords({ ...letter, bytes });
  expect(records.map(({ headers }) => `${headers["part"]} of ${headers["parts"]}`)).toEqual(
    Array.from({ length: parts }, (_, at) => `${at + 1} of ${parts}`),
  );
  expect(Buffer.concat(records.map(({ value }) => value)).equals(bytes)).toBe(true);
  expect(Math.max(...records.map(({ value }) => value.length))).toBeLessThan(1_000_000);
  expect(new Set(records.map(({ partition, headers }) => `${partition} ${headers["sha256"]}`)).size).toBe(1);
});
