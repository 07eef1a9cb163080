import { createHash } from "node:crypto";
import { ConnectorError } from "../kit/errors.ts";
import { ID_BYTES } from "./id-table.ts";

/** Bytes of an activity's content digest: the beginning of the SHA-256 of its exact JSON. */
export const CONTENT_BYTES = 8;
/** A longer `_id` is cut for people; its digest is of all of it. */
const TEXT_BYTES_MAX = 200;
/** Activities in one record: with the longest texts it stays below half of what a topic takes. */
const PART_MAX = 2_000;

const VERSION = 1;
const HEAD_BYTES = 5;
const VALUE_AT = ID_BYTES + CONTENT_BYTES;
const LENGTH_AT = VALUE_AT + 8;
const TEXT_AT = LENGTH_AT + 1;

/** What the API showed of one activity to a verify job. */
export interface Shown {
  readonly id: Buffer;
  readonly content: Buffer;
  /** Of the cursor field; epoch ms. */
  readonly valueMs: number;
  /** Its `_id`, or as much of it as people need. */
  readonly text: string;
}

/** The key under which a verify job tells what it is shown: always the same, so that compaction keeps one record. */
export const shownKey = (scan: string, job: string): string => JSON.stringify({ shown: scan, by: job });

export const contentDigest = (bytes: Buffer): Buffer =>
  createHash("sha256").update(bytes).digest().subarray(0, CONTENT_BYTES);

/** What a page shows, as the bodies of records, each without its number yet. */
export class ShownParts {
  readonly #parts: Buffer[] = [];
  #entries: Buffer[] = [];

  /** @returns the bytes that it takes. */
  add({ id, content, valueMs, text }: Shown): number {
    const name = Buffer.from(text, "utf8").subarray(0, TEXT_BYTES_MAX);
    const entry = Buffer.alloc(TEXT_AT + name.length);
    id.copy(entry);
    content.copy(entry, ID_BYTES);
    entry.writeDoubleBE(valueMs, VALUE_AT);
    entry[LENGTH_AT] = name.length;
    name.copy(entry, TEXT_AT);
    this.#entries.push(entry);
    if (this.#entries.length === PART_MAX) this.#close();
    return entry.length;
  }

  /** The bodies, at most 2,000 activities in each. */
  close(): readonly Buffer[] {
    if (this.#entries.length > 0) this.#close();
    return this.#parts;
  }

  #close(): void {
    this.#parts.push(Buffer.concat(this.#entries));
    this.#entries = [];
  }
}

/** @param number of the records that the job has told before. */
export function encodeShown(number: number, body: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = VERSION;
  head.writeUInt32BE(number, 1);
  return Buffer.concat([head, body]);
}

/**
 * @returns the record's number, and what it shows; buffers share memory with `value`.
 * @throws ConnectorError `cursor_newer` | `cursor_corrupt`
 */
export function decodeShown(value: Buffer, where: string): { readonly number: number; readonly shown: Shown[] } {
  if (value[0] !== VERSION || value.length < HEAD_BYTES) {
    const isNewer = (value[0] ?? 0) > VERSION;
    throw new ConnectorError(
      isNewer ? "cursor_newer" : "cursor_corrupt",
      `${where}: what the API showed is told in version ${value[0]}, this program knows ${VERSION}`,
      { disposition: "fatal" },
    );
  }
  const shown: Shown[] = [];
  for (let at = HEAD_BYTES; at < value.length; ) {
    const end = at + TEXT_AT + (value[at + LENGTH_AT] ?? 0);
    if (end > value.length) {
      throw new ConnectorError("cursor_corrupt", `${where}: what the API showed is cut off at byte ${at}`, {
        disposition: "fatal",
      });
    }
    shown.push({
      id: value.subarray(at, at + ID_BYTES),
      content: value.subarray(at + ID_BYTES, at + VALUE_AT),
      valueMs: value.readDoubleBE(at + VALUE_AT),
      text: value.toString("utf8", at + TEXT_AT, end),
    });
    at = end;
  }
  return { number: value.readUInt32BE(1), shown };
}
