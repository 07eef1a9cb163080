import { expect, test } from "vitest";
import { askedFor, type PlanArgs, readPlan } from "../../../src/cli/scan-plan.ts";
import { rangeOf } from "../../../src/cli/scan-span.ts";

const bounds = { memory: { pagesBytes: 1, idsBytes: 2 } };
const args: PlanArgs = {
  since: "1h",
  until: undefined,
  filter: [],
  file: null,
  cursorField: "auto",
  pageSize: 5_000,
  limit: undefined,
};
const nowMs = Date.parse("2026-11-23T12:00:00Z");

test("ages and instants become a stretch by the server's time", () => {
  const { plan } = readPlan({ ...args, since: "1d", until: "2026-11-23T06:00:00+01:00" }, bounds);
  expect(rangeOf(plan, nowMs)).toEqual({ fromMs: nowMs - 86_400_000, untilMs: Date.parse("2026-11-23T05:00:00Z") });
});

test("without an end, or with now, everything visible is read", () => {
  expect(rangeOf(readPlan(args, bounds).plan, nowMs).untilMs).toBeNull();
  expect(rangeOf(readPlan({ ...args, until: "now" }, bounds).plan, nowMs).untilMs).toBeNull();
});

test("a stretch that ends before it begins is wrong usage", () => {
  const { plan } = readPlan({ ...args, since: "1h", until: "2h" }, bounds);
  expect(() => rangeOf(plan, nowMs)).toThrow(expect.objectContaining({ code: "config_invalid" }));
});

test("every wrong flag is told at once, with what is allowed", () => {
  const wrong = { ...args, since: "yesterday", until: "2026-02-31", pageSize: 499, limit: 0, filter: ["x.eq=1"] };
  expect(() => readPlan(wrong, bounds)).toThrow(
    /--since: found "yesterday"[\s\S]*--until[\s\S]*--page-size: found 499[\s\S]*--limit: found 0[\s\S]*filter x/,
  );
  expect(() => readPlan({ ...args, pageSize: Number.NaN }, bounds)).toThrow(/--page-size: found NaN/);
});

test("what makes a scan another one is told by the names of its flags, and how much is asked for at once is none", () => {
  const more = { apiUrl: "https://contoso.example", format: "avro", out: "/data/x.avro" } as const;
  const asked = (changed: Partial<PlanArgs>) => {
    const flags = { ...args, ...changed };
    return askedFor(flags, readPlan(flags, bounds).plan, more);
  };
  expect(asked({ filter: ["service.eq=1"], until: "now", limit: 5 })).toEqual({
    "the API's address": "https://contoso.example",
    "--out": "/data/x.avro",
    "--format": "avro",
    "--since": "1h",
    "--until": "now",
    "the filters": '{"service":{"eq":[1]}}',
    "--cursor-field": "auto",
    "--limit": "5",
  });
  expect(asked({ pageSize: 500 })).toEqual(asked({}));
});
