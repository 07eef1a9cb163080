import { expect, test } from "vitest";
import { idHash } from "../../../src/scan/digest.ts";
import { encodeJob, newJob } from "../../../src/scan/job.ts";
import { chunkKey, ledgerKey, readerKey } from "../../../src/scan/ledger.ts";
import { restoreState, type ScanIdentity } from "../../../src/scan/state.ts";
import { cursorAt, HOUR_MS, NOW_MS } from "./cursors.ts";
import { add, adding, change, ids, newSlices } from "./slice-changes.ts";
import { identity, recordsOf } from "./state-records.ts";

/** Two slices: the earlier forgotten, the later with 300 ids. */
function written(): Map<string, string | Buffer | null> {
  const slices = newSlices();
  const records = new Map<string, string | Buffer | null>();
  const changes = [
    add(slices, adding(NOW_MS - HOUR_MS, [idHash("old")])),
    change(slices, (draft) => draft.forget(NOW_MS - HOUR_MS)),
    add(slices, adding(NOW_MS, ids(0, 300))),
  ];
  for (const { key, value } of changes.flat()) records.set(key, value);
  return records;
}

const restore = (records: Map<string, Buffer>, more: Partial<ScanIdentity> = {}) =>
  restoreState({ ...identity, ...more }, records);

test("a scan without records begins anew, whatever other scans have", () => {
  expect(restore(recordsOf(new Map(), null))).toBeNull();
  expect(restore(recordsOf(written(), null), { scan: "other" })).toBeNull();
});

test("remembered slices come back with their ids, forgotten ones without", () => {
  const slices = restore(recordsOf(written()))?.slices;
  expect(slices?.ids).toBe(300);
  expect(slices?.has(idHash("id 299"))).toBe(true);
  expect(slices?.has(idHash("old"))).toBe(false);
});

test("a scan's jobs come back by their names, and no other scan's", () => {
  const job = newJob({ origin: "backfill", order: "desc", whole: { fromMs: 1, untilMs: 9 } });
  const records = recordsOf(written());
  records.set(readerKey("all", "backfill/x"), Buffer.from(encodeJob(job)));
  records.set(readerKey("other", "backfill/y"), Buffer.from(encodeJob(job)));
  expect(restore(records)?.jobs).toEqual(new Map([["backfill/x", job]]));
});

test("until the cursor field is decided there are no slices", () => {
  expect(restore(recordsOf(new Map(), cursorAt({ cursorField: null })))).toMatchObject({
    slices: { field: "created", ids: 0 },
  });
});

test("slices of the other time, from before an operator's change, are passed over", () => {
  expect(restore(recordsOf(written(), cursorAt({ cursorField: "date" })))?.slices?.ids).toBe(0);
});

test("the field that is configured may be the one that auto had decided", () => {
  expect(restore(recordsOf(written()), { cursorField: "created" })).not.toBeNull();
});

test.each<[string, Partial<ScanIdentity>, string]>([
  ["another tenant", { tenant: "fabrikam" }, "belongs to tenant contoso, the configuration says fabrikam"],
  ["other filters", { filters: { service: { eq: [1] } } }, "filters are not those"],
  ["another cursor field", { cursorField: "date" }, "moves along created, the configuration says cursorField: date"],
])("a cursor with %s is foreign, and its error says what to do", (_, more, message) => {
  const run = () => restore(recordsOf(written()), more);
  expect(run).toThrow(expect.objectContaining({ code: "cursor_foreign", disposition: "fatal" }));
  expect(run).toThrow(message);
  expect(run).toThrow("give the scan a new name");
});

type Records = Map<string, Buffer>;
const ledger = ledgerKey("all", "created", NOW_MS);
const chunk = (at: number) => chunkKey("all", "created", NOW_MS, at);

test.each<[string, (records: Records) => unknown]>([
  ["whose cursor is gone while slices are there", (records) => records.delete('{"scan":"all","reader":"tail"}')],
  ["without a chunk", (records) => records.delete(chunk(0))],
  ["without the last chunk", (records) => records.delete(chunk(1))],
  ["without any of a slice's chunks", (records) => records.delete(chunk(0)) && records.delete(chunk(1))],
  ["without a ledger", (records) => records.delete(ledger)],
  ["with one id too many", (records) => records.set(chunk(2), idHash("more"))],
  ["with another id", (records) => records.get(chunk(0))?.writeUInt8(records.get(chunk(0))![0]! ^ 1, 0)],
  [
    "with bytes after the last id",
    (records) => records.set(chunk(1), Buffer.concat([records.get(chunk(1))!, Buffer.of(1)])),
  ],
  ["with a job that is garbage", (records) => records.set(readerKey("all", "backfill/x"), Buffer.from("garbage"))],
  ["with a ledger that is garbage", (records) => records.set(ledger, Buffer.from("garbage"))],
])("state %s is corrupt and never a fresh start", (_, damage) => {
  const records = recordsOf(written());
  damage(records);
  expect(() => restore(records)).toThrow(expect.objectContaining({ code: "cursor_corrupt", disposition: "fatal" }));
});
