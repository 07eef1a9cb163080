import { expect, test } from "vitest";
import { lastErrors } from "../../../src/page/last-errors.ts";
import { AT, known, scan } from "./known.ts";

const noted = (second: number, message: string) => ({
  at: `2026-11-25T09:00:${String(second).padStart(2, "0")}.000Z`,
  message,
});

test("errors of scans and shards and anomalies stand in one list, the newest first", () => {
  const scans = [
    scan("a", { lastError: noted(3, "401"), lastAnomaly: { kind: "stall", ...noted(9, "again") } }),
    scan("b", { lastError: noted(5, "503") }),
    scan("c"),
  ];
  const transactions = { committed: 1, failed: 1, fenced: 0 };
  const shard = { shard: 4, owned: true, tenants: [], since: AT, transactions, lastError: noted(7, "lost the broker") };
  const listed = lastErrors(known(scans, { shards: [shard, { ...shard, lastError: null }] }));
  expect(listed.map(({ where, what, message }) => `${where}, ${what}: ${message}`)).toEqual([
    "scan a, stall: again",
    "shard 4, transaction: lost the broker",
    "scan b, error: 503",
    "scan a, error: 401",
  ]);
});

test("of very many the newest twenty are shown", () => {
  const scans = Array.from({ length: 50 }, (_, at) => scan(`s${at}`, { lastError: noted(at, String(at)) }));
  const listed = lastErrors(known(scans));
  expect([listed.length, listed[0]?.message, listed.at(-1)?.message]).toEqual([20, "49", "30"]);
});
