import { expect, test } from "vitest";
import { type Probed, tenantFindings } from "../../../src/cli/check-tenant.ts";
import { exitCodeOf, findingLine } from "../../../src/cli/finding.ts";
import type { Answer, Verdict } from "../../../src/tenant/answer.ts";

const tenant = { name: "contoso", host: "contoso.example", proxyVariable: null };
const probe = { scan: "contoso-all", filters: {}, field: "created" } as const;
const readAtMs = Date.parse("2026-11-23T12:00:00.400Z");

function probed(verdict: Verdict, status: number | null, change: Partial<Answer> = {}): Probed {
  const serverNowMs = status === null ? null : readAtMs - 400;
  const answer = { verdict, status, serverNowMs, readAtMs, durationMs: 10, bodyBytes: 2, ...change };
  return { answer, found: 0, credentialExpiresAtMs: null };
}

const page: Verdict = { kind: "page", hasNext: false, nextFilters: null, total: 0, activities: 0 };
const states = (found: Probed) =>
  tenantFindings(tenant, probe, found).map(({ state, check }) => `${state} ${check.replace("tenant contoso, ", "")}`);

test("a page proves address, credentials and clock", () => {
  expect(states(probed(page, 200))).toEqual(["ok address", "ok credentials", "ok clock"]);
});

test.each<[string, Verdict, number | null, string[]]>([
  ["a wrong token", { kind: "unauthorized", reason: "401" }, 401, ["ok address", "FAIL credentials", "ok clock"]],
  ["a missing permission", { kind: "unauthorized", reason: "403" }, 403, ["ok address", "FAIL permission", "ok clock"]],
  ["credentials that could not even be sent", { kind: "unauthorized", reason: "AADSTS" }, null, ["FAIL credentials"]],
  ["HTML", { kind: "contract", reason: "HTML" }, 200, ["FAIL address"]],
  ["nobody there", { kind: "retry", reason: "ECONNREFUSED" }, null, ["FAIL address"]],
  [
    "a busy tenant",
    { kind: "throttled", waitMs: 9, hint: "none" },
    429,
    ["ok address", "warn credentials", "ok clock"],
  ],
  [
    "filters that are refused",
    { kind: "rejected", reason: "400" },
    400,
    ["ok address", "ok credentials", "FAIL filters", "ok clock"],
  ],
])("%s is named, with a remedy", (_, verdict, status, expected) => {
  const found = probed(verdict, status);
  expect(states(found)).toEqual(expected);
  const bad = tenantFindings(tenant, probe, found).filter(({ state }) => state !== "ok");
  for (const { remedy } of bad) expect(remedy).toMatch(/\w{3}/);
  expect(exitCodeOf(bad)).toBe(expected.some((each) => each.startsWith("FAIL")) ? 1 : 0);
});

test.each([
  [-120_000, /120\.0 s behind/],
  [61_000, /61\.0 s ahead/],
])("a clock that is %i ms off is a warning that says which way", (skewMs, text) => {
  const finding = tenantFindings(tenant, probe, probed(page, 200, { serverNowMs: readAtMs - skewMs })).at(-1);
  expect(finding).toMatchObject({ state: "warn", detail: expect.stringMatching(text) });
});

test("created that is not honoured is a warning, but not for a scan along date", () => {
  const found = { ...probed(page, 200), found: 5 };
  expect(states(found)).toContain("warn created");
  const along = tenantFindings(tenant, { ...probe, field: "date" }, found);
  expect(along.map(({ state }) => state)).toEqual(["ok", "ok", "ok"]);
});

test("a finding is one line, its remedy beside it", () => {
  const finding = { state: "FAIL", check: "brokers", detail: "two\n  lines", remedy: "start them" } as const;
  expect(findingLine(finding)).toBe("FAIL  brokers: two; lines -> start them");
});
