import { createRequire } from "node:module";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { correctRequestQueue } from "../../../src/kafka/request-queue.ts";

interface Queue {
  push(request: object): void;
  fulfillRequest(response: object): void;
  maybeThrottle(ms: number): void;
}

const logger = { debug: () => undefined, warn: () => undefined };
const RequestQueue: new (options: object) => Queue = createRequire(import.meta.url)("kafkajs/src/network/requestQueue");

function queue(sent: number[]) {
  const made = new RequestQueue({ maxInFlightRequests: 1, requestTimeout: 1_000, clientId: "c", broker: "b", logger });
  const push = (correlationId: number): void =>
    made.push({
      entry: { correlationId, reject: () => undefined, resolve: () => undefined },
      expectResponse: true,
      sendRequest: () => sent.push(correlationId),
    });
  return { made, push };
}

beforeEach(() => {
  vi.useFakeTimers();
  correctRequestQueue();
  correctRequestQueue();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a connection on which nothing waits sets no timer", () => {
  const sent: number[] = [];
  const { made, push } = queue(sent);
  for (let id = 1; id <= 3; id++) {
    push(id);
    made.fulfillRequest({ correlationId: id, payload: Buffer.alloc(0), size: 0 });
  }
  expect(sent).toEqual([1, 2, 3]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a request that waits for another is sent when that is answered", () => {
  const sent: number[] = [];
  const { made, push } = queue(sent);
  push(1);
  push(2);
  expect(sent).toEqual([1]);
  made.fulfillRequest({ correlationId: 1, payload: Buffer.alloc(0), size: 0 });
  expect(sent).toEqual([1, 2]);
});

test("a request that waits because the broker throttles is sent when that is over", () => {
  const sent: number[] = [];
  const { made, push } = queue(sent);
  made.maybeThrottle(500);
  push(1);
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(499);
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(20);
  expect(sent).toEqual([1]);
});
