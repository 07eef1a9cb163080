import { expect, test } from "vitest";
import { planBackfill, planLines, planReset, planVerify, targetOf } from "../../../src/cli/command-plan.ts";
import { encodeCursor, newCursor } from "../../../src/scan/cursor.ts";
import { cursorKey, encodeLedger, ledgerKey, newLedger } from "../../../src/scan/ledger.ts";

const HOUR_MS = 3_600_000;
const positionMs = Date.parse("2026-11-23T12:00:00Z");
const hour = (hours: number) => positionMs - hours * HOUR_MS;
const config = { scan: "all", pageSize: 100, requestsPerMinute: 21 };

/** The position at noon, and the two hours before it known; the third is forgotten. */
function state(): Map<string, Buffer> {
  const cursor = { ...newCursor("contoso", {}, positionMs), cursorField: "created" as const };
  const records = new Map([[cursorKey("all"), Buffer.from(encodeCursor(cursor))]]);
  const put = (scan: string, field: "created" | "date", hours: number, published: number, remembered = true) => {
    const ledger = encodeLedger({ ...newLedger(), published, remembered });
    records.set(ledgerKey(scan, field, hour(hours)), Buffer.from(ledger));
  };
  put("all", "created", 1, 1_000);
  put("all", "created", 2, 3_000);
  put("all", "created", 3, 2_000, false);
  put("all", "date", 1, 777_777, false);
  put("another", "created", 1, 777_777, false);
  return records;
}

const reset = (toMs: number, mayRepeat = false) => planReset(targetOf(config, state()), { toMs, mayRepeat });

test("a reset backwards costs what lies between, by the ledgers of its scan and field alone", () => {
  const plan = reset(hour(2));
  expect(plan).toMatchObject({ from: "2026-11-23T10:00:00.000Z", until: "2026-11-23T12:00:00.000Z", refusal: null });
  expect(plan.cost).toMatchObject({ activities: 4_000, requests: 40, minutes: 2, measured: true, knownHours: 3 });
  expect(planLines(plan)).toEqual([
    "scan all: move the position from 2026-11-23T12:00:00.000Z to 2026-11-23T10:00:00.000Z and read " +
      "2026-11-23T10:00:00.000Z to 2026-11-23T12:00:00.000Z along created once more",
    "cost: about 4000 activities in 40 requests, 2.0 minutes of a budget of 21 a minute",
  ]);
});

test("where ids are forgotten it is refused, unless repeats are allowed, which is said", () => {
  expect(reset(hour(2.5)).refusal).toMatch(/ids of 1 hour in it are forgotten.*--may-repeat/);
  const allowed = reset(hour(2.5), true);
  expect(allowed).toMatchObject({ refusal: null, forgottenHours: 1 });
  expect(planLines(allowed).at(-1)).toMatch(/ids of 1 hour in it are forgotten.*published again/);
});

test("a verify costs what is read again, up to the position; that ids are forgotten does not matter", () => {
  const plan = planVerify(targetOf(config, state()), { fromMs: hour(3), untilMs: hour(-1) });
  expect(plan).toMatchObject({ until: "2026-11-23T12:00:00.000Z", refusal: null, forgottenHours: 0 });
  expect(planLines(plan)[0]).toMatch(/read 2026-11-23T09\S+ to 2026-11-23T12\S+ along created once more and compare/);
  const ahead = planVerify(targetOf(config, state()), { fromMs: hour(0), untilMs: hour(-1) });
  expect(ahead.refusal).toMatch(/nothing of it has been read: the scan has /);
  expect(planVerify(targetOf(config, new Map()), { fromMs: hour(3), untilMs: hour(1) }).refusal).toMatch(/no cursor/);
});

test("a reset forwards reads nothing, and says that it leaves something out", () => {
  const plan = reset(positionMs + HOUR_MS);
  expect(plan).toMatchObject({ refusal: null, cost: null, notes: [expect.stringMatching(/open as a gap/)] });
  expect(plan.does).toMatch(/does not read what lies between/);
});

test("a scan without a legible cursor cannot be reset; a backfill of it is a guess", () => {
  for (const records of [new Map(), new Map([[cursorKey("all"), Buffer.from("garbage")]])]) {
    const target = targetOf(config, records);
    expect(planReset(target, { toMs: hour(1), mayRepeat: true }).refusal).toMatch(/no cursor/);
    const plan = planBackfill(target, { fromMs: hour(5), untilMs: hour(1), order: "asc", mayRepeat: false });
    expect(plan).toMatchObject({ refusal: null, cost: { measured: false, knownHours: 0 } });
    expect(planLines(plan).at(-1)).toMatch(/a guess: nothing is known/);
  }
});

test("a backfill says its order, and what of its cost is an estimate", () => {
  const flags = { fromMs: hour(30), untilMs: hour(28), mayRepeat: false };
  const target = targetOf(config, state());
  const plan = planBackfill(target, { ...flags, order: "desc" });
  expect(plan.does).toMatch(/once more, the newest first$/);
  expect(planBackfill(target, { ...flags, order: "asc" }).does).toMatch(/the oldest first$/);
  expect(plan.cost).toMatchObject({ activities: 4_000, measured: false });
  expect(planLines(plan).at(-1)).toMatch(/an estimate: .* mean of the 3 known ones/);
  expect(planBackfill(target, { ...flags, untilMs: hour(2), order: "asc" }).refusal).toMatch(/forgotten/);
});

test("a ledger that cannot be read is as if it were not there", () => {
  const records = state().set(ledgerKey("all", "created", hour(3)), Buffer.from("{"));
  expect(targetOf(config, records).basis.ledgers).toHaveLength(2);
});
