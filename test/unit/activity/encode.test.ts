import { describe, expect, test } from "vitest";
import { openEncoder } from "../../../src/activity/encode.ts";
import { readActivity } from "../../../src/activity/read.ts";
import { type AvroType, activitySchema, type RecordSchema } from "../../../src/activity/schema.ts";
import { activityOf, context, decodeActivity, type Loose, noSamples, sample } from "./samples.ts";

function roundTrip(json: string | object, raw: "include" | "omit" = "include") {
  const mismatches: string[] = [];
  const encode = openEncoder({ schemaId: 0x01020304, raw, onMismatch: (field) => mismatches.push(field) });
  const value = encode(activityOf(json), context);
  return { value, mismatches, activity: decodeActivity(value).activity as Loose };
}

test("a value is the registry's wire format: zero, the schema id, the record", () => {
  const { value, activity } = roundTrip({ _id: "a" });
  expect(value.subarray(0, 5)).toEqual(Buffer.from([0, 1, 2, 3, 4]));
  expect(decodeActivity(value).schemaId).toBe(0x01020304);
  expect(activity).toMatchObject({ _id: "a", scan: "contoso-all", tenant: "contoso", reader: "tail" });
  expect(activity["readAt"]).toBe(context.readAtMs);
});

test("the largest schema id that four bytes hold is kept", () => {
  const encode = openEncoder({ schemaId: 0xffffffff, raw: "omit", onMismatch: () => {} });
  expect(decodeActivity(encode(activityOf({ _id: "a" }), context)).schemaId).toBe(0xffffffff);
});

test("what the API sends under the connector's names is not taken for the connector's", () => {
  const { activity, mismatches } = roundTrip(
    { _id: "a", scan: 5, tenant: "x", reader: {}, readAt: "x", raw: 1 },
    "omit",
  );
  expect(mismatches).toEqual([]);
  const { scan, tenant, reader, readAtMs } = context;
  expect(activity).toMatchObject({ scan, tenant, reader, readAt: readAtMs, raw: null });
});

describe("raw is the exact text", () => {
  test.each([
    '{"_id":"a","n":12345678901234567890.10,"s":"\\u00fc\\ud800","dup":1,"dup":2}',
    ' {\n"_id" : "ü€😀" }\t',
    `{"_id":"a","long":"${"ü".repeat(300_000)}"}`,
  ])("%.60s", (text) => {
    expect(roundTrip(text).activity["raw"]).toBe(text);
  });
});

test("raw can be left out", () => {
  expect(roundTrip({ _id: "a" }, "omit").activity["raw"]).toBeNull();
});

describe("free-form parts keep their own text, numbers and keys", () => {
  test.each([
    ['{"Level":1,"level":2, "n":12345678901234567890}', '{"Level":1,"level":2, "n":12345678901234567890}'],
    ["[1.0,{}]", "[1.0,{}]"],
    ["1.50", "1.50"],
    ["null", null],
    ['"[{\\"a\\":1}]"', '[{"a":1}]'],
    ['"\\ud800"', "\uFFFD"],
  ])("%s", (text, expected) => {
    const { activity, mismatches } = roundTrip(`{"_id":"a","rawDataJson":${text},"performedActions":${text}}`);
    expect(activity).toMatchObject({ rawDataJson: expected, performedActions: expected });
    expect(mismatches).toEqual([]);
  });
});

test("a hostile activity is encoded all the same", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const { activity, mismatches } = roundTrip(
    `{"_id":"a","location":${deep},"rawDataJson":${deep},"user":{"userName":${deep}},"big":1e999,"appId":1e999}`,
  );
  expect(activity["rawDataJson"]).toBe(deep);
  expect(mismatches.sort()).toEqual(["appId", "location", "user.userName"]);
});

test("short strings that UTF-8 cannot hold are still UTF-8", () => {
  const { value } = roundTrip('{"_id":"a","severity":"\\ud800x"}', "omit");
  expect(value.includes(Buffer.from("\uFFFDx"))).toBe(true);
  expect(value.includes(Buffer.from([0xed, 0xa0, 0x80]))).toBe(false);
});

test("values encoded one after the other do not touch each other", () => {
  const encode = openEncoder({ schemaId: 1, raw: "include", onMismatch: () => {} });
  const sizes = [1, 70, 4_000, 250_000, 10, 262_100, 600_000, 3, 0, 4_000];
  const texts = sizes.map((size, i) =>
    JSON.stringify({ _id: `${i}ü`, description: "ü€😀".repeat(size / 3), tags: ["😀"] }),
  );
  const values = texts.map((text) => encode(activityOf(text), context));
  for (const [i, value] of values.entries()) {
    const { activity } = decodeActivity(value);
    expect([activity["_id"], activity["raw"] === texts[i]]).toEqual([`${i}ü`, true]);
  }
});

test.each([2 ** 53 - 2, -(2 ** 52), 2 ** 31, -(2 ** 31) - 1, 0])("the number %d is encoded exactly", (appId) => {
  expect(roundTrip({ _id: "a", appId })).toMatchObject({ mismatches: [], activity: { appId } });
});

test("an activity with a defect is refused: it belongs to the dead letters", () => {
  const encode = openEncoder({ schemaId: 1, raw: "include", onMismatch: () => {} });
  expect(() => encode(activityOf("{}"), context)).toThrow("invariant broken");
});

test("what is not an encoded activity is refused", () => {
  expect(() => decodeActivity(Buffer.from([1, 0, 0, 0, 1, 0]))).toThrow("wire format");
  expect(() => decodeActivity(Buffer.from([0, 0, 0]))).toThrow("wire format");
  expect(() => decodeActivity(Buffer.from([0, 0, 0, 0, 1, 0]))).toThrow();
});

/** A value of each type, as the API spells it, and what it is when read back. */
function example(type: AvroType, path: string): [sent: unknown, read: unknown] {
  if (typeof type === "string") {
    const named = type === "ResolvedActor" ? resolvedActor : null;
    if (named !== null) return example(named, path);
    const values: Record<string, unknown> = {
      string: `${path} ü`,
      long: 2 ** 40 + path.length,
      double: 1.5,
      boolean: true,
    };
    return [values[type], values[type]];
  }
  if (0 in type) return example(type[1], path);
  if ("items" in type) {
    const [sent, read] = example(type.items, `${path}[]`);
    if (path !== "entityData")
      return [
        [sent, sent],
        [read, read],
      ];
    return [{ 0: sent, 1: null }, [{ ...(read as object), index: 0 }]];
  }
  if ("values" in type) {
    const [sent, read] = example(type.values, `${path}.*`);
    return [
      { a: sent, "b ü": sent },
      { a: read, "b ü": read },
    ];
  }
  if (!("fields" in type)) return [1_595_096_313_000, 1_595_096_313_000];
  const examples = type.fields.map(({ name, type }) => [name, example(type, `${path}.${name}`)] as const);
  const pick = (at: 0 | 1) => Object.fromEntries(examples.map(([name, pair]) => [name, pair[at]]));
  return [pick(0), pick(1)];
}

const resolvedActor = (
  activitySchema.fields.find(({ name }) => name === "resolvedActor")!.type as ["null", RecordSchema]
)[1];

test("every field of the schema is read, encoded and decoded", () => {
  const all = activitySchema.fields.map(({ name, type }) => [name, ...example(type, name)] as const);
  const text = JSON.stringify(Object.fromEntries(all.map(([name, sent]) => [name, sent])));
  const { activity, mismatches } = roundTrip(text);
  expect(mismatches).toEqual([]);
  const expected = Object.fromEntries(all.map(([name, , read]) => [name, read]));
  expect(activity).toEqual({ ...expected, ...context, readAtMs: undefined, readAt: context.readAtMs, raw: text });
});

describe.skipIf(noSamples !== false)("real activities", () => {
  test("an Office 365 activity", () => {
    const text = sample("activity-onedrive-file-previewed.json");
    const { activity, mismatches } = roundTrip(text);
    expect(mismatches).toEqual([]);
    expect(activity).toMatchObject({
      _id: "97134000_15600_97ee2049-893e-4c9d-a312-08d82b46faf7",
      created: 1595096586840,
      timestamp: 1595096313000,
      location: { latitude: 32.0679, category: 0, regionCode: "TA", carrier: null },
      user: { userName: "avishai@demistodev.onmicrosoft.com" },
      resolvedActor: { saasId: 11161, instanceId: 0, objType: 23, governable: null },
      resolvedActorAccount: null,
      entityData: [
        { index: 0, id: { saas: 11161 } },
        { index: 2, resolved: true },
      ],
      eventRouting: { scubaUnpacker: false, lograbber: true, auditing: true },
      raw: text,
    });
    expect(activity["mainInfo"].eventObjects[1].link).toBe(-162371649);
    expect(JSON.parse(activity["rawDataJson"])).toEqual(JSON.parse(text).rawDataJson);
  });

  test("a failed login", () => {
    const text = sample("activity-entra-failed-login.json");
    const { activity, mismatches } = roundTrip(text);
    expect(mismatches).toEqual([]);
    expect(activity).toMatchObject({
      user: { userName: null, userTags: ["000000200000000000000000"] },
      failedUserData: { userName: "arunvnnk_gmail.com#ext#@arunvnnkgmail.onmicrosoft.com" },
      entityData: [{ index: 0, id: { saas: 11161, inst: 0 }, resolved: false }],
      mainInfo: { activityResult: { isSuccess: false, message: "General failure" } },
      lograbberService: { scubaUnpacker: true, gediEvent: null },
      raw: text,
    });
    expect(activity["mainInfo"].eventObjects[2].value).toBe("false");
  });
});

test("an activity of eight megabytes is encoded whole", () => {
  const bytes = Buffer.from(JSON.stringify({ _id: "a", rawDataJson: { x: "y".repeat(8_000_000) } }));
  const encode = openEncoder({ schemaId: 1, raw: "include", onMismatch: () => {} });
  const value = encode(readActivity(bytes, bytes.length), context);
  expect(decodeActivity(value).activity["raw"]).toBe(bytes.toString());
});
