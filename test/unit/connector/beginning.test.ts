import { expect, test } from "vitest";
import type { ScanConfig } from "../../../src/config/config.ts";
import { beginningOf } from "../../../src/connector/beginning.ts";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import { simConfig } from "../../fakes/sim-connector.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, NOW_MS } from "./scene.ts";

const beginning = (scan: Partial<ScanConfig>) => beginningOf(simConfig(scan).scans[0]!, NOW_MS);
const NEWEST = { afterMs: 15 * MINUTE_MS, order: "newest-first" } as const;

test.each([
  [{ kind: "instant", atMs: NOW_MS - 9 * DAY_MS } as const, NOW_MS - 9 * DAY_MS],
  [{ kind: "instant", atMs: NOW_MS + HOUR_MS } as const, NOW_MS + HOUR_MS],
  [{ kind: "age", ageMs: HOUR_MS } as const, NOW_MS - HOUR_MS],
  [{ kind: "now" } as const, NOW_MS],
])("in order, a start of %j is where the first pass begins, its overlap included", (start, atMs) => {
  expect(beginning({ start })).toEqual({ tailMs: atMs + OVERLAP_MS, backfill: null });
});

test("newest first, the tail begins at now and a backfill reads what lies before, the newest of it first", () => {
  const { tailMs, backfill } = beginning({ start: { kind: "age", ageMs: DAY_MS }, catchUp: NEWEST });
  // The overlap of its first pass reaches into the backfill: what shows late there is found all the same.
  expect(tailMs).toBe(NOW_MS);
  expect(backfill).toMatchObject({
    origin: "backfill",
    order: "desc",
    whole: { fromMs: NOW_MS - DAY_MS, untilMs: NOW_MS - 1 },
    caughtUpMs: null,
    mayRepeat: false,
    paused: false,
  });
});

test.each([
  ["no further back than catchUp.after", { kind: "age", ageMs: 15 * MINUTE_MS } as const, NOW_MS - 15 * MINUTE_MS],
  ["now", { kind: "now" } as const, NOW_MS],
  ["in the future", { kind: "instant", atMs: NOW_MS + HOUR_MS } as const, NOW_MS + HOUR_MS],
])("newest first, a start %s needs no backfill", (_, start, atMs) => {
  expect(beginning({ start, catchUp: NEWEST })).toEqual({ tailMs: atMs + OVERLAP_MS, backfill: null });
  const further = beginning({ start: { kind: "age", ageMs: 15 * MINUTE_MS + 1 }, catchUp: NEWEST });
  expect(further.backfill).not.toBeNull();
});
