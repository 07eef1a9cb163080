import { z } from "zod";
import { ID_BYTES } from "./id-table.ts";
import { jobSchema } from "./job.ts";
import { count, epochMs } from "./pass.ts";
import { decodeRecord } from "./record.ts";

/** Goes up with every change that an older program could misread. */
const STATE_VERSION = 1;

const bytes = z.base64().transform((text): Buffer => Buffer.from(text, "base64"));
const ids = bytes.refine(({ length }) => length % ID_BYTES === 0, "no whole number of ids");

const stateSchema = z.strictObject({
  version: z.literal(STATE_VERSION),
  /** What the scan was asked for, as its flags say it, by their names; any difference makes it another scan. */
  asked: z.record(z.string(), z.string()),
  output: z.strictObject({
    /** How much of the output is whole pages that this state knows of. */
    bytes: count,
    /** Of the last of these bytes, to tell that it is the same file. */
    endSha256: z.string(),
    /** What the blocks of an Avro file end with, and nothing of other formats. */
    sync: bytes,
  }),
  cursorField: z.enum(["created", "date"]),
  /** Where the scan ends; null: at whatever is visible. */
  untilMs: epochMs.nullable(),
  /** The server's time when it began. */
  startedMs: epochMs,
  /** What is left to read, the pass being read and its next filters as the API sent them. */
  job: jobSchema.omit({ version: true }),
  /** Activities asked for at once: less than at first where pages did not fit. */
  limit: count,
  ids: z.strictObject({ known: ids, overlap: ids, unplaced: ids }),
  tally: z.strictObject({
    activities: count,
    pages: count,
    repeats: count,
    defects: count,
    leftOut: count,
    atMs: epochMs.nullable(),
    gaps: z.array(z.strictObject({ fromMs: epochMs, untilMs: epochMs.nullable() })),
    gapsMore: count,
  }),
});

/** Where a one-shot scan stands after a page: all that another process needs to go on with it. */
export type OneShotState = Readonly<Omit<z.output<typeof stateSchema>, "version">>;

export function encodeOneShot(state: OneShotState): string {
  const { known, overlap, unplaced } = state.ids;
  return JSON.stringify({
    version: STATE_VERSION,
    ...state,
    output: { ...state.output, sync: text(state.output.sync) },
    ids: { known: text(known), overlap: text(overlap), unplaced: text(unplaced) },
  });
}

const text = (raw: Buffer): string => raw.toString("base64");

/**
 * @param where names the file, for the message.
 * @throws ConnectorError `cursor_corrupt` for what is no such state, `cursor_newer` for one of a later version.
 */
export function decodeOneShot(value: Buffer, where: string): OneShotState {
  const { version: _, ...state } = decodeRecord(stateSchema, value, { where, what: "scan", version: STATE_VERSION });
  return state;
}
