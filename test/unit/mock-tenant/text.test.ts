import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Archive } from "../../../src/mock-tenant/archive.ts";
import { KINDS } from "../../../src/mock-tenant/kinds.ts";
import { MOCK_TENANT_DEFAULTS } from "../../../src/mock-tenant/settings.ts";
import { activityText } from "../../../src/mock-tenant/text.ts";
import { START_MS } from "./fixture.ts";

const archive = new Archive({ ...MOCK_TENANT_DEFAULTS, backlog: 3_000 }, START_MS);
const texts = Array.from({ length: archive.count }, (_, index) => activityText(archive, index, MOCK_TENANT_DEFAULTS));
// biome-ignore lint/suspicious/noExplicitAny: activities are free in form
const activities = texts.map((text) => JSON.parse(text) as Record<string, any>);
const some = (holds: (activity: (typeof activities)[number]) => boolean) => activities.some(holds);

describe("an activity's text", () => {
  test("is compact JSON of 4 to 6 KB, 4 to 5 KB on average", () => {
    const sizes = texts.map((text) => Buffer.byteLength(text));
    expect(Math.min(...sizes)).toBeGreaterThan(4_000);
    expect(Math.max(...sizes)).toBeLessThan(6_000);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    expect(mean).toBeGreaterThan(4_000);
    expect(mean).toBeLessThan(5_000);
  });

  test("has unique ids, equal to uid, in both forms met", () => {
    expect(new Set(activities.map(({ _id }) => _id)).size).toBe(3_000);
    expect(activities.every(({ _id, uid }) => _id === uid)).toBe(true);
    expect(some(({ _id }) => /^[0-9a-f]{64}$/.test(_id))).toBe(true);
    expect(some(({ _id }) => /^97134000_20893_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(_id))).toBe(true);
  });

  test("is of every kind", () => {
    expect(new Set(activities.map(({ eventTypeValue }) => eventTypeValue)).size).toBe(KINDS.length);
  });

  test("has entityData as an object with indexes and a null, as a list, empty in both forms, and null", () => {
    expect(some(({ entityData }) => entityData?.["1"] === null && entityData["2"]?.id.saas === 11161)).toBe(true);
    expect(some(({ entityData }) => Array.isArray(entityData) && entityData.length === 1)).toBe(true);
    for (const form of ["[]", "{}", "null"]) {
      expect(some(({ entityData }) => JSON.stringify(entityData) === form)).toBe(true);
    }
  });

  test("has user.userName as a text, absent, and as an object", () => {
    expect(some(({ user }) => typeof user.userName === "string")).toBe(true);
    expect(some(({ user }) => !("userName" in user) && Array.isArray(user.userTags))).toBe(true);
    expect(some(({ user }) => typeof user.userName?.failedUserData?.userName === "string")).toBe(true);
  });

  test("has numbers as strings in resolvedActor, the same ones as integers in eventObjects, signed links", () => {
    const { resolvedActor } = activities[0]!;
    expect([resolvedActor.saasId, resolvedActor.objType, resolvedActor.role]).toEqual([
      expect.stringMatching(/^\d+$/),
      "23",
      "4",
    ]);
    const links = activities.flatMap(({ mainInfo }) =>
      mainInfo.eventObjects.flatMap(({ link }: { link?: number }) => link ?? []),
    );
    expect(links.every(Number.isInteger)).toBe(true);
    expect(Math.min(...links)).toBeLessThan(-1_000_000_000);
    expect(Math.max(...links)).toBeGreaterThan(1_000_000_000);
  });

  test("has integers beyond 2^53, escapes, keys that differ only by case, and lookalikes of the envelope", () => {
    expect(texts.some((text) => text.includes(":18446744073709551615"))).toBe(true);
    expect(texts.some((text) => text.includes(":9007199254740993"))).toBe(true);
    expect(texts.some((text) => text.includes("a\\/b\\u00e9c.pdf"))).toBe(true);
    expect(texts.some((text) => text.includes("\\u0000"))).toBe(true);
    expect(texts.some((text) => text.includes("😀"))).toBe(true);
    expect(some(({ rawDataJson }) => "Level" in rawDataJson && "level" in rawDataJson)).toBe(true);
    expect(some(({ rawDataJson }) => "TimeStamp" in rawDataJson && "TIMESTAMP" in rawDataJson)).toBe(true);
    expect(texts.every((text) => text.includes('\\"data\\":['))).toBe(true);
    expect(some(({ appName }) => appName.includes("}]"))).toBe(true);
  });

  test("times are related as the API's: timestamp ≤ instantiation ≤ created, each with its twin", () => {
    for (const { timestamp, instantiation, created, timestampRaw, instantiationRaw, createdRaw } of activities) {
      expect(timestamp <= instantiation && instantiation <= created).toBe(true);
      expect([timestampRaw, instantiationRaw, createdRaw]).toEqual([timestamp, instantiation, created]);
    }
    expect(some(({ timestamp, appName }) => appName.includes("Exchange") && timestamp % 1_000 !== 0)).toBe(false);
    expect(some(({ timestamp }) => timestamp % 1_000 !== 0)).toBe(true);
  });

  test("is slim where only the number counts, and another once it is altered", () => {
    const slim = { ...MOCK_TENANT_DEFAULTS, slim: true };
    const own = new Archive({ ...MOCK_TENANT_DEFAULTS, backlog: 20 }, START_MS);
    const ids = [own.idOf(3), own.idOf(7)];
    const text = (index: number) => activityText(own, index, slim);
    expect(Buffer.byteLength(text(3))).toBeLessThan(300);
    const { _id, created } = JSON.parse(text(3));
    expect({ _id, created }).toEqual({ _id: ids[0], created: own.created[3] });
    own.alter(ids);
    expect(JSON.parse(text(3))).toMatchObject({ altered: true, _id });
    expect(JSON.parse(activityText(own, 7, MOCK_TENANT_DEFAULTS))).toMatchObject({ altered: true, _id: ids[1] });
    expect(text(4)).not.toContain("altered");
    expect(() => own.alter(["nobody"])).toThrow("there is no activity nobody");
  });

  test("is padded where asked", () => {
    const large = { largeShare: 0.2, largeBytes: 50_000, slim: false };
    const sizes = activities.slice(0, 500).map((_, index) => Buffer.byteLength(activityText(archive, index, large)));
    const padded = sizes.filter((size) => size > 50_000).length;
    expect(padded).toBeGreaterThan(60);
    expect(padded).toBeLessThan(150);
  });
});

const SAMPLES = fileURLToPath(new URL("../../../../shared/samples/activity-fields.tsv", import.meta.url));

/** Met by other clients only, so that the five samples do not show them. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  "user.userName": ["object"],
  "location.categoryValue": ["null"],
  entityData: ["null"],
};

const PARSER_TYPES: Readonly<Record<string, readonly string[]>> = {
  s: ["string", "array", "object"],
  g: ["string"],
  t: ["string"],
  d: ["int", "double"],
  b: ["bool"],
};

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "double";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** Every (path, type) below a value, in the table's notation. */
function* typedPaths(value: unknown, path: string): Generator<readonly [string, string]> {
  yield [path, typeOf(value)];
  if (Array.isArray(value)) for (const member of value) yield* typedPaths(member, `${path}[]`);
  else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) yield* typedPaths(member, path === "" ? key : `${path}.${key}`);
  }
}

const table = existsSync(SAMPLES)
  ? readFileSync(SAMPLES, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split("\t") as [string, string, string, string])
  : null;
if (table === null) console.warn(`skipped: field types against real samples, which are not at ${SAMPLES}`);

describe.skipIf(table === null)("field types, against those of real activities", () => {
  const allowed = new Map(
    (table ?? []).map(([path, types, , parser]) => [
      path,
      types === "(parser only)"
        ? parser.split("|").flatMap((type) => PARSER_TYPES[type] ?? [])
        : [...types.split("|"), ...(WIDER[path] ?? [])],
    ]),
  );
  const met = new Map<string, Set<string>>();
  for (const activity of activities) {
    for (const [path, type] of typedPaths(activity, "")) met.set(path, (met.get(path) ?? new Set()).add(type));
  }

  test("every field that the table knows has one of its types", () => {
    const wrong = [...met].flatMap(([path, types]) => {
      const known = allowed.get(path);
      // A double that happens to be whole is an integer in JSON.
      const fits = (type: string) => known?.includes(type) || (type === "int" && known?.includes("double"));
      return known === undefined ? [] : [...types].filter((type) => !fits(type)).map((type) => `${path}: ${type}`);
    });
    expect(wrong).toEqual([]);
  });

  test("every field of the samples is there", () => {
    const seen = (table ?? []).filter(([, types]) => types !== "(parser only)").map(([path]) => path);
    expect(seen.filter((path) => !met.has(path))).toEqual([]);
  });

  test("every field outside rawDataJson and collected that a parser has met is there", () => {
    const parsed = (table ?? []).map(([path]) => path).filter((path) => !/^(rawDataJson|collected)\./.test(path));
    expect(parsed.filter((path) => !met.has(path))).toEqual([]);
  });
});
