import { readdirSync, readFileSync } from "node:fs";
import type { RecordSchema } from "./schema.ts";

const folder = new URL("../../schemas/released/", import.meta.url);

/**
 * Every version of the schema that activities have been published with, ascending, by the number that their header
 * `schema-version` names. The newest is `activitySchema`. Read anew at each call.
 */
export function releasedSchemas(): ReadonlyMap<number, RecordSchema> {
  const versions = readdirSync(folder).flatMap((name) => /^([1-9]\d*)\.avsc$/.exec(name)?.[1] ?? []);
  const ascending = versions.map(Number).sort((one, other) => one - other);
  return new Map(
    ascending.map((version) => [version, JSON.parse(readFileSync(new URL(`${version}.avsc`, folder), "utf8"))]),
  );
}
