import { expect, test } from "vitest";
import type { TenantPort } from "../../../src/connector/tenant-run.ts";
import type { Answer, TakeActivity, Verdict } from "../../../src/tenant/answer.ts";
import type { PageRequest } from "../../../src/tenant/request.ts";
import { play, START } from "../../fakes/one-shot-play.ts";
import type { SimTenant } from "../../fakes/sim-tenant.ts";

const all = (count = 300) => Array.from({ length: count }, (_, n) => `a${n}`);
const sorted = (ids: readonly string[]) => [...ids].sort();

test.each(["echo", "boundary", "opaque"] as const)(
  "everything is written once with next filters of form %s",
  async (next) => {
    const { written, tally, error } = await play({ sim: { next } });
    expect(error).toBeNull();
    expect(written).toEqual(all());
    expect(tally).toMatchObject({ activities: 300, field: "created", gaps: [] });
  },
);

test("newest first whatever is asked is written once all the same", async () => {
  const { written, error } = await play({ sim: { descending: true } });
  expect(error).toBeNull();
  expect(sorted(written)).toEqual(sorted(all()));
});

test("the stretch is bounded on both sides, inclusive", async () => {
  const until = { kind: "instant", atMs: START - 100_000 } as const;
  const { written } = await play({ plan: { since: { kind: "instant", atMs: START - 200_000 }, until } });
  expect(written).toEqual(all().slice(100, 201));
});

test("created that is ignored is noticed before anything is written, and date is taken", async () => {
  const { written, notes, tally } = await play({ sim: { ignoreCreated: true } });
  expect(sorted(written)).toEqual(sorted(all()));
  expect(tally.field).toBe("date");
  expect(notes).toEqual([expect.stringMatching(/^created is not honoured/)]);
});

test("next filters along date make date the field, and nothing is written twice", async () => {
  const { written, tally, error } = await play({ sim: { next: "date" } });
  expect(error).toBeNull();
  expect(sorted(written)).toEqual(sorted(all()));
  expect(tally.field).toBe("date");
});

test("a field that was asked for by name and is not honoured is an error, not a switch", async () => {
  const { written, error } = await play({ sim: { ignoreCreated: true }, plan: { cursorField: "created" } });
  expect(written).toEqual([]);
  expect(error).toMatchObject({ code: "api_contract", message: expect.stringMatching(/--cursor-field date/) });
});

/** Gives half of a page and then what `verdict` says, at the numbers given (from 1). */
function breaking(at: readonly number[], verdict: Verdict, status: number | null = null) {
  return (sim: SimTenant): TenantPort => {
    let number = 0;
    return {
      credentialExpiresAtMs: null,
      async fetchPage(request: PageRequest, take: TakeActivity, signal: AbortSignal): Promise<Answer> {
        number += 1;
        if (!at.includes(number)) return await sim.fetchPage(request, take, signal);
        let taken = 0;
        const half = (bytes: Buffer) => (++taken <= 20 ? take(bytes) : true);
        const answer = await sim.fetchPage(request, half, signal);
        return { ...answer, verdict, status };
      },
    };
  };
}

test("next filters that bound the other field are not followed, and nothing is lost", async () => {
  const { written, error } = await play({ sim: { next: "other" } });
  expect(error).toBeNull();
  expect(sorted(written)).toEqual(sorted(all()));
});

test("a page that breaks off leaves nothing in the output and comes again", async () => {
  const wrap = breaking([2, 4, 5, 9], { kind: "retry", reason: "reset" });
  const { written, error } = await play({ wrap });
  expect(error).toBeNull();
  expect(written).toEqual(all());
});

test("a page that breaks off for good leaves only whole pages, and an error with a remedy", async () => {
  const wrap = breaking(
    Array.from({ length: 50 }, (_, n) => n + 4),
    { kind: "contract", reason: "HTML" },
    200,
  );
  const { written, error, tally } = await play({ wrap });
  expect(written).toEqual(all().slice(0, written.length));
  expect(tally.pages).toBe(2);
  expect(error).toMatchObject({
    code: "api_contract",
    message: expect.stringMatching(/contoso: HTML \(asked 3 times\); set apiUrl/),
  });
});

test.each([
  ["unauthorized", 401, "api_unauthorized", 2, /check the token/],
  ["unauthorized", 403, "api_unauthorized", 2, /Investigation\.Read/],
  ["unauthorized", null, "credentials_refused", 2, /check the token/],
  ["retry", null, "api_unavailable", 3, /check apiUrl/],
  ["contract", 200, "api_contract", 3, /apiUrl/],
  ["rejected", 400, "api_rejected", 1, /filters/],
] as const)("%s with status %s ends in %s after %i requests", async (kind, status, code, requests, remedy) => {
  const { error, traffic } = await play({
    wrap: breaking(
      all().map((_, n) => n),
      { kind, reason: "why" },
      status,
    ),
  });
  expect(error).toMatchObject({ code, message: expect.stringMatching(remedy) });
  expect(traffic.requests).toBe(requests);
});

test("throttling is waited out and told", async () => {
  const wrap = breaking([1, 3], { kind: "throttled", waitMs: 17_000, hint: "header" }, 429);
  const { written, traffic } = await play({ wrap });
  expect(written).toEqual(all());
  expect(traffic).toMatchObject({ throttled: 2, throttledMs: 34_000 });
});

test("a tenant that only ever throttles is given up", async () => {
  const wrap = breaking(
    all().map((_, n) => n),
    { kind: "throttled", waitMs: 60_000, hint: "none" },
    429,
  );
  expect((await play({ wrap })).error).toMatchObject({ code: "api_throttled" });
});

test("no more requests reach the tenant than the budget, retries included", async () => {
  const { sim } = await play({ activities: 3_000, wrap: breaking([2, 3, 7], { kind: "retry", reason: "502" }, 502) });
  const { arrivalsMs } = sim;
  expect(arrivalsMs.length).toBeGreaterThan(75);
  for (const [n, atMs] of arrivalsMs.entries()) {
    expect(arrivalsMs.slice(n).filter((later) => later < atMs + 60_000).length).toBeLessThanOrEqual(20);
  }
});

test("a page that does not fit in memory is asked for in halves, down to the API's least", async () => {
  const asked: number[] = [];
  const wrap = (sim: SimTenant): TenantPort => ({
    credentialExpiresAtMs: null,
    fetchPage: (request, take, signal) => {
      asked.push(request.limit);
      return sim.fetchPage(request, take, signal);
    },
  });
  const { error, written } = await play({ wrap, plan: { pagesBytes: 500 } });
  expect(written).toEqual([]);
  expect(asked).toEqual([500, 5_000, 2_500, 1_250, 625, 500]);
  expect(error).toMatchObject({ code: "page_too_large", message: expect.stringMatching(/memory\.pages/) });
});

test("next filters that are refused begin the pass again, and ids keep repeats out", async () => {
  const { written, tally } = await play({ wrap: breaking([4], { kind: "rejected", reason: "stale" }, 400) });
  expect(written).toEqual(all());
  expect(tally.repeats).toBeGreaterThan(0);
});

test("a limit ends the scan with exactly so many", async () => {
  const { written, tally } = await play({ plan: { limit: 50 } });
  expect(written).toEqual(all().slice(0, 50));
  expect(tally.activities).toBe(50);
});

test("a reader that goes away ends the scan without an error", async () => {
  const { error, sim } = await play({ isRead: () => false });
  expect(error).toBeNull();
  expect(sim.arrivalsMs.length).toBe(2);
});

test("a stop ends the scan with its own reason", async () => {
  const stop = new AbortController();
  const reason = new Error("stopped");
  const onWritten = (activities: number) => activities > 100 && stop.abort(reason);
  const { error, written } = await play({ onWritten }, stop);
  expect(error).toBe(reason);
  expect(written).toEqual(all().slice(0, written.length));
});

test("more ids than memory.ids holds is an error that names it", async () => {
  const { error } = await play({ plan: { idsBytes: 2_000 } });
  expect(error).toMatchObject({ code: "page_too_large", message: expect.stringMatching(/memory\.ids/) });
});

test("next filters that are refused again and again are done without: the time is split", async () => {
  let refused = 0;
  const wrap = (sim: SimTenant): TenantPort => ({
    credentialExpiresAtMs: null,
    async fetchPage(request: PageRequest, take: TakeActivity, signal: AbortSignal): Promise<Answer> {
      const isFirst = /^\{"created":\{"gte":\d+(,"lte":\d+)?\}\}$/.test(request.filters);
      const answer = await sim.fetchPage(request, isFirst ? take : () => true, signal);
      if (isFirst) return answer;
      refused += 1;
      return { ...answer, verdict: { kind: "rejected", reason: "stale" }, status: 400 };
    },
  });
  const { written, error } = await play({ wrap, sim: { next: "opaque" } });
  expect(error).toBeNull();
  expect(refused).toBeGreaterThan(2);
  expect(sorted(written)).toEqual(sorted(all()));
});

test.each([
  ["says that there is more and not how to ask for it", { lacksNext: true }],
  ["shows nothing where a bound is an exact instant", { emptyAtInstant: true }],
  ["says so for ever", { emptyAtInstant: "again" }],
] as const)("an API that %s is read by other bounds, as the connector reads it", async (_, sim) => {
  const { written, error, tally } = await play({ sim });
  expect(error).toBeNull();
  expect(sorted(written)).toEqual(sorted(all()));
  expect(tally).toMatchObject({ gaps: [] });
});

test("a stretch that shows nothing against its own total is a gap with its note", async () => {
  const wrap = (sim: SimTenant): TenantPort => ({
    credentialExpiresAtMs: null,
    async fetchPage(request: PageRequest, _: TakeActivity, signal: AbortSignal): Promise<Answer> {
      const answer = await sim.fetchPage(request, () => true, signal);
      const isAhead = request.filters.includes(String(START + 86_400_000).slice(0, 6));
      const verdict: Verdict = {
        kind: "page",
        hasNext: false,
        nextFilters: null,
        total: isAhead ? 0 : 5,
        activities: 0,
      };
      return { ...answer, verdict };
    },
  });
  const { error, tally, notes } = await play({ wrap });
  expect(error).toBeNull();
  expect(tally.gaps).toHaveLength(1);
  expect(tally.isComplete).toBe(false);
  expect(notes).toEqual([expect.stringMatching(/nothing is shown, although the API counts something/)]);
});
