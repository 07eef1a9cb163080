import { expect, test } from "vitest";
import { openBodyReader, openDecoder } from "../../../src/activity/decode.ts";
import { openEncoder } from "../../../src/activity/encode.ts";
import { activitySchema, type RecordSchema } from "../../../src/activity/schema.ts";
import { activityOf, context } from "./samples.ts";

const encode = openEncoder({ schemaId: 7, raw: "include", onMismatch: () => {} });
const value = encode(activityOf({ _id: "a", appName: "Box", created: 5 }), context);

test("a schema is asked for once, however many values come before it is there", async () => {
  const asked: number[] = [];
  const decode = openDecoder(async (id) => {
    asked.push(id);
    return activitySchema;
  });
  const activities = await Promise.all([decode(value), decode(value), decode(new Uint8Array(value))]);
  expect(activities.map(({ _id, appName, created, uid }) => [_id, appName, created, uid])).toEqual(
    Array.from({ length: 3 }, () => ["a", "Box", 5, null]),
  );
  await decode(value);
  expect(asked).toEqual([7]);
});

test("a schema that could not be had is asked for again", async () => {
  let asked = 0;
  const decode = openDecoder(async () => {
    asked += 1;
    if (asked === 1) throw new Error("the registry is down");
    return activitySchema;
  });
  await expect(decode(value)).rejects.toThrow("the registry is down");
  expect((await decode(value))._id).toBe("a");
});

test("the schema of something else is told, with its id", async () => {
  const other = { type: "record", name: "Order", fields: [{ name: "n", type: "long" }] };
  await expect(openDecoder(async () => other)(value)).rejects.toThrow(/schema 7 is not one of activities: .*Order/);
  await expect(openDecoder(async () => ({ type: "nothing" }))(value)).rejects.toThrow("schema 7 is not one of");
});

test("what is no value of ours is refused before any schema is asked for", async () => {
  const decode = openDecoder(() => expect.unreachable("no id was known"));
  await expect(decode(null)).rejects.toThrow("without a value");
  await expect(decode(Buffer.from("{}"))).rejects.toThrow("wire format");
});

test("a body that was written with another schema than its id says is refused, not misread", () => {
  const read = openBodyReader(activitySchema);
  const longer = Buffer.concat([value.subarray(5), Buffer.from([0])]);
  for (const body of [longer, value.subarray(5, value.length - 3)]) {
    expect(() => read(body)).toThrow("not of the schema that it names");
  }
});

/** A version of the schema with one more optional field, in the middle of all. */
function withOneMore(schema: RecordSchema): RecordSchema {
  const more = { name: "later", type: ["null", "string"], default: null, doc: "Not yet known." } as const;
  return { ...schema, fields: schema.fields.toSpliced(3, 0, more) };
}

test("values of a later version are read without the fields that are not known here", () => {
  const at = activitySchema.fields.slice(0, 3).length;
  const [first, rest] = [encode(activityOf({ _id: "a" }), context).subarray(5), Buffer.from([0])];
  // `_id` is "a" in two bytes, the two fields behind it are null in one each: then comes the later version's own null.
  const later = Buffer.concat([first.subarray(0, at + 1), rest, first.subarray(at + 1)]);
  const activity = openBodyReader(withOneMore(activitySchema))(later);
  expect(activity).toMatchObject({ _id: "a", scan: "contoso-all", readAt: context.readAtMs, raw: '{"_id":"a"}' });
  expect(activity).not.toHaveProperty("later");
});

test("values of an earlier version have null where this version has more", () => {
  const names = new Set(["_id", "scan", "tenant", "reader", "readAt"]);
  const fields = activitySchema.fields.filter(({ name }) => names.has(name));
  const text = (value: string) => [Buffer.from([value.length * 2]), Buffer.from(value)];
  const body = Buffer.concat([...["a", "s", "t", "tail"].flatMap(text), Buffer.from([10])]);
  const activity = openBodyReader({ ...activitySchema, fields })(body);
  expect(activity).toMatchObject({
    _id: "a",
    scan: "s",
    tenant: "t",
    reader: "tail",
    readAt: 5,
    raw: null,
    device: null,
  });
  expect(Object.keys(activity)).toEqual(activitySchema.fields.map(({ name }) => name));
});
