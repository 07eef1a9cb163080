import { expect, test } from "vitest";
import { decodeCursor } from "../../../src/scan/cursor.ts";
import { EMPTY_DIGEST, idHash, mixed } from "../../../src/scan/digest.ts";
import { decodeJob, jobName } from "../../../src/scan/job.ts";
import { cursorKey, type Gap, readerKey } from "../../../src/scan/ledger.ts";
import { coveredAt } from "../../../src/scan/lookback.ts";
import { ScanDraft } from "../../../src/scan/scan-draft.ts";
import type { Slices } from "../../../src/scan/slices.ts";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import { cursorAt, HOUR_MS, NOW_MS, passAt } from "./cursors.ts";
import {
  DAY_MS,
  draftOf,
  hour,
  LONG_AGO_MS,
  lookback,
  owed,
  range,
  rememberedAfter,
  slicesAt,
  stall,
  tidied,
} from "./scan-changes.ts";
import { add, adding, change, ids, newSlices } from "./slice-changes.ts";

const FEW = { activities: 1, limit: 500 };
const NONE = { activities: 0, limit: 500 };

test("a change is the cursor first, one revision on, then the slices, then the jobs it touched", () => {
  const kept = range(hour(-9), hour(-8) - 1);
  const gone = range(hour(-8), hour(-7) - 1);
  const draft = draftOf({ jobs: [kept, gone] });
  const added = lookback({ fromMs: hour(-9), untilMs: hour(-8) - 1 });
  draft.setReader("lookback/24h", added);
  draft.setJob(jobName(gone), null);
  draft.openGap(stall(NOW_MS));
  const state = draft.state();
  expect(state.map(({ key }) => key)).toEqual([
    cursorKey("all"),
    expect.stringContaining("slice"),
    readerKey("all", "lookback/24h"),
    readerKey("all", jobName(gone)),
  ]);
  expect(decodeCursor(Buffer.from(state[0]?.value ?? ""), "test")).toEqual(draft.cursor);
  expect(draft.cursor.revision).toBe(1);
  expect(decodeJob(Buffer.from(state[2]?.value ?? ""), "test")).toEqual(added);
  expect(state[3]?.value).toBeNull();
  expect(draft.apply().jobs).toEqual(
    new Map([
      [jobName(kept), kept],
      ["lookback/24h", added],
    ]),
  );
});

test("a page's counts are added to the cursor, to its reader and to the slices, its ids to the digest", () => {
  const job = range(hour(-9), hour(-8) - 1);
  const slices = newSlices();
  const draft = draftOf({ jobs: [job], slices });
  const page = { read: 9, published: 2, duplicates: 3, deadLettered: 1, outsideMemory: 3 };
  for (let times = 0; times < 2; times++) draft.count(jobName(job), page, [adding(hour(-9), ids(times * 3, 3))]);
  const twice = { read: 18, published: 4, duplicates: 6, deadLettered: 2 };
  expect(draft.cursor.counts).toMatchObject({ ...twice, outsideMemory: 6 });
  expect(draft.jobs.get(jobName(job))?.counts).toMatchObject(twice);
  expect(draft.cursor.digest).toBe(mixed(EMPTY_DIGEST, ids(0, 6)));
  expect(slices.ids).toBe(0);
  expect(draft.apply().slices?.ids).toBe(6);
});

test("nothing of the state before is changed by a draft that is not applied", () => {
  const slices = slicesAt(-3);
  const before = { cursor: cursorAt({ positionMs: NOW_MS + OVERLAP_MS }), jobs: new Map(), slices };
  const draft = new ScanDraft("all", before);
  draft.setJob("x", range(hour(-9), hour(-8)));
  draft.count("tail", { read: 1, published: 1, duplicates: 0, deadLettered: 0, outsideMemory: 0 }, []);
  draft.tidy(NOW_MS);
  draft.state();
  expect([before.jobs.size, before.cursor.counts.read, before.cursor.revision]).toEqual([0, 0, 0]);
  expect(slices.has(idHash("id -30"))).toBe(true);
});

test("a completed pass closes the gaps that it has read and covers at each age what was that old", () => {
  const slices = slicesAt(-3);
  change(slices, (draft) => draft.openGap(stall(hour(-3) + 9)));
  const draft = draftOf({ cursor: owed(), slices });
  const pass = passAt({ baseMs: hour(-3), reachMs: hour(-2) - 1, serverStartMs: hour(-2) + DAY_MS });
  draft.endPass("tail", { pass, lastPage: FEW });
  expect(draft.closed).toEqual([stall(hour(-3) + 9)]);
  expect(coveredAt(draft.cursor, DAY_MS)).toEqual([{ fromMs: hour(-3), untilMs: hour(-2) }]);
});

test("a range job that is done is taken away with the end of its last pass; a lookback stays", () => {
  const done = range(hour(-9), hour(-8) - 1, { untilMs: hour(-9) - 1 });
  const whole = { fromMs: hour(-9), untilMs: hour(-8) - 1 };
  const step = lookback(whole, { fromMs: hour(-8) });
  const draft = draftOf({ jobs: [done, step] });
  for (const job of [done, step]) draft.endPass(jobName(job), { pass: passAt(), lastPage: FEW });
  expect([...draft.jobs.keys()]).toEqual(["lookback/24h"]);
});

test("a doubtful end of a job's pass is a gap over what was asked, closes none, and is not asked for ever", () => {
  const slices = slicesAt(-9);
  change(slices, (draft) => draft.openGap(stall(hour(-9) + 9)));
  const whole = { fromMs: hour(-9), untilMs: hour(-8) - 1 };
  const step = lookback(whole);
  const draft = draftOf({ cursor: owed(), jobs: [step], slices });
  const pass = passAt({ baseMs: whole.fromMs, reachMs: whole.untilMs, doubtful: true, serverStartMs: NOW_MS });
  draft.endPass(jobName(step), { pass, lastPage: NONE });
  expect([draft.closed, draft.opensGaps]).toEqual([[], true]);
  expect(coveredAt(draft.cursor, DAY_MS)).toEqual([{ fromMs: hour(-9), untilMs: hour(-8) }]);
  expect(draft.apply().slices?.ledgerOf(hour(-9)).gaps).toEqual([
    stall(hour(-9) + 9),
    { ...whole, reason: "doubtful" },
  ]);
});

test("a doubtful end of the tail's pass is a gap only where no lookback asks for it again", () => {
  const pass = passAt({ doubtful: true, baseMs: hour(-3), reachMs: hour(-2) });
  const [alone, looking] = [draftOf(), draftOf({ cursor: owed() })];
  for (const draft of [alone, looking]) draft.endPass("tail", { pass, lastPage: NONE });
  expect([alone.opensGaps, looking.opensGaps]).toEqual([true, false]);
  expect(coveredAt(looking.cursor, DAY_MS)).toEqual([]);
});

test("without lookbacks a slice is settled and forgotten as soon as the tail has left it behind, and not before", () => {
  const slices = slicesAt(-2, -1, 0);
  expect(tidied({ cursor: { positionMs: NOW_MS + OVERLAP_MS - 1 }, slices }, NOW_MS + 7)).toEqual([-1, 0]);
  expect(slices.ledgerOf(hour(-2))).toMatchObject({ remembered: false, settledMs: NOW_MS + 7, ids: 2 });
  expect(slices.ledgerOf(hour(-1))).toMatchObject({ remembered: true, settledMs: null });
  const pass = passAt({ baseMs: hour(-1), fromMs: NOW_MS });
  expect(tidied({ cursor: { pass }, slices: slicesAt(-2, -1) })).toEqual([-1]);
});

test("with lookbacks a slice is forgotten once the last age covers all of it", () => {
  const slices = slicesAt(-5, -4, -3);
  const covered = { fromMs: LONG_AGO_MS, untilMs: hour(-3) - 1 };
  expect(tidied({ cursor: owed(covered), slices })).toEqual([-4, -3]);
  expect(tidied({ cursor: owed(), slices: slicesAt(-5) })).toEqual([-5]);
});

test("a slice with a gap keeps its ids, to close it", () => {
  const slices = slicesAt(-5, -4);
  change(slices, (draft) => draft.openGap(stall(hour(-5))));
  expect(tidied({ slices })).toEqual([-5]);
  expect(slices.ledgerOf(hour(-5)).settledMs).toBeNull();
});

test("a gap that the same change opens or closes counts", () => {
  const opening = draftOf({ slices: slicesAt(-5) });
  opening.openGap(stall(hour(-5)));
  opening.tidy(NOW_MS);
  expect(rememberedAfter(opening)).toEqual([-5]);
  const slices = slicesAt(-5);
  change(slices, (draft) => draft.openGap(stall(hour(-5))));
  const closing = draftOf({ slices });
  closing.endPass("tail", { pass: passAt({ baseMs: hour(-5), reachMs: hour(-4) }), lastPage: FEW });
  closing.tidy(NOW_MS);
  expect(rememberedAfter(closing)).toEqual([]);
});

test("what a range job has still to read is remembered, paused or not, and what a pass of any reader may ask again", () => {
  const job = range(hour(-4), hour(-3) - 1);
  expect(tidied({ jobs: [job], slices: slicesAt(-5, -4, -3) })).toEqual([-4]);
  expect(tidied({ jobs: [{ ...job, paused: true }], slices: slicesAt(-5, -4, -3) })).toEqual([-4]);
  const pass = passAt({ baseMs: hour(-4), reachMs: hour(-3) - 1 });
  const whole = { fromMs: hour(-4), untilMs: hour(-3) - 1 };
  expect(tidied({ jobs: [range(hour(-4), hour(-2) - 1, { pass })], slices: slicesAt(-5, -4, -3, -2) })).toEqual([
    -4, -3,
  ]);
  expect(tidied({ jobs: [lookback(whole, { pass })], slices: slicesAt(-5, -4, -3) })).toEqual([-4]);
  expect(tidied({ jobs: [lookback(whole)], slices: slicesAt(-5, -4, -3) })).toEqual([]);
});

test("at most eight slices are forgotten in one change, the oldest first", () => {
  const hours = Array.from({ length: 12 }, (_, at) => at - 20);
  expect(tidied({ slices: slicesAt(...hours) })).toEqual(hours.slice(8));
});

test("for want of memory the oldest slice is forgotten, what is owed there is refused, and that is a gap", () => {
  const slices = slicesAt(-5, -4);
  const draft = draftOf({ cursor: owed(), slices });
  expect(draft.forgetOldest(NOW_MS)).toBe(true);
  const stretch = { fromMs: hour(-5), untilMs: hour(-4) };
  expect(coveredAt(draft.cursor, DAY_MS)).toEqual([stretch]);
  expect(rememberedAfter(draft)).toEqual([-4]);
  expect(slices.ledgerOf(hour(-5))).toMatchObject({
    remembered: false,
    settledMs: null,
    gaps: [{ fromMs: hour(-5), untilMs: hour(-4) - 1, reason: "memory" }],
  });
});

test("where nothing is owed any more, forgetting for want of memory is no gap", () => {
  const slices = slicesAt(-5);
  const draft = draftOf({ cursor: owed({ fromMs: LONG_AGO_MS, untilMs: NOW_MS }), slices });
  expect(draft.forgetOldest(NOW_MS)).toBe(true);
  expect(rememberedAfter(draft)).toEqual([]);
  expect(slices.openGaps).toBe(0);
});

test("what is too young, or still to be read, is not forgotten even for want of memory", () => {
  expect(draftOf({ slices: slicesAt(-5) }).forgetOldest(hour(-4) - 1)).toBe(false);
  expect(draftOf({ slices: slicesAt(-5) }).forgetOldest(hour(-4))).toBe(true);
  expect(draftOf({ slices: slicesAt(0) }).forgetOldest(hour(9))).toBe(false);
  expect(draftOf({ slices: slicesAt(-5), jobs: [range(hour(-5), hour(-4) - 1)] }).forgetOldest(NOW_MS)).toBe(false);
});

/** Slices with two ids each that were forgotten, at these hours from `NOW_MS`. */
function forgottenAt(...hours: readonly number[]): Slices {
  const slices = slicesAt(...hours);
  for (const each of hours) change(slices, (draft) => draft.forget(hour(each)));
  return slices;
}
const ledgersAfter = (draft: ScanDraft) =>
  (draft.apply().slices?.ledgers ?? []).map(([sliceMs]) => (sliceMs - NOW_MS) / HOUR_MS);
const KEPT_HOURS = 30 * 24;

test("ledgers are folded into the cursor thirty days after their slice has ended, and what they counted is kept", () => {
  const slices = forgottenAt(-KEPT_HOURS - 3, -KEPT_HOURS - 1, -KEPT_HOURS);
  add(slices, adding(hour(-KEPT_HOURS - 3), ids(500, 3), { deadLettered: 1 }));
  const draft = draftOf({ slices });
  draft.tidy(NOW_MS);
  expect(draft.cursor.folded).toEqual({
    fromMs: hour(-KEPT_HOURS - 3),
    untilMs: hour(-KEPT_HOURS),
    published: 6,
    deadLettered: 1,
  });
  expect(ledgersAfter(draft)).toEqual([-KEPT_HOURS]);
});

test("ledgers whose ids are remembered, or that have a gap or a mismatch, are not folded; of others at most fifty at once", () => {
  const old = -KEPT_HOURS - 9;
  const withGap = forgottenAt(old);
  change(withGap, (draft) => draft.openGap(stall(hour(old))));
  const pending = [range(hour(old - 9), hour(old + 9))];
  const unlike = forgottenAt(old);
  change(
    unlike,
    (draft) => void draft.verify(hour(old), { atMs: NOW_MS, ids: 9, digest: "1".repeat(32), equal: false }),
  );
  for (const given of [{ slices: withGap }, { slices: unlike }, { slices: slicesAt(old), jobs: pending }]) {
    const draft = draftOf(given);
    draft.tidy(NOW_MS);
    expect(draft.cursor.folded).toBeNull();
    expect(ledgersAfter(draft)).toEqual([old]);
  }
  const many = draftOf({ slices: forgottenAt(...Array.from({ length: 60 }, (_, at) => at - KEPT_HOURS - 80)) });
  many.tidy(NOW_MS);
  expect(ledgersAfter(many)).toHaveLength(10);
});

test("a gap that the same change opens in an old slice is not lost with its ledger", () => {
  const old = -KEPT_HOURS - 9;
  const gap: Gap = { fromMs: hour(old), untilMs: hour(old), reason: "outside_memory" };
  const draft = draftOf({ slices: forgottenAt(old) });
  draft.openGap(gap);
  draft.tidy(NOW_MS);
  expect(draft.apply().slices?.ledgerOf(hour(old)).gaps).toEqual([gap]);
});

test("what the same change published in an old slice is counted among what is folded", () => {
  const old = -KEPT_HOURS - 9;
  const draft = draftOf({ slices: forgottenAt(old) });
  const page = { read: 3, published: 3, duplicates: 0, deadLettered: 0, outsideMemory: 0 };
  draft.count("tail", page, [adding(hour(old), ids(900, 3))]);
  draft.tidy(NOW_MS);
  const { slices, cursor } = draft.apply();
  const ledgers = (slices?.ledgers ?? []).reduce((sum, [, ledger]) => sum + ledger.published, 0);
  expect((cursor.folded?.published ?? 0) + ledgers).toBe(5);
});

test("what is folded never covers what a job has still to read: that was not published yet", () => {
  const [before, after] = [-KEPT_HOURS - 20, -KEPT_HOURS - 5];
  const job = range(hour(-KEPT_HOURS - 15), hour(-KEPT_HOURS - 10) - 1);
  const draft = draftOf({ slices: forgottenAt(before, after), jobs: [job] });
  draft.tidy(NOW_MS);
  const { folded } = draft.cursor;
  const isOver = folded !== null && folded.fromMs <= job.untilMs && folded.untilMs > job.fromMs;
  expect(isOver).toBe(false);
});
