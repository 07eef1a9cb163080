import { containerBlock, containerHead } from "../activity/container.ts";
import { openEncoder } from "../activity/encode.ts";
import type { ReadActivity } from "../activity/reading.ts";
import { oneLine } from "./one-line.ts";
import { TABLE_HEAD, tableRow } from "./scan-table.ts";

export const FORMATS = ["ndjson", "avro", "table"] as const;
export type FormatName = (typeof FORMATS)[number];

/** Bytes behind which an output may end and is whole. */
export interface Piece {
  readonly bytes: Buffer;
  readonly activities: number;
}

/** How activities become an output. */
export interface Format {
  readonly name: FormatName;
  /** What the output begins with, even where nothing is found. */
  readonly head: Buffer;
  /** One activity as `pieces` takes it, while its page arrives; null: this format cannot hold it. */
  encode(activity: ReadActivity): Buffer | null;
  /** A page's activities, in pieces of about 256 KiB before compression. */
  pieces(encoded: readonly Buffer[]): Iterable<Piece>;
}

export interface FormatContext {
  /** What the tenant is called. */
  readonly tenant: string;
  /** Of an Avro file: what its head has and each of its blocks ends with. */
  readonly sync: Buffer;
  nowMs(): number;
}

export function openFormat(name: FormatName, context: FormatContext): Format {
  if (name === "avro") return avro(context);
  const encode = name === "ndjson" ? lineOf : tableRow;
  return { name, head: name === "ndjson" ? Buffer.alloc(0) : TABLE_HEAD, encode, pieces: linePieces };
}

/** The exact JSON; what is no JSON is written as it came. */
const lineOf = (activity: ReadActivity): Buffer => oneLine(activity.bytes);

const NEWLINE = Buffer.from("\n");
const PIECE_BYTES = 256 * 1024;

function* linePieces(lines: readonly Buffer[]): Generator<Piece> {
  for (const group of grouped(lines)) {
    yield { bytes: Buffer.concat(group.flatMap((line) => [line, NEWLINE])), activities: group.length };
  }
}

/** Records of our schema. What cannot be one, for want of an id or of sound JSON, is left out. */
function avro({ tenant, sync, nowMs }: FormatContext): Format {
  // No registry is asked, and the id that stands before a body in Kafka has no place in a file.
  const encodeValue = openEncoder({ schemaId: 0, raw: "include", onMismatch: () => {} });
  return {
    name: "avro",
    head: containerHead(sync),
    encode: (activity) => {
      if (activity.defect !== null) return null;
      return encodeValue(activity, { scan: "one-shot", tenant, reader: "scan", readAtMs: nowMs() });
    },
    *pieces(values) {
      for (const group of grouped(values)) yield { bytes: containerBlock(group, sync), activities: group.length };
    },
  };
}

function* grouped(parts: readonly Buffer[]): Generator<readonly Buffer[]> {
  let group: Buffer[] = [];
  let bytes = 0;
  for (const part of parts) {
    group.push(part);
    bytes += part.length;
    if (bytes < PIECE_BYTES) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}
