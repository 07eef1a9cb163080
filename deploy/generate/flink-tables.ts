// Writes deploy/flink/tables.sql from the schemas of activities and of alerts.
import { writeFileSync } from "node:fs";
import { tablesSql } from "./flink-ddl.ts";

writeFileSync(new URL("../flink/tables.sql", import.meta.url), tablesSql());
