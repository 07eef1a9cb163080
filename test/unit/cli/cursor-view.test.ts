import { expect, test } from "vitest";
import { cursorTable, isBlocked, viewOf } from "../../../src/cli/cursor-view.ts";
import type { ScanConfig } from "../../../src/config/config.ts";
import { type Cursor, encodeCursor, newCursor } from "../../../src/scan/cursor.ts";
import { idHash } from "../../../src/scan/digest.ts";
import { cursorKey, decodeLedger, encodeLedger, ledgerKey, type StateEntry } from "../../../src/scan/ledger.ts";
import { sliceOf } from "../../../src/scan/slice.ts";
import { SliceDraft } from "../../../src/scan/slice-draft.ts";
import { Slices } from "../../../src/scan/slices.ts";
import { openPass } from "../../../src/scan/tail.ts";

const nowMs = Date.parse("2026-11-23T12:00:00Z");
const startMs = nowMs - 600_000;
const scan: ScanConfig = {
  name: "contoso-all",
  tenant: "contoso",
  filters: { service: { eq: [20893] } },
  cursorField: "auto",
  pageSize: 5_000,
  pollIntervalMs: 10_000,
  start: { kind: "now" },
  lookbacksMs: [],
  catchUp: { afterMs: 900_000, order: "in-order" },
  topic: "t",
  key: "id",
};

function cursor(change: Partial<Cursor> = {}): Cursor {
  return { ...newCursor("contoso", scan.filters, startMs), cursorField: "created", ...change };
}

function records(value: string, ids: readonly string[] = []): Map<string, Buffer> {
  const draft = new SliceDraft(new Slices(scan.name, "created"));
  const counts = { read: ids.length, duplicates: 0, deadLettered: 0, late: 0 };
  if (ids.length > 0) draft.add({ sliceMs: sliceOf(startMs), ids: ids.map(idHash), ...counts });
  if (ids.length > 0) draft.openGap({ fromMs: startMs, untilMs: startMs, reason: "stall" });
  const state = draft.state.map(({ key, value: bytes }: StateEntry) => [key, Buffer.from(bytes ?? "")] as const);
  return new Map([[cursorKey(scan.name), Buffer.from(value)], ...state]);
}

const view = (found: Map<string, Buffer>) => viewOf(scan, 3, found, nowMs);

test("a sound state shows where the scan stands, what it remembers and its gaps", () => {
  const shown = view(records(encodeCursor(cursor()), ["a", "b"]));
  expect(shown).toMatchObject({
    state: "ok",
    reason: null,
    shard: 3,
    cursor: { cursorField: "created", position: "2026-11-23T11:50:00.000Z", lagSeconds: 600, pass: null },
    slices: { remembered: 1, ids: 2, damaged: 0, gaps: [{ from: "2026-11-23T11:50:00.000Z", reason: "stall" }] },
  });
  expect(isBlocked(shown)).toBe(false);
  expect(cursorTable([shown])).toMatch(/contoso-all .* ok .* created .*\n.*gap from 2026-11-23T11:50:00\.000Z/);
});

test("hours that differ from what the API shows are listed with both counts", () => {
  const found = records(encodeCursor(cursor()), ["a", "b"]);
  const at = ledgerKey(scan.name, "created", sliceOf(startMs));
  const ledger = decodeLedger(found.get(at) ?? Buffer.alloc(0), at);
  const verified = { atMs: nowMs, ids: 3, digest: "1".repeat(32), equal: false };
  const shown = view(found.set(at, Buffer.from(encodeLedger({ ...ledger, verified }))));
  expect(shown.slices.mismatches).toMatchObject([{ published: 2, shown: 3 }]);
  expect(cursorTable([shown])).toMatch(/the hour from 2026-11-23T11:\S+ differs: 2 published, the API shows 3/);
});

test("inside a pass its page and its next filters are shown as they are", () => {
  const pass = { ...openPass(cursor(), nowMs), pages: 2, nextFilters: '{"created":{"gte":1}}' };
  const shown = view(records(encodeCursor(cursor({ pass }))));
  expect(shown.cursor?.pass).toMatchObject({ pages: 2, nextFilters: '{"created":{"gte":1}}', until: null });
  expect(cursorTable([shown])).toMatch(/page 3[\s\S]*next filters \{"created":\{"gte":1\}\}/);
});

test("a scan that has never run has no cursor, and that is nothing wrong", () => {
  const shown = view(new Map());
  expect(shown).toMatchObject({ state: "none", reason: null, cursor: null });
  expect(isBlocked(shown)).toBe(false);
});

test.each([
  ["garbage", "not json", "cursor_corrupt", /is not JSON/, false],
  ["a damaged cursor", '{"version":1}', "cursor_corrupt", /damaged at tenant/, false],
  ["a newer one", '{"version":99,"tenant":"contoso"}', "cursor_newer", /version 99/, false],
  [
    "another tenant's",
    encodeCursor(cursor({ tenant: "fabrikam" })),
    "cursor_foreign",
    /belongs to tenant fabrikam/,
    true,
  ],
  ["one of other filters", encodeCursor(cursor({ filtersHash: "0" })), "cursor_foreign", /filters/, true],
  ["one with an impossible time", encodeCursor(cursor({ tenant: "x", positionMs: 9e15 })), "cursor_foreign", /x/, true],
])("%s is shown as such with its reason", (_, value, state, reason, isLegible) => {
  const shown = view(records(value));
  expect(shown).toMatchObject({ state, reason: expect.stringMatching(reason) });
  expect(isBlocked(shown)).toBe(true);
  expect(shown.cursor !== null).toBe(isLegible);
  expect(cursorTable([shown])).toContain(shown.reason);
});

test("ids that do not match their ledger are shown as damage", () => {
  const found = records(encodeCursor(cursor()), ["a", "b"]);
  const chunk = [...found.keys()].find((key) => key.includes("chunk"))!;
  found.delete(chunk);
  expect(view(found)).toMatchObject({ state: "cursor_corrupt", reason: expect.stringMatching(/ledger counts 2 ids/) });
});

test("a ledger that cannot be read is counted, and the rest is shown", () => {
  const found = records(encodeCursor(cursor()), ["a"]);
  const ledger = [...found.keys()].find((key) => key.includes("slice") && !key.includes("chunk"))!;
  found.set(ledger, Buffer.from("{"));
  expect(view(found)).toMatchObject({ state: "cursor_corrupt", cursor: { tenant: "contoso" }, slices: { damaged: 1 } });
});
