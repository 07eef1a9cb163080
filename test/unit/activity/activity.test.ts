import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { activityType } from "../../../deploy/generate/activity-type.ts";
import { fieldsPage } from "../../../deploy/generate/fields-page.ts";
import { recordsOf } from "../../../deploy/generate/schema-records.ts";
import { SCHEMA_VERSION } from "../../../src/activity/activity.ts";
import { activitySchema } from "../../../src/activity/schema.ts";

// When one of these differs: node --import tsx deploy/generate/activity.ts
test("the type of an activity is made of the schema", () => {
  expect(readFileSync("src/activity/activity.ts", "utf8")).toBe(activityType(activitySchema, Number(SCHEMA_VERSION)));
});

test("the page of fields is made of the schema", () => {
  expect(readFileSync("docs/fields.md", "utf8")).toBe(fieldsPage(activitySchema, Number(SCHEMA_VERSION)));
});

test("the page has a row for every field, with its type and its meaning", () => {
  const page = fieldsPage(activitySchema, 1);
  for (const { name, doc } of recordsOf(activitySchema).flatMap(({ fields }) => fields)) {
    expect(page).toMatch(new RegExp(`^\\| \`([\\w.\\[\\]]+\\.)?${name}\` \\| .+ \\| .+ \\| .+ \\|$`, "m"));
    expect(page).toContain(doc);
  }
  expect(page).toContain("| `mainInfo.eventObjects[].link` | long | may be |");
  expect(page).toContain("| `readAt` | timestamp-millis | never |");
  expect(page).toContain("| `resolvedActorAccount` | record ResolvedActor | may be |");
  expect(page).toContain("| `protocols` | map of boolean | may be |");
});
