import { createHash } from "node:crypto";
import type { Defect } from "../activity/reading.ts";
import type { OutgoingRecord } from "../kafka/port.ts";

/** Bytes of a part: below the broker's default limit of 1 MiB a record, headers included. */
const PART_BYTES = 900 * 1024;

export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer;
  /** The activity's JSON exactly as it came. */
  readonly bytes: Buffer;
  readonly defect: Defect;
  readonly message: string;
  readonly tenant: string;
  readonly scan: string;
  /** The topic that it would have gone to. */
  readonly meantFor: string;
}

/**
 * The records of a dead letter: the original bytes, in numbered parts where one record cannot hold them, under
 * the header names that Kafka Connect uses for its dead-letter queues, plus where it came from.
 */
export function deadLetterRecords(letter: DeadLetter): OutgoingRecord[] {
  const parts = Math.max(1, Math.ceil(letter.bytes.length / PART_BYTES));
  const headers = {
    "__connect.errors.topic": letter.meantFor,
    "__connect.errors.stage": "VALUE_CONVERTER",
    "__connect.errors.exception.class.name": letter.defect,
    "__connect.errors.exception.message": letter.message,
    tenant: letter.tenant,
    scan: letter.scan,
    sha256: createHash("sha256").update(letter.bytes).digest("hex"),
    parts: String(parts),
  };
  return Array.from({ length: parts }, (_, part) => ({
    topic: letter.topic,
    partition: letter.partition,
    key: letter.key,
    value: letter.bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES),
    headers: { ...headers, part: String(part + 1) },
  }));
}
