import { expect, test } from "vitest";
import { type Cut, PageCutter } from "../../../src/tenant/cutter.ts";

const LIMITS = { elementMaxBytes: 1000, envelopeMaxBytes: 1000 };

function cut(body: string | Buffer, chunkBytes = Number.POSITIVE_INFINITY, limits = LIMITS): Cut & { taken: string[] } {
  const bytes = Buffer.from(body as string);
  const taken: string[] = [];
  const cutter = new PageCutter((element) => {
    taken.push(element.toString("latin1"));
    return true;
  }, limits);
  for (let at = 0; at < bytes.length; at += Math.min(chunkBytes, bytes.length)) {
    cutter.push(bytes.subarray(at, Math.min(bytes.length, at + chunkBytes)));
  }
  return { ...cutter.end(), taken };
}

for (const chunkBytes of [Number.POSITIVE_INFINITY, 1, 3]) {
  test(`elements are cut out exactly and the envelope is kept, in chunks of ${chunkBytes}`, () => {
    const found = cut(
      ' \n{"total": 12.50 ,"data" : [ {"a":[1, {"b":"}]\\""}]} ,"x", 1.0e2,null,[[]] ] , "hasNext":true,"n":{"k": 9007199254740993}}\t',
      chunkBytes,
    );
    expect(found.taken).toEqual(['{"a":[1, {"b":"}]\\""}]}', '"x"', "1.0e2", "null", "[[]]"]);
    expect(found).toMatchObject({ kind: "object", hasData: true, elements: 5 });
    expect(found.kind === "object" && [...found.members]).toEqual([
      ["total", "12.50"],
      ["hasNext", "true"],
      ["n", '{"k": 9007199254740993}'],
    ]);
  });

  test(`a name written with escapes is the same name, in chunks of ${chunkBytes}`, () => {
    const found = cut('{"d\\u0061ta":[1],"has\\u004eext":false}', chunkBytes);
    expect(found).toMatchObject({ kind: "object", hasData: true, taken: ["1"] });
    expect(found.kind === "object" && found.members.get("hasNext")).toBe("false");
  });

  test(`a byte order mark may open the body, in chunks of ${chunkBytes}`, () => {
    expect(cut('\uFEFF{"data":[]}', chunkBytes)).toMatchObject({ kind: "object", hasData: true });
  });

  test(`an escape at a border between chunks does not end its string, in chunks of ${chunkBytes}`, () => {
    const element = '{"a":"\\\\","b":"\\\\\\"}","c":"\\""}';
    expect(cut(`{"data":[${element}]}`, chunkBytes).taken).toEqual([element]);
  });
}

test("an element may be bad JSON and bad UTF-8 as long as its brackets match", () => {
  const element = Buffer.concat([
    Buffer.from('{"a":tru, "b" "c":"'),
    Buffer.from([0xff, 0xc3, 0x0a]),
    Buffer.from('"}'),
  ]);
  const found = cut(Buffer.concat([Buffer.from('{"data":['), element, Buffer.from("]}")]));
  expect(found.kind).toBe("object");
  expect(found.taken).toEqual([element.toString("latin1")]);
});

test("each element is an own copy that may outlive its chunk", () => {
  const chunk = Buffer.from('{"data":[{"a":1}]}');
  const taken: Buffer[] = [];
  const cutter = new PageCutter((bytes) => taken.push(bytes) > 0, LIMITS);
  cutter.push(chunk);
  chunk.fill(0);
  expect(taken.map(String)).toEqual(['{"a":1}']);
});

test.each([
  ["white space only", " \n", "empty"],
  ["nothing", "", "empty"],
  ["a list", "[]", "unsound"],
  ["HTML", "<html></html>", "unsound"],
  ["a number", "7", "unsound"],
  ["a second object", '{"data":[]}{}', "unsound"],
  ["text after the end", '{"data":[]} x', "unsound"],
  ["a second mark", '\uFEFF\uFEFF{"data":[]}', "unsound"],
  ["a missing comma", '{"data":[{} {}]}', "unsound"],
  ["a comma too many in the list", '{"data":[{},]}', "unsound"],
  ["a comma too many in the object", '{"data":[],}', "unsound"],
  ["a missing colon", '{"data" []}', "unsound"],
  ["a name without quotes", "{data:[]}", "unsound"],
  ["a missing value", '{"hasNext":,"data":[]}', "unsound"],
  ["brackets that do not match", '{"data":[{"a":[1}]]}', "unsound"],
  ["a member's brackets that do not match", '{"n":{"a":[1}]}', "unsound"],
  ["a member that is not JSON", '{"hasNext":yes,"data":[]}', "unsound"],
  ["data twice", '{"data":[{}],"data":[{}]}', "unsound"],
  ["data twice, first a null", '{"data":null,"data":[{}]}', "unsound"],
  ["data twice, then a null", '{"data":[{}],"data":null}', "unsound"],
  ["an open object", '{"data":[]', "cut_off"],
  ["an open list", '{"data":[{}', "cut_off"],
  ["an open element", '{"data":[{"a":"x', "cut_off"],
  ["an open name", '{"dat', "cut_off"],
  ["an open literal", '{"hasNext":tr', "cut_off"],
])("a body with %s is not an object", (_what, body, kind) => {
  for (const chunkBytes of [Number.POSITIVE_INFINITY, 1]) expect(cut(body, chunkBytes).kind).toBe(kind);
});

test("data that is not a list is an ordinary member", () => {
  const found = cut('{"data":{"a":1}}');
  expect(found).toMatchObject({ kind: "object", hasData: false, elements: 0 });
});

test("repeated members are told, the last one counts", () => {
  const found = cut('{"hasNext":true,"data":[],"hasNext":false}');
  expect(found.kind === "object" && [found.members.get("hasNext"), [...found.repeated]]).toEqual([
    "false",
    ["hasNext"],
  ]);
});

test.each([
  ["one element", `{"data":["${"x".repeat(2000)}"]}`],
  ["one member", `{"n":"${"x".repeat(2000)}"}`],
  ["one name", `{"${"x".repeat(2000)}":1}`],
  ["all members", `{${Array.from({ length: 400 }, (_, n) => `"k${n}":1`).join(",")}}`],
])("too many bytes in %s stop the page", (_what, body) => {
  for (const chunkBytes of [Number.POSITIVE_INFINITY, 100, 1]) expect(cut(body, chunkBytes).kind).toBe("too_large");
});

test("a taker that wants no more stops the page at once", () => {
  let taken = 0;
  const cutter = new PageCutter(() => ++taken < 2, LIMITS);
  expect(cutter.push(Buffer.from('{"data":[1,2,3,4]}'))).toBe(false);
  expect(cutter.push(Buffer.from("anything"))).toBe(false);
  expect(cutter.end()).toMatchObject({ kind: "too_large", elements: 2 });
  expect(taken).toBe(2);
});

test("deep nesting takes no stack", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  const limits = { elementMaxBytes: 1_000_000, envelopeMaxBytes: 1000 };
  expect(cut(`{"data":[${deep}]}`, 7, limits)).toMatchObject({ kind: "object", elements: 1 });
});
