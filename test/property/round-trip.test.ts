import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openEncoder } from "../../src/activity/encode.ts";
import { type AvroType, activitySchema, CONNECTOR_FIELDS, type RecordSchema } from "../../src/activity/schema.ts";
import { Archive } from "../../src/mock-tenant/archive.ts";
import { MOCK_TENANT_DEFAULTS, STORIES } from "../../src/mock-tenant/settings.ts";
import { activityText } from "../../src/mock-tenant/text.ts";
import {
  activityOf,
  context,
  decodeActivity,
  type Loose,
  noSamples,
  sample,
  samplesFolder,
} from "../unit/activity/samples.ts";

const mismatches: string[] = [];
const encode = openEncoder({ schemaId: 1, raw: "include", onMismatch: (field) => mismatches.push(field) });

/** What a consumer reads of an activity whose JSON is `text`, and the fields that had to be left out. */
function publishedOf(text: string): { readonly activity: Loose; readonly mismatches: readonly string[] } {
  mismatches.length = 0;
  const { activity } = decodeActivity(encode(activityOf(text), context));
  return { activity: activity as Loose, mismatches: [...mismatches] };
}

const JSON_TEXTS = new Set([
  ...["matchingRules", "matchingRuleDetails", "performedActions", "performedActionNamesSet"],
  ...["collected", "rawDataJson"],
]);

/** The record that `resolvedActorAccount` names as its type. */
const actor = activitySchema.fields.find(({ name }) => name === "resolvedActor")?.type as readonly [
  "null",
  RecordSchema,
];

/**
 * Compares what was read with what the API had sent, by the rules that the schema's docs state and by none of the
 * projection's code; notes each place where there is a value.
 *
 * @returns the places that differ.
 */
function differences(text: string, filled: Set<string>): string[] {
  const wrong: string[] = [];
  const { activity, mismatches } = publishedOf(text);
  const note = (path: string, isEqual: boolean) => {
    filled.add(path);
    if (!isEqual) wrong.push(path);
  };
  const compare = (type: AvroType, path: string, sent: unknown, read: unknown): void => {
    if (sent === null || sent === undefined) {
      if (read !== null) wrong.push(`${path} is not null`);
    } else if (typeof type === "object" && 0 in type) compare(type[1], path, sent, read);
    else if (type === "ResolvedActor") compare(actor[1], path, sent, read);
    else if (typeof type === "string" || !("type" in type) || type.type === "long")
      note(path, String(sent) === String(read));
    else if (type.type === "map") compareMaps(type.values, path, sent as object, read as object);
    else if (type.type === "array") compareLists(type.items, path, listOf(path, sent), read as unknown[]);
    else compareFields(type, `${path}.`, sent as Loose, read as Loose);
  };
  const compareMaps = (values: AvroType, path: string, sent: object, read: object) => {
    note(path, Object.keys(sent).join() === Object.keys(read).join());
    for (const [key, member] of Object.entries(sent)) compare(values, `${path}.*`, member, (read as Loose)[key]);
  };
  const compareLists = (items: AvroType, path: string, sent: readonly unknown[], read: readonly unknown[]) => {
    note(path, sent.length === read.length);
    for (const [at, item] of sent.entries()) compare(items, `${path}[]`, item, read[at]);
  };
  const compareFields = (schema: RecordSchema, prefix: string, sent: Loose, read: Loose) => {
    for (const { name, type } of schema.fields) {
      const path = prefix + name;
      if (path === "user.userName" && typeof sent[name] === "object") {
        compare(type, path, sent[name]?.failedUserData.userName, read[name]);
      } else if (JSON_TEXTS.has(path) && typeof sent[name] === "object" && sent[name] !== null) {
        note(path, text.includes(read[name]) && JSON.stringify(JSON.parse(read[name])) === JSON.stringify(sent[name]));
      } else compare(type, path, sent[name], read[name]);
    }
  };
  const ofTheApi = activitySchema.fields.filter(({ name }) => !CONNECTOR_FIELDS.has(name));
  compareFields({ ...activitySchema, fields: ofTheApi }, "", JSON.parse(text), activity);
  if (activity["raw"] !== text) wrong.push("raw");
  return [...wrong, ...mismatches.map((field) => `${field} is counted as a mismatch`)];
}

/** Entities come with their places, in their order; empty places are left out. */
function listOf(path: string, sent: unknown): readonly unknown[] {
  if (path !== "entityData") return sent as readonly unknown[];
  const entities = Object.entries(sent as object).filter(([, entity]) => entity !== null);
  return entities.map(([key, entity]) => ({ ...entity, index: Number(key) }));
}

test("of every shape that the mock tenant has, the typed fields are the API's, raw is exact, nothing is a mismatch", () => {
  const filled = new Set<string>();
  for (const seed of [1, 2]) {
    const settings = { ...MOCK_TENANT_DEFAULTS, seed, backlog: 500, largeShare: 0.02, stories: STORIES };
    const startMs = Date.UTC(2026, 10, 23);
    const archive = new Archive(settings, startMs);
    // By then all stories are told.
    archive.advance(startMs + 86_400_000, settings);
    expect(archive.stories().length).toBe(STORIES.length);
    for (let index = 0; index < archive.count; index += 1) {
      const text = activityText(archive, index, settings);
      expect(differences(text, filled), `seed ${seed}, activity ${index}`).toEqual([]);
    }
  }
  // `unit/activity/encode` fills by the schema what the mock tenant, as all samples, leaves out.
  const paths = placesOf(activitySchema, "").filter((path) => !CONNECTOR_FIELDS.has(path));
  expect(paths.filter((path) => !filled.has(path))).toEqual(["resolvedActorAccount.objType"]);
});

/** Every place that has a value of its own: fields that are no records, and lists and maps with what they hold. */
function placesOf(schema: RecordSchema, prefix: string): string[] {
  return schema.fields.flatMap(({ name, type }) => placesIn(type, prefix + name));
}

function placesIn(type: AvroType, path: string): string[] {
  if (type === "ResolvedActor") return placesIn(actor[1], path);
  if (typeof type === "string" || "logicalType" in type) return [path];
  if (0 in type) return placesIn(type[1], path);
  if ("items" in type) return [path, ...placesIn(type.items, `${path}[]`)];
  return "values" in type ? [path, ...placesIn(type.values, `${path}.*`)] : placesOf(type as RecordSchema, `${path}.`);
}

test("of real activities, the typed fields are the API's, raw is exact, nothing is a mismatch", (context) => {
  if (noSamples !== false) return context.skip(noSamples);
  const names = readdirSync(samplesFolder).filter((name) => /^activity-.*\.json$/.test(name));
  expect(names.length).toBeGreaterThan(1);
  for (const name of names) expect(differences(sample(name), new Set()), name).toEqual([]);
});

describe("one fact is read alike in every form that the API, or an app behind it, gives it", () => {
  const entity = { displayName: "Avi", id: { id: "a@b", saas: 11161, inst: 0 }, resolved: true };
  const object = { objType: 23, role: 4, saasId: 11161, instanceId: 0, id: "7", value: "false", tags: ["1"] };
  const rule = [{ id: "1", name: 'Block "x"' }];
  test.each<[what: string, forms: readonly object[], read: object]>([
    [
      "entities as an object with numbers as keys and empty places, and as a list",
      [{ entityData: { 0: entity, 1: null } }, { entityData: [entity, null] }, { entityData: { "0": entity } }],
      { entityData: [{ ...entity, index: 0 }] },
    ],
    ["no entities", [{ entityData: {} }, { entityData: [] }], { entityData: [] }],
    ["entities that are not there", [{ entityData: null }, {}], { entityData: null }],
    [
      "a user's name as a text and inside of objects",
      [
        { user: { userName: "eve" } },
        { user: { userName: { userName: "eve" } } },
        { user: { userName: { failedUserData: { userName: "eve" } } } },
      ],
      { user: { userName: "eve", userTags: null } },
    ],
    [
      "a user without a name",
      [{ user: {} }, { user: { userName: null } }],
      { user: { userName: null, userTags: null } },
    ],
    [
      "numbers of an actor as texts and as numbers",
      [
        { resolvedActor: { saasId: "11161", instanceId: "0", objType: "23", role: "4", id: 7, tags: [1] } },
        { resolvedActor: { saasId: 11161, instanceId: 0, objType: 23, role: 4, id: "7", tags: ["1"] } },
      ],
      { resolvedActor: { saasId: 11161, instanceId: 0, objType: 23, role: 4, id: "7", tags: ["1"] } },
    ],
    [
      "what an object of the event is, in numbers, texts and booleans",
      [
        { mainInfo: { eventObjects: [object] } },
        { mainInfo: { eventObjects: [{ ...object, objType: "23", role: "4", saasId: "11161", instanceId: "0" }] } },
        { mainInfo: { eventObjects: [{ ...object, id: 7, value: false, tags: [1] }, null] } },
      ],
      { mainInfo: { eventObjects: [expect.objectContaining(object)] } },
    ],
    [
      "what a description is filled with, of any plain type",
      [{ description_metadata: { n: "3", b: "true" } }, { description_metadata: { n: 3, b: true } }],
      { description_metadata: { n: "3", b: "true" } },
    ],
    [
      "flags as booleans and as texts",
      [
        { eventRouting: { auditing: true }, lograbberService: { gediEvent: false } },
        { eventRouting: { auditing: "true" }, lograbberService: { gediEvent: "false" } },
      ],
      { eventRouting: { auditing: true }, lograbberService: { gediEvent: false } },
    ],
    [
      "tags as texts and as numbers",
      [
        { tags: ["5"], user: { userTags: ["6"] }, location: { ipTags: ["7"] } },
        { tags: [5], user: { userTags: [6] }, location: { ipTags: [7] } },
      ],
      { tags: ["5"], user: { userTags: ["6"] }, location: { ipTags: ["7"] } },
    ],
    ["identities as texts and as numbers", [{ uid: "5" }, { uid: 5 }], { uid: "5" }],
    ["times as numbers and as texts of digits", [{ created: 9 }, { created: "9" }, { created: 9.0 }], { created: 9 }],
    [
      "places in degrees, with and without a fraction, as numbers and as texts",
      [{ location: { latitude: 52, longitude: -4.5 } }, { location: { latitude: "52", longitude: "-4.5" } }],
      { location: { latitude: 52, longitude: -4.5 } },
    ],
    [
      "free-form parts as JSON and as a text of JSON",
      [
        { matchingRuleDetails: rule, performedActions: [1], rawDataJson: { a: 1 }, collected: { o365: {} } },
        {
          ...{ matchingRuleDetails: JSON.stringify(rule), performedActions: "[1]" },
          ...{ rawDataJson: '{"a":1}', collected: '{"o365":{}}' },
        },
      ],
      {
        ...{ matchingRuleDetails: JSON.stringify(rule), performedActions: "[1]" },
        ...{ rawDataJson: '{"a":1}', collected: '{"o365":{}}' },
      },
    ],
  ])("%s", (_, forms, read) => {
    for (const form of forms) {
      const text = JSON.stringify({ _id: "a", ...form });
      const { activity, mismatches } = publishedOf(text);
      expect(activity, text).toMatchObject({ ...read, raw: text });
      expect(mismatches, text).toEqual([]);
    }
  });
});
