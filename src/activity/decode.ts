import avsc, { type Schema, type Type } from "avsc";
import { describeError } from "../kit/errors.ts";
import type { Activity } from "./activity.ts";
import { activitySchema } from "./schema.ts";
import { unframed } from "./wire-format.ts";

/** @throws Error when `body` was not written with the schema that the reader was opened for. */
export type ReadBody = (body: Buffer) => Activity;

const ours = typeOf(activitySchema);

/**
 * A reader of bodies that were written with `schema`, an earlier or later version of ours. Whoever reads sees this
 * version's fields: those that the writer did not have are null, those that only the writer has are left out.
 *
 * @throws Error when `schema` is no Avro schema, or not one of an activity.
 */
export function openBodyReader(schema: unknown): ReadBody {
  const resolver = ours.createResolver(typeOf(schema));
  return (body) => {
    try {
      return ours.fromBuffer(body, resolver);
    } catch (error) {
      throw new Error(`the record is not of the schema that it names: ${describeError(error)}`, { cause: error });
    }
  };
}

function typeOf(schema: unknown): Type {
  return avsc.Type.forSchema(schema as Schema, { wrapUnions: "never", omitRecordMethods: true });
}

/** As many as a registry will ever hold of one subject; more means that ids are made up. */
const READERS_MAX = 1_000;

/**
 * A decoder of values by the schemas that their ids name. Each schema is asked for once; where that failed, again at
 * the next value.
 *
 * @param schemaOf the schema of an id, as JSON. What it throws is thrown by the decoder.
 */
export function openDecoder(
  schemaOf: (id: number) => Promise<unknown>,
): (value: Uint8Array | null) => Promise<Activity> {
  const readers = new Map<number, Promise<ReadBody>>();
  const open = async (id: number): Promise<ReadBody> => {
    const schema = await schemaOf(id);
    try {
      return openBodyReader(schema);
    } catch (error) {
      throw new Error(`schema ${id} is not one of activities: ${describeError(error)}`, { cause: error });
    }
  };
  return async (value) => {
    const { schemaId, body } = unframed(value);
    let reader = readers.get(schemaId);
    if (reader === undefined) {
      if (readers.size >= READERS_MAX) readers.clear();
      reader = open(schemaId);
      readers.set(schemaId, reader);
      reader.catch(() => readers.delete(schemaId));
    }
    return (await reader)(body);
  };
}
