import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { deadLetterRecords } from "../../../src/connector/dead-letter.ts";
import { large, MINUTE_MS, NOW_MS, Scene, saved, sent, sorted } from "./scene.ts";

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

const bytes = (id: string) => Buffer.from(`{"_id":"${id}","created":${NOW_MS - MINUTE_MS},"timestamp":1}`);

test("what cannot be published becomes a dead letter with its exact bytes, counted once, also after a restart", async () => {
  const at = NOW_MS - MINUTE_MS;
  const broken = Buffer.concat([bytes("utf8").subarray(0, 12), Buffer.of(0xff), bytes("utf8").subarray(12)]);
  const activities = [
    saved("good", at),
    sent("no id", at, { created: at, timestamp: at }),
    sent("no time", at, { _id: "no time", timestamp: at }),
    sent("invalid", at, broken),
    sent("list", at, "[1]"),
    large("large", at, 2_000_000),
  ];
  const scene = new Scene({ activities });
  scene.start();
  await scene.pass(MINUTE_MS);
  scene.restart();
  await scene.pass(3 * MINUTE_MS);
  expect(scene.published).toEqual(["good"]);
  const letters = scene.deadLetters.map(({ headers }) => headers["__connect.errors.exception.class.name"]);
  expect(sorted(letters.map(String))).toEqual([
    "invalid_utf8",
    "no_id",
    "no_time",
    "not_an_object",
    "too_large",
    "too_large",
    "too_large",
  ]);
  const parts = scene.deadLetters.filter(({ key }) => key?.toString() === "large");
  expect(Buffer.concat(parts.map(({ value }) => value ?? Buffer.alloc(0)))).toEqual(activities.at(-1)?.body);
  expect(scene.deadLetters.some(({ value }) => value?.equals(broken))).toBe(true);
  expect(scene.cursor().counts).toMatchObject({ published: 1, deadLettered: 5 });
  const ledgers = [...scene.ledgers().values()];
  expect(ledgers.reduce((sum, ledger) => sum + ledger.deadLettered, 0)).toBe(5);
});
