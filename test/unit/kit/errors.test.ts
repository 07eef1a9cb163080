import { expect, test } from "vitest";
import { assert, ConnectorError, describeError } from "../../../src/kit/errors.ts";

test("an error carries its code, whether it can pass by itself, and its cause", () => {
  const cause = new Error("ECONNRESET");
  const error = new ConnectorError("kafka_unavailable", "opening shard 3", { disposition: "retry", cause });
  expect(error).toMatchObject({ name: "ConnectorError", code: "kafka_unavailable", disposition: "retry", cause });
  expect(new ConnectorError("page_too_large", "page", { disposition: "fatal" })).not.toHaveProperty("cause");
});

test("a description names all causes on one line, each once", () => {
  const root = new Error("connection reset");
  const repeated = new Error("connection reset", { cause: root });
  expect(describeError(new Error("asking contoso", { cause: repeated }))).toBe("asking contoso: connection reset");
});

test("a cause that the message names already is not named again", () => {
  const cause = new Error("connect ECONNREFUSED 127.0.0.1:9092");
  const error = new Error("no broker answers: connect ECONNREFUSED 127.0.0.1:9092", { cause });
  expect(describeError(error)).toBe("no broker answers: connect ECONNREFUSED 127.0.0.1:9092");
});

test("a description ends, though causes go round in a circle", () => {
  const one = new Error("one");
  one.cause = new Error("two", { cause: one });
  expect(describeError(one)).toBe("one: two");
});

test.each([
  ["text", "text"],
  [undefined, "undefined"],
  [7, "7"],
])("whatever is thrown can be described: %s", (thrown, text) => {
  expect(describeError(thrown)).toBe(text);
});

test("a broken invariant says which", () => {
  expect(() => assert(false, "pages are in order")).toThrow("invariant broken: pages are in order");
  expect(() => assert(true, "pages are in order")).not.toThrow();
});
