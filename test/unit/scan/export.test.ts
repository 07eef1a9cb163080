import { expect, test } from "vitest";
import { encodeCursor } from "../../../src/scan/cursor.ts";
import { decodeExport, encodeExport, exportScan, readersOf, recordsOf } from "../../../src/scan/export.ts";
import { encodeJob, newJob } from "../../../src/scan/job.ts";
import { chunkKey, cursorKey, encodeLedger, ledgerKey, newLedger, readerKey } from "../../../src/scan/ledger.ts";
import { cursorAt, HOUR_MS, NOW_MS } from "./cursors.ts";

const whole = { fromMs: NOW_MS - HOUR_MS, untilMs: NOW_MS - 1 };
const JOB = "backfill/2026-11-23T08:00:00.000Z";
const ids = (fill: number) => Buffer.alloc(32, fill);

function state(): Map<string, Buffer> {
  const records: [string, string | Buffer][] = [
    [cursorKey("a"), encodeCursor(cursorAt({ paused: { atMs: NOW_MS, by: "ada@host" } }))],
    [readerKey("a", JOB), encodeJob(newJob({ origin: "backfill", order: "asc", whole }))],
    [ledgerKey("a", "created", NOW_MS), encodeLedger({ ...newLedger(), ids: 4 })],
    [chunkKey("a", "created", NOW_MS, 1), ids(2)],
    [chunkKey("a", "created", NOW_MS, 0), ids(1)],
    [ledgerKey("a", "created", NOW_MS - HOUR_MS), encodeLedger({ ...newLedger(), remembered: false })],
    [cursorKey("b"), encodeCursor(cursorAt())],
    [ledgerKey("b", "created", NOW_MS), encodeLedger(newLedger())],
    ['{"tenant":"contoso"}', "{}"],
    ['{"history":"c-1"}', "{}"],
  ];
  return new Map(records.map(([key, value]) => [key, Buffer.from(value)]));
}

const about = { exportedAt: "2026-11-23T09:00:00.000Z", cursorsTopic: "cursors" };
const snapshot = (scan = "a") => ({ scan, shard: 3, endOffset: 4711n, state: state() });
const file = (withIds = true) => encodeExport([exportScan(snapshot(), withIds)!], about);

test("an export has all records of its scan and no others, and they come back as they were", () => {
  const { scans, exportedAt } = decodeExport(file());
  expect([exportedAt, scans.length]).toEqual([about.exportedAt, 1]);
  const [scan] = scans;
  expect(scan).toMatchObject({ scan: "a", shard: 3, offset: "4711", position: new Date(NOW_MS).toISOString() });
  const back = recordsOf(scan!);
  const own = [...state()].filter(([key]) => key.includes('"scan":"a"'));
  expect([...back.keys()].sort()).toEqual(own.map(([key]) => key).sort());
  for (const [key, value] of own) {
    if (key.includes("chunk")) expect(back.get(key)).toEqual(value);
    else expect(JSON.parse(String(back.get(key)))).toEqual(JSON.parse(String(value)));
  }
  expect(readersOf("a", back)).toMatchObject({ cursor: { paused: { by: "ada@host" } }, jobs: new Map([[JOB, {}]]) });
});

test("ids are there when they are asked for alone", () => {
  const [scan] = decodeExport(file(false)).scans;
  expect(scan?.slices.map((slice) => slice.ids)).toEqual([null, null]);
  const [full] = decodeExport(file()).scans;
  expect(full?.slices.map((slice) => slice.ids?.length)).toEqual([0, 2]);
});

test("of a scan that has no cursor there is no export", () => {
  expect(exportScan(snapshot("c"), true)).toBeNull();
});

/** The file with one text in it replaced by another. */
const edited = (from: string, to: string): string => file().replace(from, to);

test.each([
  ["nothing", "", "cursor_corrupt", /not JSON \(0 characters\)/],
  ["another file", '{"tenants":{}}', "cursor_corrupt", /no export of cursors: `cursor export` makes them/],
  ["cut off", file().slice(0, -40), "cursor_corrupt", /not JSON/],
  [
    "changed by hand",
    edited(`"positionMs": ${NOW_MS}`, `"positionMs": ${NOW_MS - 1}`),
    "cursor_corrupt",
    /damaged or changed/,
  ],
  ["of a newer version", edited('"version": 1', '"version": 2'), "cursor_newer", /has version 2, this program knows 1/],
])("a file that is %s is refused, and says why", (_, text, code, message) => {
  expect(() => decodeExport(text)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
});

test("white space and the order of members do not damage it", () => {
  const { scans, digest, ...rest } = JSON.parse(file());
  expect(decodeExport(JSON.stringify({ digest, scans, ...rest }))).toEqual(decodeExport(file()));
});
