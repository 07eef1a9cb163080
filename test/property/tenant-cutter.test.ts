import fc from "fast-check";
import { expect, test } from "vitest";
import { PageCutter } from "../../src/tenant/cutter.ts";

/** Space, so that pieces are not only glued together. */
const space = fc.constantFrom("", "", "", " ", "\n", "\r\n\t");
/** Strings crowded with what could be taken for structure. */
const nasty = fc.string({
  unit: fc.constantFrom('"', "\\", "{", "}", "[", "]", ",", ":", "a", "é", "😀", "\u2028", "\u0000", "data"),
  maxLength: 12,
});
/** A JSON string text in which some characters are written as \uXXXX. */
const stringText = fc.tuple(nasty, fc.infiniteStream(fc.boolean())).map(([value, escapes]) => {
  const units = [
    ...JSON.stringify(value)
      .slice(1, -1)
      .matchAll(/\\u[0-9a-f]{4}|\\.|[^\\]/gsu),
  ].map((match) => match[0]);
  const written = units.map((unit) =>
    escapes.next().value && unit.length === 1 ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}` : unit,
  );
  return `"${written.join("")}"`;
});
const scalarText = fc.oneof(stringText, fc.constantFrom("0", "-1.50e+3", "9007199254740993", "true", "false", "null"));
const { valueText } = fc.letrec<{ valueText: string }>((tie) => ({
  valueText: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalarText,
    fc
      .array(fc.tuple(space, tie("valueText"), space), { maxLength: 4 })
      .map((items) => `[${items.map((item) => item.join("")).join(",")}]`),
    fc
      .array(fc.tuple(space, stringText, space, space, tie("valueText"), space), { maxLength: 4 })
      .map((items) => `{${items.map(([a, key, b, c, value, d]) => `${a}${key}${b}:${c}${value}${d}`).join(",")}}`),
  ),
}));

/** Chunk sizes that often are one byte. */
const sizes = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 20 });

function chunksOf(bytes: Buffer, sizesCycle: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizesCycle[turn % sizesCycle.length] as number;
    chunks.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return chunks;
}

function cut(bytes: Buffer, sizesCycle: readonly number[]) {
  const taken: Buffer[] = [];
  const cutter = new PageCutter((element) => taken.push(element) > 0, {
    elementMaxBytes: 1e6,
    envelopeMaxBytes: 1e6,
  });
  for (const chunk of chunksOf(bytes, sizesCycle)) {
    cutter.push(chunk);
    chunk.fill(0x22);
  }
  // Read at the end, when every chunk has been overwritten.
  return { cut: cutter.end(), taken: taken.map(String) };
}

const envelope = fc
  .uniqueArray(fc.tuple(stringText, valueText), {
    maxLength: 5,
    selector: ([key]) => JSON.parse(key),
    comparator: "IsStrictlyEqual",
  })
  .map((members) => members.filter(([key]) => JSON.parse(key) !== "data"));
const pageParts = fc.record({
  bom: fc.constantFrom("", "\uFEFF"),
  members: envelope,
  elements: fc.array(valueText, { maxLength: 6 }),
  dataAt: fc.nat(5),
  dataKey: fc.constantFrom('"data"', '"d\\u0061ta"', '"\\u0064\\u0061\\u0074\\u0061"'),
  gap: space,
});

function textOf(parts: {
  bom: string;
  members: [string, string][];
  elements: string[];
  dataAt: number;
  dataKey: string;
  gap: string;
}): string {
  const { gap } = parts;
  const members = parts.members.map(([key, value]) => `${gap}${key}${gap}:${gap}${value}${gap}`);
  const data = `${gap}${parts.dataKey}${gap}:${gap}[${parts.elements.map((element) => gap + element + gap).join(",")}]${gap}`;
  members.splice(parts.dataAt, 0, data);
  return `${parts.bom}${gap}{${members.join(",")}}${gap}`;
}

test("any envelope in any chunks gives its elements and members exactly", () => {
  fc.assert(
    fc.property(pageParts, sizes, (parts, sizesCycle) => {
      const found = cut(Buffer.from(textOf(parts)), sizesCycle);
      expect(found.taken).toEqual(parts.elements);
      expect(found.cut).toMatchObject({ kind: "object", hasData: true, elements: parts.elements.length });
      const members = found.cut.kind === "object" ? [...found.cut.members] : [];
      expect(members).toEqual(parts.members.map(([key, value]) => [JSON.parse(key), value]));
    }),
    { numRuns: 1500 },
  );
});

test("a page cut off anywhere is never whole", () => {
  fc.assert(
    fc.property(pageParts, sizes, fc.double({ min: 0, max: 1, noNaN: true }), (parts, sizesCycle, share) => {
      const bytes = Buffer.from(textOf(parts).trimEnd());
      const found = cut(bytes.subarray(0, Math.floor(share * (bytes.length - 1))), sizesCycle);
      expect(["cut_off", "empty"]).toContain(found.cut.kind);
    }),
    { numRuns: 500 },
  );
});

test("whatever the bytes, the chunks make no difference and nothing is thrown", () => {
  const pieces = fc.array(
    fc.oneof(valueText, nasty, fc.constantFrom("{", "}", "[", "]", ",", ":", '"data":[', '{"data":[')),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(pieces, sizes, (texts, sizesCycle) => {
      const bytes = Buffer.from(texts.join(""));
      const inOne = cut(bytes, [Number.MAX_SAFE_INTEGER]);
      const inMany = cut(bytes, sizesCycle);
      expect([inMany.cut.kind, inMany.taken]).toEqual([inOne.cut.kind, inOne.taken]);
      // What is called an object holds up to an independent reader wherever its elements do.
      if (inOne.cut.kind === "object" && inOne.taken.every(isJson)) JSON.parse(bytes.toString().replace(/^\uFEFF/, ""));
    }),
    { numRuns: 1500 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
