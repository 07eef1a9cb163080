import { expect, test } from "vitest";
import { excuseOf, type Known, publishesAt } from "../../../src/scan/comparable.ts";
import type { Cursor } from "../../../src/scan/cursor.ts";
import { type Job, newJob } from "../../../src/scan/job.ts";
import { type Ledger, newLedger } from "../../../src/scan/ledger.ts";
import { cursorAt, HOUR_MS, NOW_MS } from "./cursors.ts";
import { hour, lookback, range } from "./scan-changes.ts";

interface Given {
  readonly cursor?: Partial<Cursor>;
  readonly jobs?: readonly Job[];
  readonly ledger?: Partial<Ledger>;
}

/** A scan that began twenty hours ago, and whose tail stands at `NOW_MS`. */
function knownOf({ cursor = {}, jobs = [], ledger = {} }: Given): Known {
  const at = cursorAt({ beganMs: hour(-20), positionMs: NOW_MS + 5_000, ...cursor });
  return { cursor: at, jobs, ledgerOf: () => ({ ...newLedger(), read: 2, ids: 2, ...ledger }) };
}

const folded = { fromMs: hour(-30), untilMs: hour(-9), published: 5, deadLettered: 0 };

test("what is found is published where ids are remembered and the scan has begun, and nowhere else", () => {
  expect(publishesAt(knownOf({}), hour(-5))).toBe(true);
  expect(publishesAt(knownOf({ ledger: { remembered: false } }), hour(-5))).toBe(false);
  expect(publishesAt(knownOf({}), hour(-20) - 1)).toBe(false);
  expect(publishesAt(knownOf({ cursor: { folded } }), hour(-9) - 1)).toBe(false);
  expect(publishesAt(knownOf({ cursor: { folded } }), hour(-9))).toBe(true);
});

const verify = newJob({ origin: "verify", order: "asc", whole: { fromMs: hour(-20), untilMs: NOW_MS - 1 } });

test.each<[string | null, number, Given]>([
  [null, -5, {}],
  [null, -1, {}],
  [null, -5, { jobs: [verify, lookback({ fromMs: hour(-6), untilMs: hour(-4) })] }],
  [null, -5, { jobs: [range(hour(-9), hour(-5) - 1), range(hour(-4), hour(-3))] }],
  [null, -12, { cursor: { folded }, ledger: { ids: 2 } }],
  ["another reader has still to read it", -5, { jobs: [range(hour(-9), hour(-5))] }],
  ["another reader has still to read it", -5, { jobs: [range(hour(-4) - 1, hour(-3))] }],
  ["another reader has still to read it", 0, {}],
  ["the scan began within it", -20, { cursor: { beganMs: hour(-20) + 1 } }],
  ["its ledger is folded away after 30 days", -12, { cursor: { folded }, ledger: { read: 0, ids: 0 } }],
  ["activities were published there again, as --may-repeat allowed", -5, { ledger: { repeated: 1 } }],
])("%s: why the hour at %i cannot be judged (%#)", (reason, at, given) => {
  expect(excuseOf(knownOf(given), NOW_MS + at * HOUR_MS)).toBe(reason);
});
