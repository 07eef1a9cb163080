import { expect, test } from "vitest";
import { openEncoder } from "../../../src/activity/encode.ts";
import { readActivity } from "../../../src/activity/read.ts";
import { TopicSide } from "../../../src/cli/topic-side.ts";
import type { KafkaPort, TopicPart, TopicRecord } from "../../../src/kafka/port.ts";
import { idHash } from "../../../src/scan/digest.ts";
import { contentDigest } from "../../../src/scan/shown.ts";
import { Sides } from "../../../src/scan/sides.ts";

const never = new AbortController().signal;
const HOUR_MS = 3_600_000;
const FROM_MS = Date.UTC(2026, 10, 23);
const encode = openEncoder({ schemaId: 1, raw: "include", onMismatch: () => undefined });

const bytesOf = (id: string, created: number) => Buffer.from(JSON.stringify({ _id: id, created, timestamp: created }));

/** A published activity, written at `timestampMs`. */
function published(id: string, created: number, timestampMs = created): TopicRecord {
  const read = readActivity(bytesOf(id, created), 1 << 20);
  const value = encode(read, { scan: "all", tenant: "contoso", reader: "tail", readAtMs: created });
  return { timestampMs, key: Buffer.from(id), value, headers: { scan: "all", "schema-version": "1" } };
}

interface Partition extends Partial<Pick<TopicPart, "isCut">> {
  readonly topic?: string;
  readonly records: TopicRecord[];
}

/** A port with nothing but partitions, which may grow. */
function sideOf(partitions: readonly Partition[]) {
  const asked: number[] = [];
  const port: Pick<KafkaPort, "topicParts" | "readPart"> = {
    async topicParts(topic, sinceMs) {
      asked.push(sinceMs);
      return partitions.flatMap(({ topic: of = "activities", records, isCut = false }, partition) => {
        if (of !== topic) return [];
        return [{ topic, partition, fromOffset: 0n, endOffset: BigInt(records.length), isCut }];
      });
    },
    async readPart({ partition, fromOffset, endOffset }, onRecord) {
      const records = partitions[partition]!.records.slice(Number(fromOffset), Number(endOffset));
      for (const record of records) onRecord(record);
    },
  };
  const sides = new Sides({ fromMs: FROM_MS, untilMs: FROM_MS + HOUR_MS, bytesMax: 3_200, namedMax: 10 });
  const of = { kafka: port as KafkaPort, scan: "all", field: "created" as const, topic: "activities", dlqTopic: "dlq" };
  return { side: new TopicSide({ ...of, fromMs: FROM_MS }, sides), sides, asked };
}

const shown = (id: string, created: number) => ({
  id: idHash(id),
  text: id,
  valueMs: created,
  content: contentDigest(bytesOf(id, created)),
});

test("reads from an hour before the stretch on, and what is written later once more from there", async () => {
  const partition: Partition = { records: [published("a", FROM_MS), published("outside", FROM_MS - 1)] };
  const { side, sides, asked } = sideOf([partition]);
  await side.read(never);
  expect(asked[0]).toBe(FROM_MS - HOUR_MS);
  expect(sides.counts.published).toBe(1);
  partition.records.push(published("b", FROM_MS + 1));
  sides.since(() => false);
  await side.readOn(never);
  await side.readOn(never);
  expect(sides.counts.published).toBe(2);
  expect(sides.twice.count).toBe(0);
  sides.addShown(shown("b", FROM_MS + 1));
  expect((await side.extras(never)).listed.map(({ text }) => text)).toEqual(["a"]);
});

test("knows how far back retention has cut, by the youngest of the oldest records; a partition with none left is all cut", async () => {
  const cut = (minutes: number) => ({ isCut: true, records: [published("x", FROM_MS, FROM_MS + minutes * 60_000)] });
  const { side } = sideOf([cut(5), cut(20), { records: [published("y", FROM_MS, FROM_MS + HOUR_MS)] }]);
  await side.read(never);
  expect(side.cutMs("activities")).toBe(FROM_MS + 20 * 60_000);
  expect(side.cutMs("dlq")).toBe(null);
  const empty = sideOf([cut(5), { isCut: true, records: [] }]).side;
  await empty.read(never);
  expect(empty.cutMs("activities")).toBe(Number.POSITIVE_INFINITY);
});

test("a record of another version of the schema is told to be unreadable, not misread", async () => {
  const record = published("a", FROM_MS);
  const { side, sides } = sideOf([{ records: [{ ...record, headers: { ...record.headers, "schema-version": "2" } }] }]);
  await side.read(never);
  expect([side.unreadable, sides.counts.published]).toEqual([1, 0]);
});

test("a dead letter is known by its key and its digest; of one in parts the first counts, and its time is not known", async () => {
  const bytes = bytesOf("b", FROM_MS + HOUR_MS);
  const letter = (id: string, value: Buffer, part = "1", parts = "1"): TopicRecord => ({
    timestampMs: FROM_MS,
    key: Buffer.from(id),
    value,
    headers: { scan: "all", part, parts, sha256: contentDigest(bytesOf(id, FROM_MS)).toString("hex") },
  });
  const halves = [letter("c", Buffer.from("{"), "1", "2"), letter("c", Buffer.from("}"), "2", "2")];
  const records = [letter("a", bytesOf("a", FROM_MS)), letter("b", bytes), ...halves];
  const { side, sides } = sideOf([{ topic: "dlq", records }]);
  await side.read(never);
  expect(sides.counts.letters).toBe(2);
  expect(sides.published.of(FROM_MS).ids).toBe(1);
  sides.since(() => false);
  for (const id of ["a", "c"]) sides.addShown(shown(id, FROM_MS));
  expect([sides.missing.count, sides.changed.count]).toEqual([0, 0]);
});

test("what cannot be taken in ends the reading with its reason", async () => {
  const records = Array.from({ length: 101 }, (_, at) => published(`a${at}`, FROM_MS));
  const { side } = sideOf([{ records }]);
  await expect(side.read(never)).rejects.toMatchObject({ code: "memory_exhausted" });
});
