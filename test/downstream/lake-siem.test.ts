import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type AvroType, activitySchema, type RecordSchema } from "../../src/activity/schema.ts";

const ROOT = new URL("../../", import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, ROOT), "utf8");
const page = textOf("docs/downstream-lake-siem.md");

/** Every field that a path can name; members of a list are reached by `[]`. */
function pathsOf(schema: RecordSchema, prefix = "", named = new Map<string, RecordSchema>()): string[] {
  named.set(schema.name, schema);
  return schema.fields.flatMap(({ name, type }) => {
    const { path, inner } = innerOf(type, `${prefix}${name}`);
    const record = typeof inner === "string" ? named.get(inner) : inner;
    return [path, ...(record === undefined ? [] : pathsOf(record, `${path}.`, named))];
  });
}

function innerOf(type: AvroType, path: string): { path: string; inner: RecordSchema | string } {
  if (typeof type === "string") return { path, inner: type };
  if (0 in type) return innerOf(type[1], path);
  if ("items" in type) return innerOf(type.items, `${path}[]`);
  return "fields" in type ? { path, inner: type } : { path, inner: "" };
}

const FIELDS = new Set(pathsOf(activitySchema));

/** The cells of the table whose first headings are these, without the headings. */
function table(heading: string): string[][] {
  const lines = page.split("\n");
  const from = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  if (from < 0) throw new Error(`no table with the heading ${heading}`);
  const end = lines.findIndex((line, at) => at > from && !line.startsWith("|"));
  return lines.slice(from + 2, end).map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

const codes = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string);

describe("the field map", () => {
  const rows = table("field of `activity.avsc`");

  test("names fields that there are, each once", () => {
    const named = rows.flatMap(([fields]) => codes(fields ?? ""));
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((field) => !FIELDS.has(field))).toEqual([]);
    expect(new Set(named).size).toBe(named.length);
  });

  test("names what the SIEM agent sent, all but what it made up itself", () => {
    // From its documented examples and from Microsoft's own list of its fields. `cs1` was a link made of the id.
    const sent = [
      ...["Signature ID", "Name", "Severity", "externalId", "start", "end", "rt", "msg", "suser"],
      ...["destinationServiceName", "dvc", "c6a1", "requestClientApplication", "cs2", "cs3"],
    ];
    expect(rows.flatMap(([, cef]) => codes(cef ?? "")).sort()).toEqual(sent.sort());
    expect(page).toContain("`cs1` was a link");
  });

  test("gives each class what OCSF requires of it", () => {
    const attributes = [2, 3, 4].map((column) => rows.flatMap((row) => codes(row[column] ?? "")));
    const [authentication, hosting, api] = attributes as [string[], string[], string[]];
    for (const all of attributes)
      expect(all).toEqual(expect.arrayContaining(["time", "severity_id", "src_endpoint.ip"]));
    expect(authentication).toEqual(expect.arrayContaining(["user.name", "service.name"]));
    expect(hosting).toEqual(expect.arrayContaining(["actor.user.name", "file.name"]));
    expect(api).toEqual(expect.arrayContaining(["actor.user.name", "api.operation"]));
    for (const constant of ["metadata.version", "metadata.product.name", "file.type_id"])
      expect(page).toContain(`\`${constant}\``);
  });

  test("computes the type of each class", () => {
    const classes = table("`eventTypeName` | class");
    expect(classes).toHaveLength(5);
    for (const row of classes) {
      const [uid = 0, category, activity = 0, type] = row.slice(2, 6).map((cell) => Number.parseInt(cell, 10));
      expect([3002, 6003, 6006]).toContain(uid);
      expect([type, category]).toEqual([uid * 100 + activity, Math.floor(uid / 1_000)]);
    }
  });
});

/** Of each sink's own documentation; `*` stands for the rest of a name. */
const DOCUMENTED: Readonly<Record<string, readonly string[]>> = {
  "org.apache.iceberg.connect.IcebergSinkConnector": [
    ...["iceberg.tables", "iceberg.tables.auto-create-enabled", "iceberg.tables.evolve-schema-enabled"],
    ...["iceberg.tables.default-partition-by", "iceberg.control.topic", "iceberg.control.commit.interval-ms"],
    "iceberg.catalog.*",
  ],
  "io.confluent.connect.s3.S3SinkConnector": [
    ...["storage.class", "s3.region", "s3.bucket.name", "topics.dir", "format.class", "parquet.codec"],
    ...["schema.compatibility", "partitioner.class", "timestamp.extractor", "partition.duration.ms", "path.format"],
    ...["locale", "timezone", "flush.size", "rotate.interval.ms"],
  ],
};

/** Of Kafka Connect and of the converters. */
const EVERY_SINK = [
  ...["connector.class", "tasks.max", "topics", "key.converter", "value.converter"],
  ...["value.converter.schema.registry.url", "consumer.override.isolation.level"],
];

describe.each(readdirSync(new URL("deploy/connect", ROOT)))("deploy/connect/%s", (file) => {
  const { name, config } = JSON.parse(textOf(`deploy/connect/${file}`)) as {
    readonly name: string;
    readonly config: Readonly<Record<string, unknown>>;
  };

  test("has only properties that are documented, as texts", () => {
    const documented = [...EVERY_SINK, ...(DOCUMENTED[String(config["connector.class"])] ?? [])];
    const known = (property: string) =>
      documented.some((one) => (one.endsWith("*") ? property.startsWith(one.slice(0, -1)) : property === one));
    expect(Object.keys(config).filter((property) => !known(property))).toEqual([]);
    expect(Object.values(config).every((value) => typeof value === "string")).toBe(true);
    expect(name).toMatch(/^mdca-activities-/);
  });

  test("reads the topic as it is published, committed only, and holds no secret", () => {
    expect(config).toMatchObject({
      topics: "mdca-activities",
      "consumer.override.isolation.level": "read_committed",
      "value.converter": "io.confluent.connect.avro.AvroConverter",
    });
    for (const [property, value] of Object.entries(config))
      if (/secret|credential|password|access-key/.test(property)) expect(value).toMatch(/^\$\{file:/);
  });

  test("partitions by columns that there are", () => {
    const by = String(config["iceberg.tables.default-partition-by"] ?? "").match(/\w+(?=[),]|$)/g) ?? [];
    expect(by.filter((column) => !FIELDS.has(column))).toEqual([]);
    if (file.startsWith("iceberg")) expect(by).toEqual(["timestamp", "tenant"]);
  });
});

test("what the page refers to is there", () => {
  for (const path of page.match(/deploy\/[\w./-]+\.json/g) ?? []) expect(existsSync(new URL(path, ROOT))).toBe(true);
  const sources = page.slice(page.indexOf("## Sources"));
  const numbers = [...sources.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
  expect(numbers).toEqual(numbers.map((_, at) => at + 1));
  const cited = [...page.matchAll(/\[((?:\d+)(?:, \d+)*)\]/g)].flatMap(([, list]) =>
    String(list).split(", ").map(Number),
  );
  expect([...new Set(cited)].sort((a, b) => a - b)).toEqual(numbers);
});
