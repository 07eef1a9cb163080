import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SCHEMA_VERSION } from "../../../src/activity/activity.ts";
import { releasedSchemas } from "../../../src/activity/released.ts";
import { activitySchema } from "../../../src/activity/schema.ts";
import { breaches, changes, readEachOther } from "./compatibility.ts";

const folder = new URL("../../../schemas/released/", import.meta.url);
const released = [...releasedSchemas()];

test("versions are numbered from 1, and the newest is the one that is published", () => {
  expect(released.map(([version]) => version)).toEqual(released.map((_, at) => at + 1));
  const [version, schema] = released.at(-1) ?? [];
  // When this differs: docs/schema-evolution.md says how a version is added.
  expect(schema).toEqual(activitySchema);
  expect(String(version)).toBe(SCHEMA_VERSION);
});

test("a version that was released is never edited", () => {
  const sums = readFileSync(new URL("SHA256SUMS", folder), "utf8").trim().split("\n");
  const files = readdirSync(folder).filter((name) => name.endsWith(".avsc"));
  const found = files.map((name) => {
    const sum = createHash("sha256")
      .update(readFileSync(new URL(name, folder)))
      .digest("hex");
    return `${sum}  ${name}`;
  });
  expect(found.sort()).toEqual([...sums].sort());
});

test("every version is fully compatible with every earlier one, by our rule and by avsc's resolution", () => {
  for (const [version, schema] of released) {
    for (const [earlier, before] of released.slice(0, version - 1)) {
      expect(breaches(before, schema), `version ${version} after ${earlier}`).toEqual([]);
    }
    for (const [other, schemaOfOther] of released) {
      expect(readEachOther(schema, schemaOfOther), `versions ${version} and ${other}`).toBe(true);
    }
  }
});

describe("a change of the schema is judged", () => {
  test.each(changes.map((change) => [change.says, change] as const))("%s", (_, change) => {
    const after = change.of(activitySchema);
    expect(breaches(activitySchema, after)).toEqual(change.breaches);
    expect(readEachOther(activitySchema, after)).toBe(change.isFull);
  });
});
