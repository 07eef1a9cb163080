import { expect, test } from "vitest";
import type { Page } from "../../../src/connector/page.ts";
import { PageTrace } from "../../../src/connector/page-trace.ts";
import type { TracedPage } from "../../../src/observe/trace.ts";
import type { Answer } from "../../../src/tenant/answer.ts";

const ASKED = { tenant: "contoso", scan: "all", reader: "tail", page: 3, limit: 500 };
const PAGE = { counts: { read: 9, published: 7, duplicates: 1, deadLettered: 1, outsideMemory: 0 } } as Page;
const ANSWER: Answer = {
  verdict: { kind: "page", hasNext: false, nextFilters: null, total: 9, activities: 9 },
  status: 200,
  serverNowMs: null,
  readAtMs: 1_000_200,
  durationMs: 300,
  bodyBytes: 4_000,
};

/** A clock whose wall stands at a million ms when it starts, and may be set back. */
function handClock() {
  let monotonicMs = 50;
  let wallMs = 1_000_000;
  return {
    nowMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    sleep: () => Promise.resolve(),
    pass(ms: number) {
      monotonicMs += ms;
      wallMs += ms;
    },
    setBack(ms: number) {
      wallMs -= ms;
    },
  };
}

function opened() {
  const traced: TracedPage[] = [];
  const clock = handClock();
  const trace = new PageTrace(ASKED, clock, (page) => void traced.push(page));
  return { trace, clock, traced };
}

test("the steps of a page stand where they were in time, also when the wall clock is set back", async () => {
  const { trace, clock, traced } = opened();
  clock.pass(250);
  const take = trace.timed(() => {
    clock.pass(5);
    return true;
  });
  expect(take(Buffer.from("{}"))).toBe(true);
  clock.setBack(60_000);
  clock.pass(40);
  take(Buffer.from("{}"));
  trace.answered(ANSWER, PAGE);
  await trace.transaction(async () => clock.pass(30));
  trace.succeeded();
  trace.end();
  expect(traced).toEqual([
    {
      ...ASKED,
      startMs: 1_000_000,
      endMs: 1_000_330,
      steps: [
        { name: "fetch", startMs: 1_000_000, endMs: 1_000_200, busyMs: null },
        { name: "cut", startMs: 1_000_200, endMs: 1_000_300, busyMs: null },
        { name: "encode", startMs: 1_000_250, endMs: 1_000_300, busyMs: 10 },
        { name: "transaction", startMs: 1_000_300, endMs: 1_000_330, busyMs: null },
      ],
      verdict: "page",
      status: 200,
      failure: null,
      read: 9,
      published: 7,
      deadLettered: 1,
      bodyBytes: 4_000,
    },
  ]);
});

test("a page that is no page says why, and counts nothing as published", () => {
  const { trace, clock, traced } = opened();
  clock.pass(20);
  const verdict = { kind: "retry", reason: "502: bad gateway" } as const;
  trace.answered({ ...ANSWER, verdict, status: 502, readAtMs: 1_000_010, bodyBytes: 0 }, PAGE);
  trace.end();
  expect(traced[0]).toMatchObject({ verdict: "retry", status: 502, failure: "502: bad gateway", published: 0 });
  expect(traced[0]?.steps.map((step) => step.name)).toEqual(["fetch"]);
});

test("a transaction that throws is a step, and the page a failure", async () => {
  const { trace, traced } = opened();
  trace.answered(ANSWER, PAGE);
  const fails = trace.transaction(async () => Promise.reject(new Error("fenced")));
  await expect(fails).rejects.toThrow("fenced");
  trace.end();
  expect(traced[0]).toMatchObject({ failure: "stopped before it was published", published: 0 });
  expect(traced[0]?.steps.at(-1)?.name).toBe("transaction");
});
