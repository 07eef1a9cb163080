import avsc from "avsc";
import { expect, test } from "vitest";
import { containerBlock, containerHead, SYNC_BYTES } from "../../../src/activity/container.ts";
import { openEncoder } from "../../../src/activity/encode.ts";
import { activitySchema } from "../../../src/activity/schema.ts";
import { activityOf, context, type Loose } from "./samples.ts";

const sync = Buffer.from("0123456789abcdef");
const encode = openEncoder({ schemaId: 0, raw: "include", onMismatch: () => {} });
const values = (...names: string[]) =>
  names.map((name) => encode(activityOf({ _id: name, description: name }), context));

/** What avsc's own reader of container files finds. */
async function read(file: Buffer): Promise<{ readonly schema: unknown; readonly ids: string[] }> {
  const decoder = new avsc.streams.BlockDecoder();
  let schema: unknown = null;
  decoder.on("metadata", (_, __, header: { meta: Record<string, Buffer> }) => {
    schema = JSON.parse(header.meta["avro.schema"]?.toString() ?? "null");
  });
  const ids: string[] = [];
  decoder.on("data", (activity: Loose) => ids.push(activity["_id"]));
  decoder.end(file);
  await new Promise((resolve, reject) => decoder.once("end", resolve).once("error", reject));
  return { schema, ids };
}

test("a head and blocks are a container file with our schema", async () => {
  const file = Buffer.concat([
    containerHead(sync),
    containerBlock(values("a", "b"), sync),
    containerBlock(values("c"), sync),
  ]);
  expect(await read(file)).toEqual({ schema: activitySchema, ids: ["a", "b", "c"] });
  expect(sync).toHaveLength(SYNC_BYTES);
});

test("a head alone is a file without activities", async () => {
  expect(await read(containerHead(sync))).toEqual({ schema: activitySchema, ids: [] });
});

test("equal descriptions are stored once: blocks are compressed", () => {
  const large = "x".repeat(100_000);
  expect(containerBlock(values(large), sync).length).toBeLessThan(2_000);
});
