import { createRequire } from "node:module";
import { assert } from "../kit/errors.ts";

/** The parts of a decoded record that kafkajs needs to leave it out and still move past it. */
interface Placeholder {
  readonly offset: string;
  readonly key: null;
  readonly value: null;
  readonly isControlRecord: true;
  readonly batchContext: object;
}

interface RecordBatch {
  readonly firstOffset: string;
  readonly lastOffsetDelta: number;
  readonly records: readonly { readonly offset: string }[];
}

type DecodeBatch = (decoder: unknown) => Promise<RecordBatch>;

const DECODER = "kafkajs/src/protocol/recordBatch/v0/decoder";
const USER = "kafkajs/src/protocol/requests/fetch/v4/decodeMessages";

let corrected = false;

/**
 * kafkajs 2.2.4 knows a batch's end only by its last record. Compaction takes records out of batches and keeps the
 * batch, even with none left, for its producer's sequence. A fetch that holds nothing but such batches, at the end
 * of a segment, looks like no answer at all: the consumer asks for the same offset for ever (tulios/kafkajs#1072).
 * As the Java client does, a batch here ends at the offset that its header gives: where no record is left there, a
 * control record stands in, which kafkajs passes over and never shows. Applied once, to kafkajs's own decoder,
 * before it decodes its first fetch.
 */
export function correctBatchEnds(): void {
  if (corrected) return;
  corrected = true;
  const require = createRequire(import.meta.url);
  assert(require.cache[require.resolve(USER)] === undefined, "kafkajs has not decoded a fetch yet");
  const decode: DecodeBatch = require(DECODER);
  const loaded = require.cache[require.resolve(DECODER)];
  assert(typeof decode === "function" && loaded !== undefined, "kafkajs is the version that is corrected here");
  loaded.exports = async (decoder: unknown) => withEnd(await decode(decoder));
}

function withEnd(batch: RecordBatch): RecordBatch {
  const offset = String(BigInt(batch.firstOffset) + BigInt(batch.lastOffsetDelta));
  if (batch.records.at(-1)?.offset === offset) return batch;
  const end: Placeholder = { offset, key: null, value: null, isControlRecord: true, batchContext: batch };
  return { ...batch, records: [...batch.records, end] };
}
