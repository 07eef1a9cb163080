import { expect, test } from "vitest";
import { HeadersSeen } from "../../../src/cli/probe-headers.ts";

test("rate headers are told by their names; those of others, and all values, are not", () => {
  const seen = new HeadersSeen();
  seen.note(200, {
    "x-ratelimit-remaining": "29",
    "ratelimit-policy": "30;w=60;name=contoso",
    "x-ratelimit-contoso": "1",
    "x-tenant": "contoso",
    "set-cookie": ["session=secret"],
  });
  expect(seen.rateHeaders).toEqual(["ratelimit-policy", "x-ratelimit-remaining"]);
  expect(JSON.stringify({ ...seen, rateHeaders: seen.rateHeaders, compression: seen.compression })).not.toMatch(
    /contoso|secret|29/,
  );
});

test.each([
  [{}, "none"],
  [{ "content-encoding": "identity" }, "none"],
  [{ "content-encoding": "gzip" }, "gzip"],
  [{ "content-encoding": "contoso-own" }, "other"],
])("compression is one of a closed list: %j is %s", (headers, compression) => {
  const seen = new HeadersSeen();
  seen.note(200, headers);
  expect(seen.compression).toBe(compression);
});

test.each([
  [{ "retry-after": "17" }, "retry-after-seconds"],
  [{ "retry-after": "Wed, 25 Nov 2026 09:30:00 GMT" }, "retry-after-date"],
  [{ "content-type": "application/json" }, "body"],
  [{}, "bare"],
])("where a 429 says how long to wait: %j", (headers, shape) => {
  const seen = new HeadersSeen();
  expect(seen.throttled).toBeNull();
  seen.note(429, headers);
  expect(seen.throttled).toBe(shape);
  expect(seen.compression).toBeNull();
});
