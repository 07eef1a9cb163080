import { expect, test } from "vitest";
import { PageCutter } from "../../../src/tenant/cutter.ts";
import { judge, type Received, type ResponseHeaders, serverNowMs } from "../../../src/tenant/verdict.ts";

const AT = Date.parse("2026-11-23T10:00:00Z");
const DATE = "Mon, 23 Nov 2026 10:00:00 GMT";

function received(status: number, text: string, headers: ResponseHeaders = {}): Received {
  const cutter = new PageCutter(() => true, { elementMaxBytes: 1e6, envelopeMaxBytes: 1e6 });
  cutter.push(Buffer.from(text));
  const cut = status >= 200 && status <= 299 ? cutter.end() : null;
  return { status, headers, receivedAtMs: AT + 5_000, cut, text, secrets: ["hunter2"] };
}

const verdictOf = (status: number, text = "", headers: ResponseHeaders = {}) => judge(received(status, text, headers));

test("a page with more to come has its next filters verbatim", () => {
  const next = '{ "created" : {"gte": 17e11}}';
  expect(verdictOf(200, `{"data":[{},{}],"hasNext":true,"nextQueryFilters":${next},"total":7}`)).toEqual({
    kind: "page",
    hasNext: true,
    nextFilters: next,
    total: 7,
    activities: 2,
  });
});

test.each([
  ["a string", '"opaque"'],
  ["an opaque key", '{"cursor":"A"}'],
  ["a list", "[1]"],
  ["an empty object", "{}"],
])("next filters may be %s", (_what, next) => {
  const verdict = verdictOf(200, `{"data":[],"hasNext":true,"nextQueryFilters":${next}}`);
  expect(verdict).toMatchObject({ kind: "page", nextFilters: next, activities: 0, total: null });
});

test("the last page has no next filters, whatever it says", () => {
  const verdict = verdictOf(200, '{"data":[],"hasNext":false,"nextQueryFilters":{"a":1},"total":"many","error":false}');
  expect(verdict).toEqual({ kind: "page", hasNext: false, nextFilters: null, total: null, activities: 0 });
});

test.each([
  ["no data", '{"hasNext":false}', /without a list "data": \{"hasNext":false\}/],
  ["data that is no list", '{"data":{},"hasNext":false}', /without a list "data"/],
  ["no hasNext", '{"data":[]}', /without a boolean "hasNext"/],
  ["a hasNext that is a string", '{"data":[],"hasNext":"true"}', /without a boolean "hasNext"/],
  ["hasNext without next filters", '{"data":[],"hasNext":true}', /"hasNext" but no "nextQueryFilters"/],
  ["hasNext with null", '{"data":[],"hasNext":true,"nextQueryFilters":null}', /"hasNext" but no "nextQueryFilters"/],
  ["hasNext twice", '{"data":[],"hasNext":true,"hasNext":false}', /with "hasNext" twice/],
  ["next filters twice", '{"data":[],"hasNext":true,"nextQueryFilters":1,"nextQueryFilters":2}', /twice/],
  ["an error beside empty data", '{"data":[],"hasNext":false,"error":true}', /with an error/],
  ["a validation error", '{"filters":[{"error":"x is not valid"}],"error":true}', /with an error.*x is not valid/],
  ["nothing", "", /200 with an empty body/],
  ["a list", "[]", /not a JSON page, object expected at byte 0/],
  ["HTML", "<!DOCTYPE html><html>Sign in</html>", /HTML instead of JSON.*is apiUrl/],
  ["something after its end", '{"data":[],"hasNext":false}x', /not a JSON page/],
])("200 with %s is against the contract", (_what, text, reason) => {
  expect(verdictOf(200, text)).toMatchObject({ kind: "contract", reason: expect.stringMatching(reason) });
});

test("only what would be a page, were there next filters, is said to lack them", () => {
  expect(verdictOf(200, '{"data":[],"hasNext":true}')).toMatchObject({ lacksNext: true });
  for (const text of ['{"hasNext":true}', '{"data":[],"hasNext":1}', '{"error":"x","data":[],"hasNext":true}', "<p>"]) {
    expect(verdictOf(200, text)).not.toHaveProperty("lacksNext");
  }
});

test("a page that stops in the middle may come whole next time", () => {
  expect(verdictOf(200, '{"data":[{},{}')).toEqual({ kind: "retry", reason: "200 whose body ends after 2 activities" });
});

test("activities never get into a reason", () => {
  for (const text of [
    '{"data":[{"user":"alice"}]}',
    '{"data":[{"user":"alice"}]}}',
    '{"data":[{"user":"alice"}],"error":1}',
  ]) {
    expect(JSON.stringify(verdictOf(200, text))).not.toContain("alice");
  }
});

test.each([
  ["seconds", { "retry-after": "17" }, "", 17_000, "header"],
  ["a fraction", { "retry-after": "1.2" }, "", 1_200, "header"],
  [
    "a date, by the server's clock",
    { "retry-after": "Mon, 23 Nov 2026 10:00:20 GMT", date: DATE },
    "",
    20_000,
    "header",
  ],
  ["a date, without the server's clock", { "retry-after": "Mon, 23 Nov 2026 10:00:20 GMT" }, "", 15_000, "header"],
  ["an old date form", { "retry-after": "Mon Nov 23 10:00:20 2026", date: DATE }, "", 20_000, "header"],
  ["a date that has passed", { "retry-after": "Mon, 23 Nov 2026 09:00:00 GMT", date: DATE }, "", 1_000, "header"],
  ["zero", { "retry-after": "0" }, "", 1_000, "header"],
  ["ages", { "retry-after": "99999999999999999999999" }, "", 3_600_000, "header"],
  ["two values", { "retry-after": ["5", "9"] }, "", 9_000, "header"],
  ["header and body", { "retry-after": "5" }, "available in 30 seconds", 5_000, "header"],
  ["nonsense and a body", { "retry-after": "soon" }, "Expected available in 30 seconds.", 30_000, "body"],
  ["a body", {}, '{"detail":"Request was throttled. Expected available in 12.5 seconds."}', 12_500, "body"],
  ["a body with one second", {}, "Expected available in 1 second.", 1_000, "body"],
  ["a body that says try again", {}, "Rate limit is exceeded. Try again in 44 seconds.", 44_000, "body"],
  ["nothing", {}, "", 60_000, "none"],
  ["a negative", { "retry-after": "-5" }, "", 60_000, "none"],
])("429 with %s says how long to wait", (_what, headers, text, waitMs, hint) => {
  expect(verdictOf(429, text, headers as ResponseHeaders)).toEqual({ kind: "throttled", waitMs, hint });
});

test("throttling is seen behind other statuses", () => {
  const body = '{"detail":"Request was throttled. Expected available in 3 seconds."}';
  for (const status of [200, 403, 500, 503]) {
    expect(verdictOf(status, body)).toEqual({ kind: "throttled", waitMs: 3_000, hint: "body" });
  }
  expect(verdictOf(503, "busy", { "retry-after": "8" })).toEqual({ kind: "throttled", waitMs: 8_000, hint: "header" });
  // What is refused may repeat the request's own words.
  expect(verdictOf(400, "unknown value 'is throttled'").kind).toBe("rejected");
});

test.each([
  [400, "rejected"],
  [422, "rejected"],
  [401, "unauthorized"],
  [403, "unauthorized"],
  [408, "retry"],
  [500, "retry"],
  [502, "retry"],
  [503, "retry"],
  [504, "retry"],
  [599, "retry"],
  [404, "contract"],
  [405, "contract"],
  [407, "contract"],
  [418, "contract"],
  [301, "contract"],
  [304, "contract"],
  [100, "contract"],
  [0, "contract"],
  [Number.NaN, "contract"],
])("status %s is %s", (status, kind) => {
  const verdict = verdictOf(status, "some text");
  expect(verdict.kind).toBe(kind);
  expect(verdict).toMatchObject({ reason: expect.stringContaining(String(status)) });
});

test.each([
  ["https://login.contoso.com:8443/a?code=abc", "login.contoso.com:8443"],
  ["//other.contoso.com/x", "other.contoso.com"],
  ["https://user:pw@h.contoso.com/", "h.contoso.com"],
  ["/elsewhere", "another path of the same host"],
  ["https://", "an unreadable address"],
  [undefined, "nowhere"],
])("a redirect to %s names where it leads", (location, where) => {
  const verdict = verdictOf(302, "", { location });
  expect(verdict).toMatchObject({ kind: "contract", reason: expect.stringContaining(`302 redirects to ${where};`) });
  expect(JSON.stringify(verdict)).not.toMatch(/abc|pw/);
});

test("a refusal tells the server's challenge, and no secret", () => {
  const verdict = verdictOf(401, "hunter2 is wrong", { "www-authenticate": 'Bearer error="invalid_token"' });
  expect(verdict).toEqual({
    kind: "unauthorized",
    reason: '401: [redacted] is wrong (Bearer error="invalid_token")',
  });
});

test("the server's time is read from Date, where there is one", () => {
  expect(serverNowMs({ date: DATE })).toBe(AT);
  for (const date of [undefined, "", "0", "yesterday", "2026"]) expect(serverNowMs({ date })).toBeNull();
});
