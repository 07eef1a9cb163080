import fc from "fast-check";
import { expect, test } from "vitest";
import { openEncoder } from "../../src/activity/encode.ts";
import { openMembers } from "../../src/activity/members.ts";
import { openProjection } from "../../src/activity/project.ts";
import { readActivity } from "../../src/activity/read.ts";
import { type AvroType, activitySchema, type RecordSchema } from "../../src/activity/schema.ts";
import { wellFormed } from "../../src/activity/unicode.ts";
import { decodeActivity, type Loose } from "../unit/activity/samples.ts";

const limitBytes = 1024 * 1024;
const context = { scan: "s", tenant: "t", reader: "tail", readAtMs: 1_700_000_000_000 };

/** Strings as JSON may hold them: lone surrogates, pairs, escapes, all lengths of UTF-8. */
const anyString = fc.oneof(
  fc.constantFrom(
    "",
    "11161",
    "-0",
    "1e5",
    "true",
    "\ud800",
    "a\udfff",
    "😀",
    "ü€",
    '"\\}',
    "__proto__",
    "x".repeat(70),
  ),
  fc.string({ unit: "binary", maxLength: 100 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes)),
);

const anyNumber = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    1,
    -1,
    2 ** 30,
    -(2 ** 30) - 1,
    2 ** 31,
    2 ** 32 + 1,
    2 ** 53,
    2 ** 53 - 1,
    2 - 2 ** 53,
    -(2 ** 52),
    -(2 ** 52) - 1,
    1.5,
  ),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.constantFrom(null, true, false),
    anyString,
    anyNumber,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(fc.constantFrom("0", "1", "7", "id", "name", "userName", "tags", "failedUserData"), anyString),
      tie("value"),
      { maxKeys: 5 },
    ),
  ),
})).value;

const resolvedActor = (
  activitySchema.fields.find(({ name }) => name === "resolvedActor")!.type as ["null", RecordSchema]
)[1];

/** Mostly what a field expects, so that every depth of the schema is reached; at times anything at all. */
function near(type: AvroType): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 6, arbitrary: expected(type) }, { weight: 1, arbitrary: anyValue });
}

function expected(type: AvroType): fc.Arbitrary<unknown> {
  if (type === "string") return anyString;
  if (type === "boolean") return fc.boolean();
  if (type === "ResolvedActor") return expected(resolvedActor);
  if (typeof type === "string") return anyNumber;
  if (0 in type) return expected(type[1]);
  if ("items" in type) return fc.array(near(type.items), { maxLength: 3 });
  if ("values" in type) return fc.dictionary(anyString, near(type.values), { maxKeys: 3 });
  if (!("fields" in type)) return anyNumber;
  return fc.record(Object.fromEntries(type.fields.map((field) => [field.name, near(field.type)])), {
    requiredKeys: [],
  });
}

const anyActivity = near(activitySchema).map((json) =>
  typeof json === "object" ? { ...json, _id: "id" } : { _id: "id" },
);

/** `value` as Avro's reader gives it back: without prototypes, and without the one key that it cannot set. */
function asRead(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, member) => (member === undefined ? null : member)),
    (key, member) => (key === "__proto__" ? undefined : member),
  );
}

test("whatever the API sends is projected without throwing, and encoded and decoded to the same", () => {
  const names = new Set<string>();
  const onMismatch = (field: string) => names.add(field);
  const project = openProjection(activitySchema, () => {});
  const encode = openEncoder({ schemaId: 42, raw: "include", onMismatch });
  fc.assert(
    fc.property(anyActivity, fc.constantFrom(undefined, 2), (json, indent) => {
      const text = JSON.stringify(json, null, indent);
      const activity = readActivity(Buffer.from(text), limitBytes);
      const decoded = decodeActivity(encode(activity, context)).activity as Loose;
      expect(decoded["raw"]).toBe(text);
      const projected = project(JSON.parse(text));
      for (const { name } of activitySchema.fields.filter(({ name }) => !own.has(name))) {
        expect([name, asRead(decoded[name])]).toEqual([name, asRead(projected[name])]);
      }
      for (const name of texts) {
        const value = JSON.parse(text)[name] ?? null;
        const free = decoded[name] as string | null;
        if (typeof value === "string") expect(free).toBe(wellFormed(value));
        else expect(free === null ? null : JSON.parse(free)).toEqual(value);
      }
    }),
    { numRuns: 1_000 },
  );
  // The label of a metric: as many as the schema has places, however many activities come.
  expect(names.size).toBeGreaterThan(60);
  expect([...names].filter((name) => !/^\w+([.](\w+|[*])|\[\])*$/.test(name))).toEqual([]);
}, 60_000);

const texts = [
  "rawDataJson",
  "collected",
  "matchingRules",
  "matchingRuleDetails",
  "performedActions",
  "performedActionNamesSet",
];
const own = new Set([...texts, "scan", "tenant", "reader", "readAt", "raw"]);

test("bytes of any kind are read without throwing, and always have an id", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)),
    anyValue.map((value) => Buffer.from(JSON.stringify(value))),
    fc.tuple(anyActivity, fc.nat(), fc.nat(255)).map(([json, at, byte]) => {
      const spoilt = Buffer.from(JSON.stringify(json));
      spoilt[at % spoilt.length] = byte;
      return spoilt;
    }),
  );
  const encode = openEncoder({ schemaId: 42, raw: "include", onMismatch: () => {} });
  fc.assert(
    fc.property(bytes, (given) => {
      const activity = readActivity(given, limitBytes);
      expect(activity.bytes).toBe(given);
      expect(activity.id).not.toBe("");
      if (activity.defect !== null) return;
      const { raw } = decodeActivity(encode(activity, context)).activity;
      expect(Buffer.from(raw as string).equals(given)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("members are found as JSON itself would find them", () => {
  // No key that begins with a backslash: once V8 13.6 (Node 24) has parsed one, its JSON.parse takes the escape
  // of another key (`"\u0061"`) in the same place for it.
  const key = fc.constantFrom("a", "b", "\u0061", "c", "ab", '"', "/\\", "ü");
  const spelt = fc
    .tuple(key, fc.boolean())
    .map(([name, escaped]) => (escaped ? escapeAll(name) : JSON.stringify(name)));
  const space = fc.constantFrom("", " ", "\n\t");
  const member = fc
    .tuple(space, spelt, space, anyValue, space)
    .map(([a, name, b, value, c]) => `${a}${name}${b}:${JSON.stringify(value)}${c}`);
  const text = fc.tuple(space, fc.array(member, { maxLength: 8 })).map(([a, members]) => `${a}{${members.join(",")}}`);
  const wanted = new Set(["a", "ü", "/\\"]);
  const membersOf = openMembers(wanted);
  fc.assert(
    fc.property(text, (json) => {
      const found = membersOf(Buffer.from(json));
      const parsed: Record<string, unknown> = JSON.parse(json);
      for (const name of wanted) {
        const value = found.get(name)?.toString();
        expect(value === undefined ? undefined : JSON.parse(value)).toEqual(parsed[name]);
        if (value !== undefined) expect(json).toContain(value);
      }
    }),
    { numRuns: 2_000 },
  );
});

function escapeAll(text: string): string {
  const units = [...text].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `"${units.join("")}"`;
}
