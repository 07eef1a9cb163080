import { expect, test } from "vitest";
import { openMembers } from "../../../src/activity/members.ts";

const membersOf = openMembers(new Set(["raw", "other"]));
const find = (text: string) =>
  Object.fromEntries([...membersOf(Buffer.from(text))].map(([name, bytes]) => [name, bytes.toString()]));

test.each([
  ['{"raw":{"a":12345678901234567890, "A":1,"a":2}}', '{"a":12345678901234567890, "A":1,"a":2}'],
  ['{"raw":"}\\"]"}', '"}\\"]"'],
  ['{"raw":"\\\\"}', '"\\\\"'],
  ['{ "raw" :\n -1.50e+3\t}', "-1.50e+3"],
  ['{"raw":null}', "null"],
  ['{"raw":[{"raw":1},"]",[[]]]}', '[{"raw":1},"]",[[]]]'],
  ['{"raw":{"ü":"\\ud800"}}', '{"ü":"\\ud800"}'],
])("the value in %s is found as it stands", (text, value) => {
  expect(find(text)).toEqual({ raw: value });
});

test("a member is known by its key, however that is spelt, and only at the top", () => {
  expect(find('{"a":{"raw":1},"b":"\\"raw\\":2","r\\u0061w":3,"war":4,"Raw":5}')).toEqual({ raw: "3" });
});

test("of repeated keys the last counts", () => {
  expect(find('{"raw":1,"other":[],"raw":2}')).toEqual({ raw: "2", other: "[]" });
});

test("an empty object has no members", () => {
  expect(find(" { } ")).toEqual({});
});
