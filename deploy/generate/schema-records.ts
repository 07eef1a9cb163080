import type { AvroType, RecordSchema } from "../../src/activity/schema.ts";

/** A schema's records: itself first, the others as they come in it. */
export function recordsOf(schema: RecordSchema): readonly RecordSchema[] {
  return [schema, ...schema.fields.flatMap(({ type }) => recordsIn(type))];
}

function recordsIn(type: AvroType): readonly RecordSchema[] {
  if (typeof type === "string") return [];
  if (0 in type) return recordsIn(type[1]);
  if ("items" in type) return recordsIn(type.items);
  if ("values" in type) return recordsIn(type.values);
  return "fields" in type ? recordsOf(type) : [];
}
