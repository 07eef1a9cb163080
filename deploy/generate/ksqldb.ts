// Writes deploy/ksqldb/activities.sql from schemas/activity.avsc.
import { writeFileSync } from "node:fs";
import { ksqldbActivities } from "./ksqldb-ddl.ts";

writeFileSync(new URL("../ksqldb/activities.sql", import.meta.url), ksqldbActivities());
