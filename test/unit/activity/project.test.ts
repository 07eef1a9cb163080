import { describe, expect, test } from "vitest";
import { openProjection } from "../../../src/activity/project.ts";
import { activitySchema } from "../../../src/activity/schema.ts";
import type { Loose } from "./samples.ts";

/** The projection of `json`, and the fields that it had to leave out. */
function project(json: string | object): { activity: Loose; mismatches: string[] } {
  const mismatches: string[] = [];
  const projection = openProjection(activitySchema, (field) => mismatches.push(field));
  return { activity: projection(typeof json === "string" ? JSON.parse(json) : json), mismatches };
}

describe("the same fact in two spellings becomes one", () => {
  test.each([
    [{ resolvedActor: { saasId: "11161", role: "-2" } }, { resolvedActor: { saasId: 11161, role: -2 } }],
    [
      { appId: 11161.0, eventType: "0" },
      { appId: 11161, eventType: 0 },
    ],
    [{ location: { latitude: "52.30905", longitude: 5 } }, { location: { latitude: 52.30905, longitude: 5 } }],
    [
      { userAgent: { nativeBrowser: "true" }, protocols: { SSL: "false" } },
      { userAgent: { nativeBrowser: true }, protocols: { SSL: false } },
    ],
    [
      { uid: 5, resolvedActor: { id: 7 } },
      { uid: "5", resolvedActor: { id: "7" } },
    ],
    [
      { user: { userTags: [1, "2"] }, tags: [3] },
      { user: { userTags: ["1", "2"] }, tags: ["3"] },
    ],
    [
      { mainInfo: { eventObjects: [{ value: false, id: 9 }] } },
      { mainInfo: { eventObjects: [{ value: "false", id: "9" }] } },
    ],
    [{ description_metadata: { colon: "", count: 3 } }, { description_metadata: { colon: "", count: "3" } }],
    [{ user: { userName: { failedUserData: { userName: "eve" } } } }, { user: { userName: "eve" } }],
    [{ user: { userName: { userName: "eve" } } }, { user: { userName: "eve" } }],
    [{ created: "1595096586840" }, { created: 1595096586840 }],
  ])("%j", (json, expected) => {
    const { activity, mismatches } = project(json);
    expect(activity).toMatchObject(expected);
    expect(mismatches).toEqual([]);
  });
});

describe("a field of another type is null, and named", () => {
  test.each<[string, string]>([
    ['{"appId":"eleven"}', "appId"],
    ['{"appId":"011"}', "appId"],
    ['{"appId":1.5}', "appId"],
    ['{"appId":9007199254740993}', "appId"],
    ['{"appId":"9007199254740993"}', "appId"],
    ['{"appId":-1e300}', "appId"],
    ['{"appId":-4503599627370497}', "appId"],
    ['{"appId":true}', "appId"],
    ['{"appId":""}', "appId"],
    ['{"created":"2021-07-13T17:26:35Z"}', "created"],
    ['{"location":{"latitude":1e400}}', "location.latitude"],
    ['{"location":{"latitude":"NaN"}}', "location.latitude"],
    ['{"location":{"anonymousProxy":1}}', "location.anonymousProxy"],
    ['{"location":{"anonymousProxy":"TRUE"}}', "location.anonymousProxy"],
    ['{"location":[]}', "location"],
    ['{"location":"NL"}', "location"],
    ['{"description":5}', "description"],
    ['{"description":{}}', "description"],
    ['{"uid":1.5}', "uid"],
    ['{"uid":9007199254740993}', "uid"],
    ['{"classifications":"access"}', "classifications"],
    ['{"eventRouting":[true]}', "eventRouting"],
    ['{"user":{"userName":{"name":"eve"}}}', "user.userName"],
    ['{"user":{"userName":{"failedUserData":{"userName":5}}}}', "user.userName"],
    ['{"entityData":"0"}', "entityData"],
    [
      '{"device":{"certificate":{"certifiedByClientCertificate":[]}}}',
      "device.certificate.certifiedByClientCertificate",
    ],
  ])("%s", (json, field) => {
    const { activity, mismatches } = project(json);
    expect(mismatches).toEqual([field]);
    const value = field.split(".").reduce((at: Loose | null, name) => at?.[name], activity);
    expect(value).toBeNull();
  });
});

test("lists and maps lose only the members that are wrong, each counted under one name", () => {
  const { activity, mismatches } = project({
    classifications: ["access", 5, null, "other"],
    eventRouting: { auditing: true, odd: "yes", niptuck: null },
    mainInfo: { eventObjects: [{ role: 1 }, 7, null, { role: "x", tags: [{}] }] },
  });
  expect(activity["classifications"]).toEqual(["access", "other"]);
  expect({ ...activity["eventRouting"] }).toEqual({ auditing: true });
  expect(activity["mainInfo"].eventObjects).toMatchObject([{ role: 1 }, { role: null, tags: [] }]);
  expect(mismatches.sort()).toEqual([
    "classifications[]",
    "eventRouting.*",
    "mainInfo.eventObjects[]",
    "mainInfo.eventObjects[].role",
    "mainInfo.eventObjects[].tags[]",
  ]);
});

describe("entities come as one list that keeps their places", () => {
  const entity = { displayName: "Avi", id: { id: "a@b", saas: 11161, inst: 0 }, resolved: true };
  test.each<[string, unknown, unknown]>([
    [
      "an object with numbers as keys and empty places",
      { 0: entity, 1: null, 2: entity },
      [
        { ...entity, index: 0 },
        { ...entity, index: 2 },
      ],
    ],
    ["a list", [null, entity], [{ ...entity, index: 1 }]],
    [
      "keys out of order",
      { 10: entity, 2: entity },
      [
        { ...entity, index: 2 },
        { ...entity, index: 10 },
      ],
    ],
    ["a key that is no number", { x: entity }, [{ ...entity, index: null }]],
    ["a place that could not be listed", { 4294967296: entity }, [{ ...entity, index: 4294967296 }]],
    ["nothing", {}, []],
    ["null", null, null],
  ])("%s", (_, entityData, expected) => {
    const { activity, mismatches } = project({ entityData });
    expect(activity["entityData"]).toEqual(expected);
    expect(mismatches).toEqual([]);
  });
});

test("of keys that differ only by case the one of the API's own spelling is taken", () => {
  const { activity } = project(
    '{"appName":"right","AppName":"wrong","APPNAME":3,"device":{"clientip":"wrong","clientIP":"right"}}',
  );
  expect(activity["appName"]).toBe("right");
  expect(activity["device"].clientIP).toBe("right");
});

test("keys that every object inherits are data", () => {
  const { activity, mismatches } = project(
    '{"__proto__":{"appName":"evil"},"constructor":1,"description_metadata":{"__proto__":"a","toString":"b"},"location":{"__proto__":{"city":"evil"}}}',
  );
  expect(mismatches).toEqual([]);
  expect(activity["appName"]).toBeNull();
  expect(activity["location"].city).toBeNull();
  expect(Object.entries(activity["description_metadata"])).toEqual([
    ["__proto__", "a"],
    ["toString", "b"],
  ]);
});

test("lone surrogates become the replacement character, in values and keys; pairs stay", () => {
  const { activity } = project(
    '{"description":"a\\ud800b\\udc00","appName":"\\ud83d\\ude00","description_metadata":{"\\udfff":"\\ud800"}}',
  );
  expect(activity["description"]).toBe("a\uFFFDb\uFFFD");
  expect(activity["appName"]).toBe("😀");
  expect({ ...activity["description_metadata"] }).toEqual({ "\uFFFD": "\uFFFD" });
});

test("a long list is kept whole", () => {
  const { activity } = project({ internals: { otherIPs: Array.from({ length: 200_000 }, String) } });
  expect(activity["internals"].otherIPs).toHaveLength(200_000);
});
