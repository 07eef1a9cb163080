import fc from "fast-check";
import { expect, test } from "vitest";
import { oneLine } from "../../../src/cli/one-line.ts";

const lined = (text: string) => oneLine(Buffer.from(text)).toString();

test("a text on one line is returned byte for byte, as the same buffer", () => {
  const text = Buffer.from('{"n":12345678901234567890.0, "s":"a\\n\\u2028\u2028" }\t');
  expect(oneLine(text)).toBe(text);
});

test("line ends between values become spaces, and nothing else changes", () => {
  expect(lined('{\r\n  "a" : 1.00,\n"b":"\\n\\" {\\\\"\n}')).toBe('{    "a" : 1.00, "b":"\\n\\" {\\\\" }');
});

test("a raw line end inside a string, which is not JSON, becomes the escape that means it", () => {
  expect(JSON.parse(lined('{"a":"x\ny\r"}'))).toEqual({ a: "x\ny\r" });
  expect(JSON.parse(lined('{"a":"x\\\\\ny"}'))).toEqual({ a: "x\\\ny" });
});

test("whatever JSON is laid out on many lines means the same on one", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom("\n", "\r\n", "\n\n\t"), (value, lineEnd) => {
      const text = JSON.stringify({ value }, null, 2).replaceAll("\n", lineEnd);
      const line = lined(text);
      expect(line).not.toMatch(/[\r\n]/);
      expect(JSON.stringify(JSON.parse(line))).toBe(JSON.stringify({ value }));
    }),
  );
});
