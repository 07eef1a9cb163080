import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { readActivity } from "../../../src/activity/read.ts";
import { activityOf } from "./samples.ts";

const limitBytes = 1000;
const read = (text: string | Buffer) => readActivity(Buffer.from(text as string), limitBytes);
const sha256 = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");

test("a sound activity is read with its id, its times and its exact bytes", () => {
  const bytes = Buffer.from('{ "_id": "a", "created": 2,\n"timestamp": 1e0, "big": 12345678901234567890 }');
  const activity = readActivity(bytes, limitBytes);
  expect(activity).toMatchObject({ id: "a", createdMs: 2, dateMs: 1, defect: null, text: bytes.toString() });
  expect(activity.bytes).toBe(bytes);
});

describe("what cannot be published is a defect, and its id is the hash of its bytes where it has none", () => {
  const cases: [string, string | Buffer, string][] = [
    ["not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), "invalid_utf8"],
    ["a surrogate spelt in UTF-8", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), "invalid_utf8"],
    ["cut off", '{"_id":"a"', "not_json"],
    ["empty", "", "not_json"],
    ["a byte order mark", "\uFEFF{}", "not_json"],
    ["a number", "5", "not_an_object"],
    ["null", "null", "not_an_object"],
    ["a list", "[]", "not_an_object"],
    ["no id", "{}", "no_id"],
    ["an empty id", '{"_id":""}', "no_id"],
    ["a null id", '{"_id":null}', "no_id"],
    ["a number for an id", '{"_id":5}', "no_id"],
    ["a number that would lose digits", '{"_id":12345678901234567890}', "no_id"],
    ["an id that UTF-8 cannot hold", '{"_id":"\\ud800"}', "no_id"],
  ];
  test.each(cases)("%s", (_, text, defect) => {
    expect(read(text)).toMatchObject({ defect, id: sha256(text) });
  });
});

test("ids that differ only in what UTF-8 cannot hold stay two", () => {
  expect(read('{"_id":"\\ud800"}').id).not.toBe(read('{"_id":"\\ud801"}').id);
});

test("one that is too large still has its id and times", () => {
  const activity = read(JSON.stringify({ _id: "a", created: 7, timestamp: 6, more: "x".repeat(limitBytes) }));
  expect(activity).toMatchObject({ defect: "too_large", id: "a", createdMs: 7, dateMs: 6 });
});

test("the limit itself is not too large", () => {
  const text = '{"_id":"a"}';
  expect(readActivity(Buffer.from(text), text.length).defect).toBeNull();
  expect(readActivity(Buffer.from(text), text.length - 1).defect).toBe("too_large");
});

test.each(["null", '"1"', "1.5", "1e400", "9007199254740993", "{}", "[1]"])("a time of %s is none", (time) => {
  const activity = read(`{"_id":"a","created":${time},"timestamp":${time}}`);
  expect(activity).toMatchObject({ createdMs: null, dateMs: null, defect: null });
});

test("nesting of a million levels neither throws nor is lost", () => {
  const text = `{"_id":"deep","created":1,"x":${"[".repeat(1e6)}${"]".repeat(1e6)}}`;
  expect(activityOf(text)).toMatchObject({ id: "deep", defect: null });
});

test("a key that changes prototypes elsewhere is a key like any other", () => {
  expect(read('{"__proto__":{"_id":"evil","created":9}}')).toMatchObject({ defect: "no_id", createdMs: null });
});
