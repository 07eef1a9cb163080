import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxInWindow, Traffic } from "../../../src/mock-tenant/traffic.ts";
import { handClock, START_MS, tenant } from "./fixture.ts";

const limit = {
  requestLimit: 3,
  requestWindowMs: 10_000,
  foreignPerMinute: 0,
  foreignFromMs: 0,
  foreignUntilMs: null,
};

describe("the sliding limit", () => {
  test("lets three in any ten seconds and says when the next may come", () => {
    const traffic = new Traffic(0);
    const retries = [0, 1_000, 2_000, 9_999].map((atMs) => traffic.arrive(atMs, limit).retryAtMs);
    // The refused one counts: of the last three (1,000, 2,000, 9,999) one has to be out of the window.
    expect(retries).toEqual([null, null, null, 11_000]);
    expect(traffic.arrive(11_000, limit).retryAtMs).toBeNull();
  });

  test("hammering never gets in", () => {
    const traffic = new Traffic(0);
    const admitted = Array.from({ length: 100 }, (_, at) => traffic.arrive(at * 1_000, limit).retryAtMs === null);
    expect(admitted.filter(Boolean)).toHaveLength(3);
  });

  test("a retry at the named moment is admitted, a millisecond earlier is not", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 6_000 }), { minLength: 4, maxLength: 30 }), (gaps) => {
        const traffic = new Traffic(0);
        const other = new Traffic(0);
        let nowMs = 0;
        let retryAtMs: number | null = null;
        for (const gap of gaps) {
          nowMs += gap;
          other.arrive(nowMs, limit);
          ({ retryAtMs } = traffic.arrive(nowMs, limit));
        }
        if (retryAtMs === null) return;
        expect(traffic.arrive(retryAtMs, limit).retryAtMs).toBeNull();
        if (retryAtMs - 1 >= nowMs) expect(other.arrive(retryAtMs - 1, limit).retryAtMs).not.toBeNull();
      }),
    );
  });

  test("a second client takes its part while it is there", () => {
    const shared = { ...limit, requestLimit: 30, requestWindowMs: 60_000, foreignPerMinute: 60 };
    const traffic = new Traffic(0);
    const visit = { ...shared, foreignFromMs: 60_000, foreignUntilMs: 90_000 };
    expect(traffic.arrive(59_000, visit).retryAtMs).toBeNull();
    expect(traffic.arrive(80_000, visit).retryAtMs).toBeNull();
    expect(traffic.arrive(100_000, visit).retryAtMs).not.toBeNull();
    expect(traffic.arrive(155_000, visit).retryAtMs).toBeNull();
    expect(traffic.stats(155_000, visit)).toMatchObject({ requests: 4, foreignRequests: 31, maxInWindow: 3 });
    expect(traffic.stats(155_000, visit).maxInWindowWithForeign).toBe(34);
  });
});

describe("the fullest window", () => {
  test("equals a count around every arrival", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 40 }), (times) => {
        const arrivals = [...times].sort((a, b) => a - b).map((atMs) => ({ atMs }));
        const naive = arrivals.map(({ atMs }) => arrivals.filter((a) => a.atMs > atMs - 100 && a.atMs <= atMs).length);
        expect(maxInWindow(arrivals, 100)).toBe(Math.max(0, ...naive));
      }),
    );
  });
});

describe("statistics over HTTP", () => {
  test("list every request with its outcome, and the fullest window", async () => {
    const clock = handClock();
    await using mock = await tenant({ requestLimit: 2, requestWindowMs: 60_000 }, { clock });
    await fetch(`${mock.url}/_control`, { method: "POST", body: JSON.stringify({ add: 5 }) });
    for (let request = 0; request < 3; request++) {
      await (await mock.post({ isScan: true })).text();
      clock.advance(1_000);
    }
    clock.advance(120_000);
    await (await mock.post({ isScan: true }, { authorization: "Token wrong" })).text();
    const stats = await (await fetch(`${mock.url}/_stats`)).json();
    expect(stats).toMatchObject({
      startedAtMs: START_MS,
      requestLimit: 2,
      windowMs: 60_000,
      requests: 4,
      maxInWindow: 3,
      sent: 10,
      byStatus: { "200": 2, "429": 1, "401": 1 },
      byOutcome: { page: 2, throttled: 1, unauthorized: 1 },
    });
    expect((stats as { perSecond: unknown[] }).perSecond).toHaveLength(4);
    const wider = await (await fetch(`${mock.url}/_stats?windowMs=1000&arrivals=0`)).json();
    expect(wider).toMatchObject({ maxInWindow: 1 });
    expect(wider).not.toHaveProperty("arrivals");
  });
});

describe("a 429", () => {
  const throttled = async (shape: "retry-after-seconds" | "retry-after-date" | "body" | "bare"): Promise<Response> => {
    await using mock = await tenant({ requestLimit: 0, throttleShape: shape });
    const response = await mock.post({ isScan: true });
    expect(response.status).toBe(429);
    return new Response(await response.text(), { headers: response.headers });
  };

  test("retry-after-seconds", async () => {
    const response = await throttled("retry-after-seconds");
    expect(response.headers.get("retry-after")).toBe("60");
    expect(await response.text()).not.toContain("60");
  });

  test("retry-after-date", async () => {
    const response = await throttled("retry-after-date");
    expect(response.headers.get("retry-after")).toBe(new Date(START_MS + 60_000).toUTCString());
  });

  test("body", async () => {
    const response = await throttled("body");
    expect(response.headers.get("retry-after")).toBeNull();
    expect(await response.json()).toEqual({ detail: "Request was throttled. Expected available in 60 seconds." });
  });

  test("bare", async () => {
    const response = await throttled("bare");
    expect(response.headers.get("retry-after")).toBeNull();
    expect(await response.text()).toBe("");
  });
});
