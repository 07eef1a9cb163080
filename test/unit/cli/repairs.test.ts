import { expect, test } from "vitest";
import { repairsOf } from "../../../src/cli/repairs.ts";
import { idHash } from "../../../src/scan/digest.ts";
import { newLedger } from "../../../src/scan/ledger.ts";
import { idsOf } from "../../../src/scan/repair.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 23, 9);
const missing = (hour: number, count: number, published: "never" | "before" | "unknown" = "never") =>
  Array.from({ length: count }, (_, at) => {
    const text = `${hour}-${published}-${at}`;
    return { id: idHash(text), text, valueMs: NOW_MS + hour * HOUR_MS + at, published };
  });
const ledgerOf = (sliceMs: number) => ({ ...newLedger(), ids: (sliceMs - NOW_MS) / HOUR_MS });

test("hours that follow each other are one run, as long as their ids fit in", () => {
  const all = [...missing(5, 2), ...missing(0, 300), ...missing(1, 200), ...missing(2, 1), ...missing(3, 1)];
  const { runs, held, left } = repairsOf(all, { mayRepeat: false, ledgerOf });
  expect(
    runs.map(({ fromMs, untilMs, ids }) => [(fromMs - NOW_MS) / HOUR_MS, (untilMs - NOW_MS) / HOUR_MS, ids]),
  ).toEqual([
    [0, 2, 500],
    [2, 4, 2],
    [5, 6, 2],
  ]);
  expect(runs[0]?.repair.map(({ ids }) => ids)).toEqual([0, 1]);
  expect([held, left]).toEqual([0, 0]);
});

test("what may have been published before is held back, but for the word that it may be published again", () => {
  const all = [...missing(0, 1), ...missing(0, 2, "before"), ...missing(0, 3, "unknown")];
  const without = repairsOf(all, { mayRepeat: false, ledgerOf });
  expect([without.runs[0]?.ids, without.held, without.runs[0]?.repair[0]?.again]).toEqual([1, 5, ""]);
  const { runs, held } = repairsOf(all, { mayRepeat: true, ledgerOf });
  expect(held).toBe(0);
  expect(idsOf(runs[0]!.repair[0]!)).toHaveLength(6);
});

test("an hour that lacks more than a run takes is begun, and the rest is told", () => {
  const { runs, left } = repairsOf(missing(0, 700), { mayRepeat: false, ledgerOf });
  expect([runs.length, runs[0]?.ids, left]).toEqual([1, 500, 200]);
});
