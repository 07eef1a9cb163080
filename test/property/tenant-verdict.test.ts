import fc from "fast-check";
import { expect, test } from "vitest";
import type { Verdict } from "../../src/tenant/answer.ts";
import type { Cut } from "../../src/tenant/cutter.ts";
import { judge, type ResponseHeaders } from "../../src/tenant/verdict.ts";

const KINDS = ["page", "throttled", "retry", "unauthorized", "rejected", "contract", "too_large"];
const SECRET = "a-secret-of-the-tenant";

const status = fc.oneof(fc.integer({ min: 100, max: 599 }), fc.constantFrom(200, 200, 429, 503, 403), fc.double());
const word = fc.constantFrom(
  SECRET,
  "throttled",
  "available in ",
  "9 seconds",
  "<html>",
  "{",
  "\n",
  "é",
  "Bearer ",
  "17",
  "//",
);
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.oneof(word, fc.string())).map((words) => words.join("")),
);
const headerValue = fc.oneof(
  text,
  fc.constantFrom("12", "Mon, 23 Nov 2026 10:00:20 GMT"),
  fc.array(text, { maxLength: 3 }),
);
const headers: fc.Arbitrary<ResponseHeaders> = fc.dictionary(
  fc.constantFrom("retry-after", "date", "location", "content-type", "www-authenticate", "x"),
  headerValue,
);
const members = fc
  .dictionary(
    fc.constantFrom("hasNext", "nextQueryFilters", "total", "error", "data", "x"),
    fc.oneof(fc.boolean(), fc.jsonValue()),
  )
  .map((object) => new Map(Object.entries(object).map(([name, value]) => [name, JSON.stringify(value)])));
const elements = fc.nat(3);
const cut: fc.Arbitrary<Cut | null> = fc.oneof(
  fc.constant(null),
  fc.record({ kind: fc.constantFrom("empty" as const, "cut_off" as const), elements }),
  fc.record({ kind: fc.constantFrom("unsound" as const, "too_large" as const), reason: fc.constant("why"), elements }),
  fc.record({
    kind: fc.constant("object" as const),
    members,
    repeated: fc.subarray(["hasNext", "nextQueryFilters", "x"]).map((names) => new Set(names)),
    hasData: fc.boolean(),
    elements,
  }),
);

/** The contract of a page, stated a second time and without looking at the implementation. */
function isPage(statusCode: number, found: Cut | null): boolean {
  if (!(statusCode >= 200 && statusCode < 300) || found?.kind !== "object" || !found.hasData) return false;
  const value = (name: string): unknown => JSON.parse(found.members.get(name) ?? "null");
  const error = value("error");
  const isEmpty = typeof error === "object" && error !== null && Object.keys(error).length === 0;
  if (error && !isEmpty) return false;
  if (found.repeated.has("hasNext") || found.repeated.has("nextQueryFilters")) return false;
  return value("hasNext") === false || (value("hasNext") === true && value("nextQueryFilters") !== null);
}

function checkShape(verdict: Verdict): void {
  expect(KINDS).toContain(verdict.kind);
  if (verdict.kind === "throttled") {
    expect(Number.isInteger(verdict.waitMs) && verdict.waitMs >= 1_000 && verdict.waitMs <= 3_600_000).toBe(true);
  } else if (verdict.kind !== "page") {
    expect(verdict.reason).not.toMatch(/[\n\r\u2028]/);
    expect(verdict.reason).not.toContain(SECRET);
    expect(verdict.reason.length).toBeGreaterThan(0);
    expect(verdict.reason.length).toBeLessThan(700);
  }
}

test("every response has a verdict, and exactly the sound pages are pages", () => {
  fc.assert(
    fc.property(status, headers, cut, text, (statusCode, head, found, body) => {
      const verdict = judge({
        status: statusCode,
        headers: head,
        receivedAtMs: 0,
        cut: found,
        text: body,
        secrets: [SECRET],
      });
      checkShape(verdict);
      expect(verdict.kind === "page").toBe(isPage(statusCode, found));
      if (statusCode === 429) expect(verdict.kind).toBe("throttled");
      if (statusCode === 401) expect(verdict.kind).toBe("unauthorized");
      if (verdict.kind === "page") expect(verdict.hasNext).toBe(verdict.nextFilters !== null);
    }),
    { numRuns: 4000 },
  );
});
