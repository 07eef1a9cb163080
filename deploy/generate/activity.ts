// Writes what is made of schemas/activity.avsc: the type of an activity, and docs/fields.md.
import { writeFileSync } from "node:fs";
import { releasedSchemas } from "../../src/activity/released.ts";
import { activitySchema } from "../../src/activity/schema.ts";
import { activityType } from "./activity-type.ts";
import { fieldsPage } from "./fields-page.ts";

const version = Math.max(...releasedSchemas().keys());
const write = (path: string, text: string) => writeFileSync(new URL(`../../${path}`, import.meta.url), text);
write("src/activity/activity.ts", activityType(activitySchema, version));
write("docs/fields.md", fieldsPage(activitySchema, version));
