import { expect, test } from "vitest";
import { excerpt } from "../../../src/tenant/redact.ts";

test.each([
  ["Authorization: Token 0123456789abcdefghijklmn rest", "Authorization: [redacted] rest"],
  ['{"authorization":"Bearer abcdefghij0123456789"}', '{"authorization":"[redacted]"}'],
  ["bad eyJhbGciOiJI.eyJzdWIi.c2ln here", "bad [redacted] here"],
  [`key ${"0a1b".repeat(16)} end`, "key [redacted] end"],
  [`key ${"QUJD".repeat(12)}== end`, "key [redacted] end"],
  ["client_secret=abc~123&x=1", "client_secret=[redacted]&x=1"],
  ["my own-secret here", "my [redacted] here"],
  ["my OWN-secret here", "my [redacted] here"],
  ["my $b.c*\\ here", "my [redacted] here"],
])("%s loses its secret", (text, shown) => {
  expect(excerpt(text, ["own-secret", "$b.c*\\"])).toBe(shown);
});

test.each([
  "97134000_15600_0f5dc0ab-6a1a-4ea0-9a9d-b5dcb2d3a94d is not valid",
  'Invalid token. {"errorMessageCode":"CONSOLE_FORMS_NOT_VALID_VALUE"}',
  "Token is required",
])("%s stays readable", (text) => {
  expect(excerpt(text)).toBe(text);
});

test("an excerpt is one line of at most 200 characters, without controls", () => {
  expect(excerpt(" a\r\n\tb\u001b[31m\u2028c\u202e d ")).toBe("a b [31m c d");
  const long = excerpt("ab 😀".repeat(200));
  expect(long.length).toBeLessThanOrEqual(200);
  expect(long.isWellFormed?.() ?? true).toBe(true);
  expect(excerpt("")).toBe("");
});

test("long hostile texts take no time to speak of", () => {
  const startedMs = performance.now();
  for (const unit of ["a", "Bearer ", "eyJ.", "=", "\n", "token: "]) excerpt(unit.repeat(200_000));
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});
