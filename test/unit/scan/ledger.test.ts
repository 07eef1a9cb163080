import { expect, test } from "vitest";
import {
  chunkKey,
  cursorKey,
  decodeLedger,
  encodeLedger,
  ledgerKey,
  newLedger,
  parseSliceKey,
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
    digest: "ab".repeat(16),
    gaps: [{ fromMs: 1, untilMs: 2, reason: "stall" }],
  };
  expect(decodeLedger(Buffer.from(encodeLedger(ledger)), "scan a")).toEqual(ledger);
});

test.each(["garbage", "{}", encodeLedger(newLedger()).replace('"ids":0', '"ids":-1')])(
  "a record that is no ledger is corrupt: %s",
  (text) => {
    expect(() => decodeLedger(Buffer.from(text), "scan a, slice b")).toThrow(
      expect.objectContaining({ code: "cursor_corrupt", message: expect.stringContaining("scan a, slice b") }),
    );
  },
);
