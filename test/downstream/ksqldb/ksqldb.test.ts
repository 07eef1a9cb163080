import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ksqldbActivities, ksqlType } from "../../../deploy/generate/ksqldb-ddl.ts";
import { activitySchema } from "../../../src/activity/schema.ts";
import { readStatements, type Sources } from "./statements.ts";
import { shown } from "./types.ts";

const FOLDER = new URL("../../../deploy/ksqldb/", import.meta.url);
const FLINK_JOBS = new URL("../../../deploy/flink/jobs/", import.meta.url);
const NOT_RUN = "NOT RUN: see README.md beside it.";
const sqlOf = (file: string): string => readFileSync(new URL(file, FOLDER), "utf8");
const QUERIES = readdirSync(new URL("queries", FOLDER)).sort();

const base = readStatements(sqlOf("activity.sql"), readStatements(sqlOf("activities.sql")));

/** Of statements that differ from those that are published. */
const broken = (file: string, from: string, to: string): (() => Sources) => {
  const sql = sqlOf(file);
  expect(sql).toContain(from);
  return () => readStatements(sql.replace(from, to), base);
};

describe("the statements for ksqlDB", () => {
  test("activities.sql is what the schema says", () => {
    // When this differs: npx tsx deploy/generate/ksqldb.ts
    expect(sqlOf("activities.sql")).toBe(ksqldbActivities());
  });

  test("every field of the schema is a column of its type", () => {
    const columns = base.get("ACTIVITIES")?.columns ?? new Map();
    expect([...columns.keys()]).toEqual(activitySchema.fields.map(({ name }) => name));
    const types = Object.fromEntries([...columns].map(([name, type]) => [name, shown(type)]));
    expect(types).toMatchObject({ _id: "VARCHAR", timestamp: "TIMESTAMP", appId: "BIGINT", raw: "VARCHAR" });
    expect(types["location"]).toContain("`latitude` DOUBLE, `longitude` DOUBLE");
    expect(types["entityData"]).toMatch(/^ARRAY<STRUCT<`index` BIGINT/);
    expect(types["protocols"]).toBe("MAP<VARCHAR, BOOLEAN>");
    expect(base.get("ACTIVITIES")?.properties.get("TIMESTAMP")).toBe("`timestamp`");
  });

  test("a type that ksqlDB does not have is refused", () => {
    expect(() => ksqlType("bytes")).toThrow(/ksqlDB has no type for bytes/);
  });

  test("there are five queries", () => {
    const names = [
      "activity-counts",
      "first-seen-country",
      "impossible-travel",
      "login-after-failures",
      "mass-download",
    ];
    expect(QUERIES).toEqual(names.map((name) => `${name}.sql`));
  });

  test("each has a Flink job of its name", () => {
    expect(readdirSync(FLINK_JOBS)).toEqual(expect.arrayContaining(QUERIES));
  });

  test.each(QUERIES)("%s parses, and finds what it names, of the type that it is used as", (file) => {
    const sources = readStatements(sqlOf(`queries/${file}`), base);
    const table = sources.get(file.replace(".sql", "").replaceAll("-", "_").toUpperCase());
    expect(table?.kind).toBe("TABLE");
    expect(table?.properties.get("KAFKA_TOPIC")).toBe(`mdca-ksqldb-${file.replace(".sql", "")}`);
  });

  test.each(["activities.sql", "activity.sql", ...QUERIES.map((file) => `queries/${file}`)])(
    "%s says in its first lines that it was not run",
    (file) => {
      expect(sqlOf(file).split("\n").slice(0, 3).join(" ").replaceAll("-- ", "")).toContain(NOT_RUN);
    },
  );

  test("what is wrong is seen", () => {
    const travel = "queries/impossible-travel.sql";
    expect(broken(travel, "`got_in` AND", "`gotIn` AND")).toThrow(/no column gotIn/);
    expect(broken(travel, "GEO_DISTANCE(`latitudes`[1]", "GEO_DISTANCE(`cities`[1]")).toThrow(/no function GEO_DIST/);
    expect(broken(travel, "`ids`[1]", "`ids`[0]")).toThrow(/no element 0/);
    expect(broken(travel, "EMIT CHANGES;\n\n", "EMIT CHANGES\n\n")).toThrow(/expected ;/);
    expect(broken("queries/mass-download.sql", "`download` AND", "`category` AND")).toThrow(/two BOOLEAN/);
    expect(broken("queries/mass-download.sql", "  `actor`,\n", "")).toThrow(/the key actor must be selected/);
    expect(broken("queries/mass-download.sql", "CREATE TABLE", "CREATE STREAM")).toThrow(/does not make a STREAM/);
    expect(broken("queries/activity-counts.sql", "`tenant`,\n", "tenant,\n")).toThrow(/expected \(/);
    const activities = readStatements(sqlOf("activities.sql"));
    const renamed = sqlOf("activity.sql").replace("->`clientIP`", "->`clientIp`");
    expect(() => readStatements(renamed, activities)).toThrow(/no field clientIp/);
  });
});
