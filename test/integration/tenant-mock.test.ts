import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import { NEXT_FILTERS_SHAPES, THROTTLE_SHAPES } from "../../src/mock-tenant/settings.ts";
import { startMockTenant } from "../../src/mock-tenant/start.ts";
import { conditionsOn } from "../../src/scan/bounds.ts";
import type { Answer } from "../../src/tenant/answer.ts";
import { Budget } from "../../src/tenant/budget.ts";
import type { TenantClient } from "../../src/tenant/client.ts";
import { mergeNext } from "../../src/tenant/filters.ts";
import type { PageRequest } from "../../src/tenant/request.ts";
import { clientOf, tenantAt } from "./tenant-server.ts";

const never = new AbortController().signal;
const auth = { kind: "token", token: new Secret("the test", () => "mock-token") } as const;
const timeouts = { connectMs: 2_000, headersMs: 1_000, bodyMs: 1_000 };

/** Follows next filters to the end, trying again whatever may be tried again; _id → SHA-256 of the exact bytes. */
async function scanAll(client: TenantClient): Promise<{ ids: Map<string, string>; answers: Answer[] }> {
  const first = { service: { neq: [-1] }, created: { gte: 0, lte: Date.now() + 3_600_000 } };
  const ids = new Map<string, string>();
  const answers: Answer[] = [];
  let filters = JSON.stringify(first);
  for (let requests = 0; requests < 300; requests++) {
    const page: Buffer[] = [];
    const request: PageRequest = { filters, sortField: "created", sortDirection: "asc", limit: 500 };
    const answer = await client.fetchPage(request, (bytes) => page.push(bytes) > 0, never);
    answers.push(answer);
    if (answer.verdict.kind !== "page") continue;
    expect(page).toHaveLength(answer.verdict.activities);
    for (const bytes of page) {
      const { _id } = JSON.parse(bytes.toString()) as { _id: string };
      ids.set(_id, createHash("sha256").update(bytes).digest("hex"));
    }
    if (answer.verdict.nextFilters === null) return { ids, answers };
    filters = mergeNext(first, answer.verdict.nextFilters);
  }
  throw new Error("the scan does not end");
}

// A boundary on the wrong field loses activities by itself: that shape has a test of its own.
const lossless = NEXT_FILTERS_SHAPES.filter((shape) => shape !== "wrong-field");

test.each(lossless)("a scan over next filters of the shape %s finds exactly what there is", async (nextFilters) => {
  await using tenant = await startMockTenant({ backlog: 3_000, requestLimit: null, nextFilters, compress: true });
  await using client = clientOf(tenantAt(tenant.url, { auth, timeouts }));
  const { ids } = await scanAll(client);
  const truth = new Map(tenant.truth().map(({ id, sha256 }) => [id, sha256]));
  expect(ids.size).toBe(3_000);
  expect(ids).toEqual(truth);
});

test("a boundary on another field than the one asked for is seen in the next filters", async () => {
  await using tenant = await startMockTenant({ backlog: 1_000, requestLimit: null, nextFilters: "wrong-field" });
  await using client = clientOf(tenantAt(tenant.url, { auth, timeouts }));
  const filters = '{"created":{"gte":0}}';
  const request: PageRequest = { filters, sortField: "created", sortDirection: "asc", limit: 500 };
  const { verdict } = await client.fetchPage(request, () => true, never);
  expect(verdict.kind === "page" && conditionsOn(verdict.nextFilters ?? "", "date")).toMatch(/^\{"gte":\d+\}$/);
});

test("faults of every kind delay a scan and neither end nor change it", async () => {
  const faults = {
    500: 0.1,
    502: 0.05,
    503: 0.05,
    reset: 0.1,
    truncate: 0.1,
    hang: 0.03,
    stall: 0.03,
    html: 0.1,
    "error-body": 0.1,
  };
  await using tenant = await startMockTenant({
    backlog: 6_000,
    requestLimit: null,
    envelope: "before",
    faults,
    seed: 7,
  });
  await using client = clientOf(tenantAt(tenant.url, { auth, timeouts }));
  const { ids, answers } = await scanAll(client);
  expect(ids).toEqual(new Map(tenant.truth().map(({ id, sha256 }) => [id, sha256])));
  const kinds = new Set(answers.map(({ verdict }) => verdict.kind));
  expect([...kinds].sort()).toEqual(["contract", "page", "retry"]);
});

test.each(THROTTLE_SHAPES)("a 429 of the shape %s is understood", async (throttleShape) => {
  await using tenant = await startMockTenant({ requestLimit: 0, throttleShape });
  await using client = clientOf(tenantAt(tenant.url, { auth, timeouts }));
  const request: PageRequest = { filters: "{}", sortField: "created", sortDirection: "asc", limit: 500 };
  const { verdict } = await client.fetchPage(request, () => true, never);
  const hint = { "retry-after-seconds": "header", "retry-after-date": "header", body: "body", bare: "none" }[
    throttleShape
  ];
  expect(verdict).toMatchObject({ kind: "throttled", hint });
});

test("a wrong token, a forbidden one and filters that are refused are told apart", async () => {
  await using tenant = await startMockTenant({ forbiddenTokens: ["forbidden"], requestLimit: null });
  const ask = async (token: string, filters: string): Promise<string> => {
    const secret = new Secret("the test", () => token);
    await using client = clientOf(tenantAt(tenant.url, { auth: { kind: "token", token: secret } }));
    const request: PageRequest = { filters, sortField: "created", sortDirection: "asc", limit: 500 };
    return (await client.fetchPage(request, () => true, never)).verdict.kind;
  };
  expect(await ask("wrong", "{}")).toBe("unauthorized");
  expect(await ask("forbidden", "{}")).toBe("unauthorized");
  expect(await ask("mock-token", '{"nonsense":{"eq":[1]}}')).toBe("rejected");
  expect(await ask("mock-token", "{}")).toBe("page");
});

test("a tenant that counts never sees more than the budget, over owners that come and go", async () => {
  const limit = { requests: 12, windowMs: 1_200 };
  await using tenant = await startMockTenant({
    requestLimit: limit.requests,
    requestWindowMs: limit.windowMs,
    latencyMs: 30,
  });
  const request: PageRequest = { filters: "{}", sortField: "created", sortDirection: "asc", limit: 500 };
  for (let owner = 0; owner < 4; owner++) {
    await using client = clientOf(tenantAt(tenant.url, { auth, timeouts }));
    const budget = new Budget(limit, performance.now());
    for (let n = 0; n < 9 + owner; n++) {
      for (let ms = budget.waitMs(performance.now()); ms > 0; ms = budget.waitMs(performance.now())) await delay(ms);
      budget.sent(performance.now());
      const { verdict } = await client.fetchPage(request, () => true, never);
      budget.answered(performance.now());
      expect(verdict.kind).toBe("page");
    }
  }
  expect(tenant.stats(limit.windowMs).maxInWindow).toBeLessThanOrEqual(limit.requests);
  expect(tenant.stats().byStatus).toEqual({ "200": 42 });
});
