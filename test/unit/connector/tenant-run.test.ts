import { expect, test } from "vitest";
import { CommandDesk } from "../../../src/connector/command-desk.ts";
import { LearnedPace } from "../../../src/connector/learned-pace.ts";
import { PageMemory } from "../../../src/connector/page-memory.ts";
import { ScanRun } from "../../../src/connector/scan-run.ts";
import type { ShardOwner } from "../../../src/connector/shard-owner.ts";
import { type TenantDeps, type TenantPort, TenantRun } from "../../../src/connector/tenant-run.ts";
import { ConnectorError } from "../../../src/kit/errors.ts";
import type { Event } from "../../../src/observe/events.ts";
import type { Answer, Verdict } from "../../../src/tenant/answer.ts";
import { Budget } from "../../../src/tenant/budget.ts";
import { simConfig } from "../../fakes/sim-connector.ts";
import { TestLease } from "../../fakes/test-lease.ts";
import { VirtualClock } from "../../fakes/virtual-clock.ts";
import { backlog, MINUTE_MS, NOW_MS, page, Scene } from "./scene.ts";

const { signal } = new AbortController();
const REQUEST = { filters: "{}", sortField: "created", sortDirection: "asc", limit: 500 } as const;

/** A tenant whose client gives `answers` one after the other. */
function tenantOf(...answers: (Partial<Answer> | Error)[]) {
  const clock = new VirtualClock(NOW_MS);
  const events: Event[] = [];
  const emit = (event: Event) => void events.push(event);
  const client: TenantPort = {
    credentialExpiresAtMs: NOW_MS + 1,
    fetchPage: async () => {
      const next = answers.shift();
      if (next instanceof Error) throw next;
      const readAtMs = clock.nowMs();
      return { verdict: page(), status: 200, serverNowMs: null, readAtMs, durationMs: 5, bodyBytes: 7, ...next };
    },
  };
  const budget = new Budget({ requests: 20 }, 0);
  const lease = new TestLease();
  const deps: TenantDeps = {
    tenant: "contoso",
    requestsPerMinute: 20,
    client,
    budget,
    owner: {} as ShardOwner,
    lease,
    pace: new LearnedPace("contoso", budget, 0),
    desk: new CommandDesk(new Map()),
    scanNames: new Set(["contoso-all"]),
    pages: new PageMemory(1),
    clock,
    random: () => 0.5,
    emit,
    grace: signal,
  };
  const scan = new ScanRun(simConfig().scans[0]!, {} as ScanRun["records"], 1, emit);
  const tenant = new TenantRun(deps, [scan]);
  const ask = async () => {
    const asking = tenant.awaitRequest(signal);
    let over = false;
    void asking.then(() => {
      over = true;
    });
    await clock.runUntil(() => over, 100);
    return tenant.request(scan, REQUEST, () => true, signal);
  };
  const settle = (verdict: Verdict) => tenant.settle(scan, { verdict } as Answer);
  return { clock, events, tenant, ask, settle, lease, scan };
}

test("the server's time is that of its last answer, whatever the local clock says", async () => {
  const { tenant, ask, clock } = tenantOf({ serverNowMs: NOW_MS - 3_600_000 }, {});
  expect(tenant.serverNowMs()).toBe(NOW_MS);
  await ask();
  const skewMs = clock.nowMs() - tenant.serverNowMs();
  expect(tenant.serverNowMs()).toBe(NOW_MS - 3_600_000);
  await ask();
  // The monotonic clock has fractions, what is told are whole milliseconds: at most one apart.
  expect(Math.abs(clock.nowMs() - tenant.serverNowMs() - skewMs)).toBeLessThanOrEqual(1);
  expect(Number.isInteger(tenant.serverNowMs())).toBe(true);
});

test("without proof nothing is asked, nor counted; with it, or the shard's loss, waiting ends", async () => {
  const { tenant, ask, lease, scan, events } = tenantOf({});
  lease.provenMs = null;
  expect(await tenant.request(scan, REQUEST, () => true, signal)).toBeNull();
  expect(events).toEqual([]);
  void tenant.awaitRequest(signal);
  await Promise.resolve();
  expect([lease.waits, events]).toEqual([1, []]);
  lease.prove(1);
  expect((await ask())?.verdict.kind).toBe("page");
  lease.provenMs = null;
  const again = tenant.awaitRequest(signal).catch(String);
  lease.lose(new Error("given to another replica"));
  expect(await again).toContain("given to another replica");
});

test("requests are a pace apart, whatever came of them, and each is told with its class and the budget", async () => {
  const broken = new ConnectorError("secret_unreadable", "file token: gone", { disposition: "fatal" });
  const { ask, clock, events } = tenantOf({ status: 503 }, { status: null }, broken, {});
  const sentMs: number[] = [];
  for (let request = 0; request < 4; request++) {
    await ask();
    sentMs.push(clock.monotonicMs());
  }
  const apart = sentMs.map((atMs, at) => atMs - (sentMs[at - 1] ?? 0));
  expect(Math.min(...apart)).toBeGreaterThanOrEqual(60_000 / 19);
  const answered = events.flatMap((event) => (event.type === "request_answered" ? [event.code] : []));
  expect(answered).toEqual(["5xx", "error", "2xx"]);
  expect(events.filter((event) => event.type === "budget").at(-1)).toMatchObject({ usedLastMinute: 4 });
  expect(events).toContainEqual({ type: "credential", tenant: "contoso", expiresAtMs: NOW_MS + 1 });
});

test("credentials that cannot be read or are refused before any request pause the tenant, and say why", async () => {
  const error = new ConnectorError("credentials_refused", "AADSTS7000215", { disposition: "fatal" });
  const { ask, events } = tenantOf(error);
  expect(await ask()).toBeNull();
  expect(events).toContainEqual(
    expect.objectContaining({ type: "scan_state", state: "unauthorized", reason: "AADSTS7000215" }),
  );
});

test("an error that is nobody's but ours is not waited out", async () => {
  await expect(tenantOf(new TypeError("bug")).ask()).rejects.toThrow("bug");
});

const VERDICTS: Record<Verdict["kind"], [Verdict, boolean]> = {
  page: [page(), true],
  rejected: [{ kind: "rejected", reason: "400" }, true],
  contract: [{ kind: "contract", reason: "HTML" }, true],
  too_large: [{ kind: "too_large", reason: "large" }, true],
  throttled: [{ kind: "throttled", waitMs: 1_000, hint: "none" }, false],
  retry: [{ kind: "retry", reason: "503" }, false],
  unauthorized: [{ kind: "unauthorized", reason: "401" }, false],
};

test.each(Object.entries(VERDICTS))("whether %s is a matter of the scan that asked", (_, [verdict, ofScan]) => {
  expect(tenantOf().settle(verdict)).toBe(ofScan);
});

test("pauses grow with each failure in a row, and begin anew after an answer that is none", async () => {
  const { settle, ask, clock } = tenantOf({}, {}, {}, {}, {}, {}, {});
  const waits: number[] = [];
  for (const kind of ["retry", "retry", "retry", "retry", "retry", "page", "retry"] as const) {
    settle(VERDICTS[kind][0]);
    const fromMs = clock.monotonicMs();
    await ask();
    waits.push(clock.monotonicMs() - fromMs);
  }
  expect(waits[4]).toBeGreaterThan(9_000);
  expect(waits[6]).toBeLessThan(4_000);
});

const UNAUTHORIZED = { kind: "unauthorized", reason: "401: invalid token" } as const;

test("a refused credential is a state of its own, asked slowly, and over as soon as it is accepted", async () => {
  const until = NOW_MS + 10 * MINUTE_MS;
  const scene: Scene = new Scene({
    activities: backlog(3),
    fault: () => (scene.clock.nowMs() < until ? UNAUTHORIZED : null),
  });
  scene.start();
  await scene.pass(10 * MINUTE_MS);
  expect(scene.states).toEqual(["starting", "unauthorized"]);
  expect(scene.of("scan_state").at(-1)).toMatchObject({ reason: UNAUTHORIZED.reason, code: "api_unauthorized" });
  expect(scene.tenant.arrivalsMs.length).toBeLessThan(25);
  await scene.pass(2 * MINUTE_MS);
  expect(scene.published).toHaveLength(3);
  expect(scene.states.at(-1)).toBe("idle");
});

test("a 429 is waited out, all of it, and its wait is counted once", async () => {
  const waitMs = 37_000;
  const fault = (_: unknown, number: number) =>
    number === 3 ? ({ kind: "throttled", waitMs, hint: "header" } as const) : null;
  const scene = new Scene({ activities: backlog(3), fault });
  scene.start();
  await scene.pass(2 * MINUTE_MS);
  const [, , third, fourth] = scene.tenant.arrivalsMs;
  expect((fourth ?? 0) - (third ?? 0)).toBeGreaterThanOrEqual(waitMs);
  expect(scene.of("scan_state").find((event) => event.state === "throttled")).toMatchObject({ code: "api_throttled" });
  const waited = scene.of("waited").filter((event) => event.reason !== "budget");
  expect(waited).toEqual([{ type: "waited", tenant: "contoso", reason: "retry_after", waitMs }]);
  const budgetMs = scene.of("waited").reduce((sum, event) => sum + (event.reason === "budget" ? event.waitMs : 0), 0);
  expect(budgetMs).toBeLessThan(10_000);
  expect(scene.published).toHaveLength(3);
});

test("a tenant that is down is asked again within a minute, and its scan says why", async () => {
  const scene: Scene = new Scene({
    activities: backlog(3),
    fault: () => (scene.clock.nowMs() < NOW_MS + 9 * MINUTE_MS ? { kind: "retry", reason: "503" } : null),
  });
  scene.start();
  await scene.pass(11 * MINUTE_MS);
  expect(scene.tenant.arrivalsMs.length).toBeLessThan(60);
  expect(scene.of("scan_state")).toContainEqual(
    expect.objectContaining({ state: "retrying", reason: "503", code: "api_unavailable" }),
  );
  expect(scene.published).toHaveLength(3);
});
