import { expect, test } from "vitest";
import { planLines, targetOf } from "../../../src/cli/command-plan.ts";
import { changeOf } from "../../../src/cli/cursor-import.ts";
import { encodeCursor } from "../../../src/scan/cursor.ts";
import { decodeExport, encodeExport, exportScan } from "../../../src/scan/export.ts";
import { cursorKey, encodeLedger, ledgerKey, newLedger } from "../../../src/scan/ledger.ts";
import { cursorAt, HOUR_MS, NOW_MS } from "../scan/cursors.ts";

const SCAN = "contoso-all";
const head = { version: 1, id: "c-1", at: new Date(NOW_MS).toISOString(), by: "ada@host", scan: SCAN } as const;
const hour = (hours: number) => NOW_MS - hours * HOUR_MS;

/** A scan whose tail would ask next for what was saved so many hours before nine. */
function stateAt(hours: number, more = {}): Map<string, Buffer> {
  const cursor = cursorAt({ positionMs: hour(hours) + 5_000, beganMs: hour(48), revision: 50, ...more });
  const ledger = Buffer.from(encodeLedger({ ...newLedger(), published: 200 }));
  const ledgers = [1, 2, 3, 4].map((at) => [ledgerKey(SCAN, "created", hour(at)), ledger] as const);
  return new Map([[cursorKey(SCAN), Buffer.from(encodeCursor(cursor))], ...ledgers]);
}

const fileOf = (state: ReadonlyMap<string, Buffer>, scan = SCAN) => {
  const exported = exportScan({ scan, shard: 0, endOffset: 9n, state }, false)!;
  return decodeExport(encodeExport([exported], { exportedAt: "2026-11-23T07:00:00.000Z", cursorsTopic: "t" }));
};

const changed = (file: ReturnType<typeof fileOf> | string, state = stateAt(0)) =>
  changeOf(file, false)(targetOf({ scan: SCAN, pageSize: 100, requestsPerMinute: 21 }, state), state, head);

test("the dry run says where the readers go, what is read again and what that costs", () => {
  const { plan, command } = changed(fileOf(stateAt(3)));
  expect(planLines(plan)).toEqual([
    `scan ${SCAN}: import where it stood at 2026-11-23T07:00:00.000Z, before 2026-11-23T06:00:00.000Z: ` +
      "the tail goes on where it stands; backfill/2026-11-23T06:00:00.000Z reads 2026-11-23T06:00:00.000Z to " +
      "2026-11-23T09:00:00.000Z",
    "cost: about 600 activities in 6 requests, 0.3 minutes of a budget of 21 a minute",
    "  ids and settled hours stay those of the cursors topic",
  ]);
  expect(plan).toMatchObject({ from: "2026-11-23T06:00:00.000Z", until: "2026-11-23T09:00:00.000Z", refusal: null });
  expect(command).toMatchObject({ version: 2, action: "cursor_import", toMs: hour(3), jobs: [] });
});

test("further on it costs nothing, and says what becomes a gap", () => {
  const { plan } = changed(fileOf(stateAt(0)), stateAt(3));
  expect(planLines(plan).slice(0, 3)).toEqual([
    expect.stringMatching(
      /the tail goes on at 2026-11-23T09:00\S+; 2026-11-23T06:00\S+ to 2026-11-23T09:00\S+ is open as a gap$/,
    ),
    "cost: no requests",
    "  ids and settled hours stay those of the cursors topic",
  ]);
});

test.each([
  ["no export", "the file is no export", /^the file is no export$/],
  ["of another scan", fileOf(stateAt(3)), /the export has no scan "contoso-all": it has b/, "b"],
  ["of other filters", fileOf(stateAt(3, { filtersHash: "0" })), /the export is of filters with the hash 0/],
])("what is %s is refused, and no command is made", (_, given, refusal, scan = SCAN) => {
  const file = typeof given === "string" ? given : { ...given, scans: given.scans.map((each) => ({ ...each, scan })) };
  const { plan, command } = changed(file);
  expect(plan.refusal).toMatch(refusal);
  expect(command === null || plan.refusal !== null).toBe(true);
});

test("a scan that has not begun here takes none, and says what does", () => {
  expect(changed(fileOf(stateAt(3)), new Map()).plan.refusal).toMatch(
    /^the scan has no cursor in this cursors topic.*`run` begins it/,
  );
});
