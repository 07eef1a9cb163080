import { expect, test } from "vitest";
import type { ScanDay, SliceStatus } from "../../../src/observe/status.ts";
import { gapMeaning, hoursOf } from "../../../src/page/hours.ts";
import { GAP_REASONS } from "../../../src/scan/ledger.ts";

const HOUR_MS = 3_600_000;
const LAST_MS = Date.UTC(2026, 10, 25, 9);
const iso = (hours: number) => new Date(LAST_MS + hours * HOUR_MS).toISOString();

const slices: SliceStatus[] = Array.from({ length: 25 }, (_, at) => ({
  from: iso(at - 24),
  state: at === 24 ? "reading" : "read",
  ...{ published: at, duplicates: 0, deadLettered: 0, late: 0 },
}));

const day = (gaps: ScanDay["gaps"] = []): ScanDay => ({ tenant: "contoso", scan: "all", slices, gaps });

test("hours come with their share of the busiest, and with the gaps that touch them", () => {
  const gaps = [
    { from: iso(-2.5), until: iso(-1.5), reason: "stall" },
    { from: iso(-2), until: iso(-2), reason: "stall" },
    { from: iso(-40), until: iso(-39), reason: "skipped" },
  ];
  const hours = hoursOf(day(gaps), LAST_MS + 1);
  expect(hours).toHaveLength(25);
  expect(hours.slice(-4).map((hour) => hour.gaps)).toEqual([1, 2, 0, 0]);
  expect([hours[0]?.share, hours[12]?.share, hours[24]?.share]).toEqual([0, 0.5, 1]);
});

test("hours that a silent scan has not told of are there, and not read", () => {
  const hours = hoursOf(day(), LAST_MS + 3.5 * HOUR_MS);
  expect(hours).toHaveLength(25);
  expect(hours.slice(-4).map(({ state }) => state)).toEqual(["reading", "unread", "unread", "unread"]);
  expect(hours.at(-1)?.fromMs).toBe(LAST_MS + 3 * HOUR_MS);
  expect(hoursOf(day(), LAST_MS + 1_000 * HOUR_MS)).toHaveLength(25);
});

test("a scan that has said nothing yet has no hours", () => {
  expect(hoursOf({ ...day(), slices: [] }, LAST_MS)).toEqual([]);
});

test("every reason of a gap is explained", () => {
  const unknown = gapMeaning("another");
  expect(GAP_REASONS.filter((reason) => gapMeaning(reason) === unknown)).toEqual([]);
});
