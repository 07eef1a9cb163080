import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { activitySchema, type FieldSchema } from "../../src/activity/schema.ts";
import { ensureBuilt } from "./built.ts";
import { root, scratchDir } from "./process.ts";

/** The entry of this connector as a later release: its schema has `field` more, right before the connector's own. */
export async function newerRelease(field: FieldSchema): Promise<string> {
  await ensureBuilt();
  const dir = scratchDir("newer-release");
  for (const name of ["dist", "schemas", "package.json"])
    cpSync(join(root, name), join(dir, name), { recursive: true });
  const at = activitySchema.fields.findIndex(({ name }) => name === "scan");
  const fields = activitySchema.fields.toSpliced(at, 0, field);
  writeFileSync(join(dir, "schemas/activity.avsc"), JSON.stringify({ ...activitySchema, fields }, null, 2));
  return join(dir, "dist/main.js");
}
