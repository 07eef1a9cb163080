import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { activitySchema } from "../../src/activity/schema.ts";
import { root } from "../real/process.ts";
import { failures, runHere } from "./check-here.ts";
import { configure, type Surroundings, topicsOf } from "./cli-setup.ts";

/** The commands for those whose brokers and registries forbid it to applications. */
export function neededParts(around: () => Surroundings): void {
  const command = (config: string, ...words: string[]) => runHere(...words, "-c", config);

  test("topics are printed without asking anybody, are missing, are made once, and are then as they should be", async () => {
    const { config, topic } = configure(around());
    const names = [topic, `${topic}-cursors`, `${topic}-dlq`];
    const printed = await command(config, "topics", "print");
    expect(printed.out).toMatch(new RegExp(`^kafka-topics --bootstrap-server \\S+ --create --topic ${topic} `, "m"));
    expect(printed.out.match(/^kafka-acls .*/gm)).toHaveLength(5);
    const plain = JSON.parse((await command(config, "topics", "print", "--output", "json")).out);
    expect(plain.topics.map(({ name }: { name: string }) => name)).toEqual(names);
    const before = await command(config, "topics", "check");
    expect([before.code, failures(before.out).length]).toEqual([1, 3]);
    expect((await topicsOf(around().broker)).filter((name) => name.startsWith(topic))).toEqual([]);
    const made = await command(config, "topics", "create");
    expect([made.code, made.out.match(/: made, partitions/g)?.length]).toEqual([0, 3]);
    const again = await command(config, "topics", "create");
    expect([again.code, again.out.match(/: was there/g)?.length]).toEqual([0, 3]);
    expect(await command(config, "topics", "check")).toMatchObject({ code: 0 });
  });

  test("the schema is not there, is registered once, and differs from none", async () => {
    const { config, topic } = configure(around());
    expect(await command(config, "schema", "diff")).toMatchObject({
      code: 1,
      out: `${topic}: the registry has no schema for its values\n`,
    });
    expect((await command(config, "schema", "check")).out).toMatch(/not registered yet, and would be compatible/);
    const registered = await command(config, "schema", "register");
    expect(registered).toMatchObject({ code: 0, out: expect.stringMatching(/is registered with id \d+/) });
    expect((await command(config, "schema", "register")).out).toBe(registered.out);
    const same = await command(config, "schema", "diff");
    expect(same).toMatchObject({
      code: 0,
      out: expect.stringMatching(/version 1, id \d+, is this connector's schema/),
    });
  });

  test("a schema of before is shown field by field", async () => {
    const { config, topic } = configure(around());
    const fields = activitySchema.fields
      .filter(({ name }) => name !== "raw")
      .map((field) => (field.name === "scan" ? { ...field, type: "bytes" } : field));
    const answer = await fetch(`${around().registry.url}/subjects/${topic}-value/versions`, {
      method: "POST",
      headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
      body: JSON.stringify({ schema: JSON.stringify({ ...activitySchema, fields }) }),
    });
    expect(answer.status).toBe(200);
    const { code, out } = await command(config, "schema", "diff");
    expect(code, out).toBe(1);
    expect(out).toMatch(/^scan +type +bytes +string$/m);
    expect(out).toMatch(/^raw +added +- +\S/m);
    const [compared] = JSON.parse((await command(config, "schema", "diff", "--output", "json")).out);
    expect(compared.differences.map(({ field }: { field: string }) => field)).toEqual(["scan", "raw"]);
  });

  test("the configuration is printed with secrets by their origin, and its schema is the one that is published", async () => {
    const { config, topic } = configure(around());
    const yaml = await command(config, "config", "print");
    expect(yaml).toMatchObject({ code: 0, out: expect.stringMatching(/token: "?\[secret from file token\]/) });
    const json = JSON.parse((await command(config, "config", "print", "--output", "json")).out);
    expect(json.topics.activities).toEqual({ name: topic, partitions: 2, replicationFactor: -1 });
    const published = readFileSync(join(root, "schemas/config.schema.json"), "utf8");
    expect(JSON.parse((await runHere("config", "schema")).out)).toEqual(JSON.parse(published));
  });

  test.each([
    "check",
    "topics print",
    "topics create",
    "topics check",
    "schema print",
    "schema check",
    "schema register",
    "schema diff",
    "config print",
    "config schema",
  ])("%s has help with examples", async (words) => {
    expect((await runHere(...words.split(" "), "--help")).out).toMatch(/Examples:\n.*mdca-kafka-source/);
  });
}
