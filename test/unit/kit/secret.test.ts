import { format, inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "../../../src/kit/secret.ts";

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
