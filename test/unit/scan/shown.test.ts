import fc from "fast-check";
import { expect, test } from "vitest";
import { jobName, newJob } from "../../../src/scan/job.ts";
import { readerKey, type StateEntry } from "../../../src/scan/ledger.ts";
import { contentDigest, decodeShown, encodeShown, type Shown, ShownParts, shownKey } from "../../../src/scan/shown.ts";
import { draftOf, hour } from "./scan-changes.ts";

const shown = fc.record({
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
  content: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
  valueMs: fc.integer({ min: -8.64e15, max: 8.64e15 }),
  text: fc.string({ maxLength: 60 }),
});

function partsOf(all: readonly Shown[]): readonly Buffer[] {
  const parts = new ShownParts();
  for (const each of all) parts.add(each);
  return parts.close();
}

test("what a page shows is read back as it was, in its order", () => {
  fc.assert(
    fc.property(fc.array(shown, { maxLength: 50 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (all, number) => {
      const [body = Buffer.alloc(0)] = partsOf(all);
      expect(decodeShown(encodeShown(number, body), "here")).toEqual({ number, shown: all });
    }),
  );
});

test("a page of any size makes records that a topic takes, whatever its ids are", () => {
  const long = { id: Buffer.alloc(16, 1), content: contentDigest(Buffer.from("x")), valueMs: 1, text: "é".repeat(900) };
  const parts = partsOf(Array.from({ length: 5_001 }, () => long));
  expect(parts).toHaveLength(3);
  for (const part of parts) expect(part.length).toBeLessThan(500_000);
  const read = parts.map((part) => decodeShown(encodeShown(0, part), "here").shown.length);
  expect(read).toEqual([2_000, 2_000, 1_001]);
});

test("a damaged record, and one of a newer version, is said to be that", () => {
  const whole = encodeShown(
    0,
    partsOf([{ id: Buffer.alloc(16), content: Buffer.alloc(8), valueMs: 1, text: "abc" }])[0]!,
  );
  expect(() => decodeShown(whole.subarray(0, -1), "scan all")).toThrow(
    "scan all: what the API showed is cut off at byte 5",
  );
  expect(() => decodeShown(Buffer.from([2, 0, 0, 0, 0]), "scan all")).toThrow("version 2, this program knows 1");
  expect(() => decodeShown(Buffer.alloc(0), "scan all")).toThrow("version undefined");
});

test("what a verify job is shown is numbered from page to page, counted in its record, and gone with it", () => {
  const job = newJob({ origin: "verify", order: "asc", whole: { fromMs: hour(-9), untilMs: hour(-8) - 1 } });
  const name = jobName(job);
  const numbers = (state: readonly StateEntry[]) =>
    state
      .filter(({ key }) => key === shownKey("all", name))
      .map(({ value }) => (value === null ? null : decodeShown(Buffer.from(value), "test").number));
  const first = draftOf({ jobs: [job] });
  first.tell(name, [Buffer.alloc(0), Buffer.alloc(0)]);
  expect(numbers(first.state())).toEqual([0, 1]);
  const told = first.jobs.get(name)!;
  expect(told.verify).toMatchObject({ told: 2 });
  const last = draftOf({ jobs: [told] });
  last.tell(name, [Buffer.alloc(0)]);
  last.setJob(name, null);
  const state = last.state();
  expect(numbers(state)).toEqual([2, null]);
  // Whoever follows the job hears of nothing behind its end.
  expect(state.at(-1)).toEqual({ key: readerKey("all", name), value: null });
});
