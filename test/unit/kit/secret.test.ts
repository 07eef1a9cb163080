import { format, inspect } from "node:util";
import { expect, test } from "vitest";
import { basicAuthorization, hideSecrets, remember, Secret } from "../../../src/kit/secret.ts";

const secret = new Secret("file token.txt", () => "hunter2");

test.each<[string, () => string]>([
  ["in a template", () => `${secret}`],
  ["as JSON", () => JSON.stringify({ secret })],
  ["inspected, hidden members too", () => inspect({ secret }, { showHidden: true, depth: null })],
  ["in a formatted message", () => format("%s %o %j", secret, secret, secret)],
  ["spread into another object", () => inspect({ ...secret })],
  ["as an error's cause", () => inspect(new Error("refused", { cause: secret }))],
])("a secret does not show itself %s", (_, text) => {
  expect(text()).not.toContain("hunter2");
});

test("a secret says where it comes from, and is read anew each time that it is asked for", () => {
  let reads = 0;
  const rotated = new Secret("file token.txt", () => `token ${++reads}`);
  expect([rotated.reveal(), rotated.reveal()]).toEqual(["token 1", "token 2"]);
  expect(rotated.origin).toBe("file token.txt");
});

test("what was revealed is cut out of texts, in each form that it may be repeated in", () => {
  const quoted = new Secret("file token.txt", () => ' a"b/c%d \n');
  expect(hideSecrets('a"b/c%d')).toBe('a"b/c%d');
  quoted.reveal();
  expect(hideSecrets('you sent a"b/c%d')).toBe("you sent [redacted]");
  expect(hideSecrets(JSON.stringify({ sent: 'a"b/c%d' }))).toBe('{"sent":"[redacted]"}');
  expect(hideSecrets(`token=${encodeURIComponent('a"b/c%d')}&`)).toBe("token=[redacted]&");
});

test("a header of basic authentication is as secret as its password", () => {
  const header = basicAuthorization("anna", new Secret("file password.txt", () => "swordfish"));
  expect(header).toBe(`Basic ${Buffer.from("anna:swordfish").toString("base64")}`);
  expect(hideSecrets(`401: ${header}, swordfish`)).toBe("401: Basic [redacted], [redacted]");
});

test("a secret within a longer one leaves nothing of that behind, and short texts are none", () => {
  for (const value of ["abcdef", "abcdefghi", "xyz"]) remember({}, value);
  expect(hideSecrets("abcdefghi abcdef xyz")).toBe("[redacted] [redacted] xyz");
});

test("of a holder the present value and those just before are known, and no more", () => {
  const holder = {};
  for (let at = 1; at <= 5; at++) remember(holder, `rotated-${at}`);
  expect(hideSecrets("rotated-1 rotated-2 rotated-5")).toBe("rotated-1 [redacted] [redacted]");
});
