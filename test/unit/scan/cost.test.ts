import { expect, test } from "vitest";
import { costOf, type SliceLedger } from "../../../src/scan/cost.ts";

const HOUR_MS = 3_600_000;
const ledger = (hour: number, published: number, more: Partial<SliceLedger> = {}): SliceLedger => ({
  sliceMs: hour * HOUR_MS,
  published,
  deadLettered: 0,
  remembered: true,
  ...more,
});
const hours = (from: number, until: number) => ({ fromMs: from * HOUR_MS, untilMs: until * HOUR_MS });
const basis = (...ledgers: SliceLedger[]) => ({ ledgers, pageSize: 100, requestsPerMinute: 21 });

test("a range whose hours are all known costs what they hold, dead letters included", () => {
  const known = basis(ledger(1, 950), ledger(2, 1_000, { deadLettered: 50 }), ledger(9, 7_777));
  expect(costOf(hours(1, 3), known)).toEqual({ activities: 2_000, requests: 20, minutes: 1, measured: true });
});

test("hours without a ledger are taken at the mean of the known ones, and that is said", () => {
  const known = basis(ledger(1, 100), ledger(2, 300));
  expect(costOf(hours(2, 5), known)).toMatchObject({ activities: 700, requests: 7, measured: false });
});

test("an hour in part counts in proportion, known or not", () => {
  expect(costOf(hours(1.5, 2.25), basis(ledger(1, 100), ledger(2, 200)))).toMatchObject({
    activities: 100,
    measured: true,
  });
  expect(costOf(hours(8, 8.5), basis(ledger(1, 100), ledger(2, 300)))).toMatchObject({ activities: 100 });
});

test("a range that holds nothing, or of which nothing is known, still costs a request", () => {
  expect(costOf(hours(1, 2), basis(ledger(1, 0)))).toMatchObject({ activities: 0, requests: 1, measured: true });
  expect(costOf(hours(0, 24), basis())).toMatchObject({ activities: 0, requests: 1, measured: false });
  expect(costOf(hours(2, 2), basis())).toMatchObject({ activities: 0, requests: 1, measured: true });
});

test("the pace is one request less than the budget, and never none", () => {
  const one = { ledgers: [ledger(1, 1_000)], pageSize: 100 };
  expect(costOf(hours(1, 2), { ...one, requestsPerMinute: 2 }).minutes).toBe(10);
  expect(costOf(hours(1, 2), { ...one, requestsPerMinute: 1 }).minutes).toBe(10);
});
