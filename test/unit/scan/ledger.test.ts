import { expect, test } from "vitest";
import {
  chunkKey,
  closesByReading,
  cursorKey,
  decodeLedger,
  encodeLedger,
  GAP_REASONS,
  ledgerKey,
  newLedger,
  parseReaderKey,
  parseSliceKey,
  readerKey,
} from "../../../src/scan/ledger.ts";
import { NOW_MS } from "./cursors.ts";

test("keys are those that operators know from the documentation", () => {
  expect(cursorKey("contoso-all")).toBe('{"scan":"contoso-all","reader":"tail"}');
  expect(ledgerKey("contoso-all", "created", NOW_MS)).toBe(
    '{"scan":"contoso-all","cursorField":"created","slice":"2026-11-23T09:00Z"}',
  );
  expect(chunkKey("contoso-all", "date", NOW_MS, 7)).toBe(
    '{"scan":"contoso-all","cursorField":"date","slice":"2026-11-23T09:00Z","chunk":7}',
  );
});

test("keys of slices are read back, whatever the scan is called", () => {
  const scan = 'a "quoted" {scan}';
  expect(parseSliceKey(ledgerKey(scan, "date", NOW_MS))).toEqual({
    scan,
    cursorField: "date",
    sliceMs: NOW_MS,
    chunk: null,
  });
  expect(parseSliceKey(chunkKey(scan, "created", NOW_MS, 0))).toMatchObject({ scan, chunk: 0 });
});

test("keys of readers are read back, the tail's being the cursor's; those of slices are none", () => {
  expect(readerKey("a", "tail")).toBe(cursorKey("a"));
  expect(parseReaderKey(readerKey('b "c"', "backfill/2026-11-01T00:00:00.000Z"))).toEqual({
    scan: 'b "c"',
    reader: "backfill/2026-11-01T00:00:00.000Z",
  });
  for (const key of [ledgerKey("a", "created", NOW_MS), chunkKey("a", "date", NOW_MS, 0), '{"command":"1"}', "mark"]) {
    expect(parseReaderKey(key), key).toBeNull();
  }
});

test("a gap that was not read may close by reading; one where ids are missing, or that was skipped, never", () => {
  const closing = GAP_REASONS.filter((reason) => closesByReading({ fromMs: 1, untilMs: 2, reason }));
  expect(closing).toEqual(["stall", "doubtful"]);
});

test.each([
  ["a cursor", cursorKey("a")],
  ["a tenant", '{"tenant":"contoso"}'],
  ["a command", '{"command":"1"}'],
  ["text", "mark"],
  ["another field", '{"scan":"a","cursorField":"saved","slice":"2026-11-23T09:00Z"}'],
  ["no time", '{"scan":"a","cursorField":"date","slice":"today"}'],
])("the key of %s is none of a slice", (_, key) => {
  expect(parseSliceKey(key)).toBeNull();
});

test("a ledger comes back from its record as it was", () => {
  const ledger = {
    ...newLedger(),
    ids: 3,
    late: 2,
    settledMs: NOW_MS,
    digest: "ab".repeat(16),
    gaps: GAP_REASONS.map((reason, at) => ({ fromMs: at, untilMs: at + 1, reason })),
  };
  expect(decodeLedger(Buffer.from(encodeLedger(ledger)), "scan a")).toEqual(ledger);
});

test("a ledger from before there was anything to verify is read", () => {
  const { verified: _, repeated: __, ...old } = JSON.parse(encodeLedger(newLedger())) as Record<string, unknown>;
  expect(decodeLedger(Buffer.from(JSON.stringify(old)), "scan a")).toEqual(newLedger());
});

const gap = { fromMs: 1, untilMs: 2, reason: "stall" as const };
const broken = (from: string, to: string) => encodeLedger({ ...newLedger(), gaps: [gap] }).replace(from, to);

test.each([
  "garbage",
  "{}",
  broken('"ids":0', '"ids":-1'),
  broken('"late":0', '"late":-1'),
  broken('"stall"', '"because"'),
  broken('"settledMs":null', '"settledMs":"soon"'),
])("a record that is no ledger is corrupt: %s", (text) => {
  expect(() => decodeLedger(Buffer.from(text), "scan a, slice b")).toThrow(
    expect.objectContaining({ code: "cursor_corrupt", message: expect.stringContaining("scan a, slice b") }),
  );
});
