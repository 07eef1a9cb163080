import { expect, test } from "vitest";
import type { Cursor } from "../../../src/scan/cursor.ts";
import { foldPage, foldRefused, notHonoured, type PageFacts, pagedOtherwise } from "../../../src/scan/fold.ts";
import { newJob, openJobPass } from "../../../src/scan/job.ts";
import { askedBounds, askOf } from "../../../src/scan/pass.ts";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import { after, ask, cursorAt, facts, HOUR_MS, middle, NOW_MS, passAt, QUERY } from "./cursors.ts";

const fold = (cursor: Cursor, page: PageFacts) => foldPage(cursor, ask(cursor), page);
const kinds = (cursor: Cursor, page: PageFacts) => fold(cursor, page).anomalies.map((anomaly) => anomaly.kind);
const next = (atMs: number) => ({ created: { gte: atMs } });
/** Where the cursor's next request begins and ends. */
const asked = (cursor: Cursor) => askedBounds(cursor.pass!);

test("a page with more to come leaves the position and keeps the next filters as they came", () => {
  const nextFilters = '{ "created" : {"gte": 1795424400500} }';
  const cursor = after(cursorAt(), middle({}, { nextFilters, highestMs: NOW_MS + 400 }));
  expect(cursor.positionMs).toBe(NOW_MS);
  expect(cursor.pass).toMatchObject({ nextFilters, pages: 1, highestMs: NOW_MS + 400 });
});

/** What becomes of a cursor whose pass is asked for when the server's clock shows `askedMs`, by our estimate. */
const afterAskedAt = (askedMs: number, first: PageFacts, ...pages: readonly PageFacts[]) =>
  after(foldPage(cursorAt(), ask(cursorAt(), askedMs), first).reader, ...pages);

test("a pass ends with its last page: the position is the highest value of all its pages", () => {
  const high = middle(next(NOW_MS + 500), { highestMs: NOW_MS + 900, serverNowMs: NOW_MS + 1_000 });
  const last = fold(afterAskedAt(NOW_MS + 1_000, high), facts({ highestMs: NOW_MS + 600 }));
  expect(last.reader).toMatchObject({ positionMs: NOW_MS + 900, pass: null, counts: { passes: 1, pages: 2 } });
  expect(last.ended).toMatchObject({
    pass: { pages: 2, highestMs: NOW_MS + 900 },
    lastPage: { activities: 1, limit: QUERY.limit },
  });
});

test.each([
  ["the answer's, where our estimate is ahead of it", NOW_MS + 5_000, NOW_MS + 1_000],
  ["our estimate, where the answer's is ahead of it", NOW_MS + 1_000, NOW_MS + 5_000],
])(
  "the server's time at the pass's first page bounds the position, not that of its later pages: %s",
  (_, askedMs, serverNowMs) => {
    const last = facts({ highestMs: NOW_MS + 9_000, serverNowMs: NOW_MS + 10_000 });
    const cursor = afterAskedAt(askedMs, middle(next(NOW_MS + 500), { serverNowMs }), last);
    expect(cursor).toMatchObject({ positionMs: NOW_MS + 1_000, caughtUpMs: NOW_MS + 1_000 });
  },
);

test("a pass that goes on has not ended, and one that is left has not either", () => {
  expect(fold(cursorAt(), middle(next(NOW_MS + 500))).ended).toBeNull();
  const refused = foldRefused(cursorAt(), ask(cursorAt()), NOW_MS);
  expect(refused).toMatchObject({ ended: null, stuck: false });
});

test("a job's page moves the job by its own span and leaves nothing else of it changed", () => {
  const whole = { fromMs: NOW_MS - 9 * HOUR_MS, untilMs: NOW_MS - 1 };
  const job = newJob({ origin: "backfill", order: "desc", whole });
  const asked = askOf(openJobPass(job, "asc", NOW_MS), "created", QUERY);
  const value = NOW_MS - 1_000;
  const onward = foldPage(job, asked, middle(next(value), { lowestMs: value - 9, highestMs: value }));
  expect(onward.reader).toEqual({ ...job, pass: onward.reader.pass, counts: { ...job.counts, pages: 1 } });
  const done = foldPage(onward.reader, askOf(onward.reader.pass!, "created", QUERY), facts({ highestMs: value }));
  expect(done.reader).toMatchObject({ fromMs: whole.fromMs, untilMs: NOW_MS - HOUR_MS - 1, pass: null });
  expect(done.reader.counts).toMatchObject({ passes: 1, pages: 2 });
  expect(done.ended?.pass).toMatchObject({ baseMs: NOW_MS - HOUR_MS, reachMs: NOW_MS - 1 });
});

test("an order that is not the asked one is told, and changes nothing", () => {
  expect(kinds(cursorAt(), facts({ disordered: true }))).toEqual(["order_not_honoured"]);
  const descending = fold(cursorAt({ pass: passAt({ direction: "desc" }) }), facts({ disordered: true }));
  expect(descending.anomalies.map(({ detail }) => detail)).toEqual([expect.stringContaining("not descending")]);
  expect(after(cursorAt(), facts({ disordered: true }))).toEqual(after(cursorAt(), facts()));
});

test("an empty page with more to come is told and followed", () => {
  const empty = middle(next(NOW_MS + 500), { activities: 0, lowestMs: null, highestMs: null });
  expect(kinds(cursorAt(), empty)).toEqual(["empty_page_with_next"]);
  expect(ask(after(cursorAt(), empty)).request.filters).toContain(`"gte":${NOW_MS + 500}`);
});

const nothing = (total: number) => facts({ activities: 0, lowestMs: null, highestMs: null, total });

test("an empty pass ends at once where total is none", () => {
  expect(after(cursorAt(), nothing(0)).pass).toBeNull();
});

test("an empty last page against its own total is asked once more, a millisecond beyond its bound, and then believed", () => {
  const cursor = after(cursorAt(), nothing(3));
  expect(asked(cursor).fromMs).toBe(NOW_MS - OVERLAP_MS - 1);
  expect(after(cursor, nothing(3)).pass).toBeNull();
  expect(kinds(cursorAt(), nothing(3))).toEqual(["empty_page_with_total"]);
  expect(kinds(cursor, nothing(3))).toEqual(["empty_page_with_total"]);
});

test("a pass is doubtful by a last page that showed nothing even after its nudge, and by such a page of any part", () => {
  const end = (...pages: PageFacts[]) => fold(after(cursorAt(), ...pages.slice(0, -1)), pages.at(-1)!).ended?.pass;
  expect(end(nothing(3), nothing(3))?.doubtful).toBe(true);
  expect(end(nothing(3), facts({ total: 3 }))?.doubtful).toBe(false);
  expect(end(nothing(0))?.doubtful).toBe(false);
  const split = cursorAt({ pass: passAt({ fromMs: 0, untilMs: 1_000, reachMs: 1_000, splits: [500] }) });
  const rest = after(split, nothing(3), nothing(3));
  expect(asked(rest)).toEqual({ fromMs: 502, untilMs: 1_000 });
  expect(fold(rest, facts()).ended?.pass.doubtful).toBe(true);
});

test("a bounded pass, or a part of one, is nudged at both of its bounds", () => {
  const bounded = cursorAt({ pass: passAt({ untilMs: NOW_MS + 100, reachMs: NOW_MS + 100 }) });
  expect(asked(after(bounded, nothing(3)))).toEqual({ fromMs: NOW_MS - OVERLAP_MS - 1, untilMs: NOW_MS + 101 });
  const part = cursorAt({ pass: passAt({ splits: [NOW_MS + 50] }) });
  expect(asked(after(part, nothing(3)))).toEqual({ fromMs: NOW_MS - OVERLAP_MS - 1, untilMs: NOW_MS + 51 });
});

test("the nudge goes from where the pass stands, and again after each page that showed something", () => {
  const to = (atMs: number) => middle(next(atMs), { highestMs: atMs - 1 });
  let cursor = after(cursorAt(), to(NOW_MS + 500), nothing(3));
  expect(asked(cursor).fromMs).toBe(NOW_MS + 499);
  cursor = after(cursor, to(NOW_MS + 700), nothing(2));
  expect(asked(cursor).fromMs).toBe(NOW_MS + 699);
});

test("where next filters do not tell their bound, what they would have shown is asked for by time", () => {
  const cursor = after(cursorAt(), middle({ cursor: "opaque" }, { serverNowMs: NOW_MS + 5_000 }), nothing(3));
  expect(kinds(after(cursorAt(), middle({ cursor: "opaque" })), nothing(3))).toEqual(["empty_page_with_total"]);
  expect(asked(cursor)).toEqual({ fromMs: NOW_MS - OVERLAP_MS, untilMs: expect.any(Number) });
  expect(after(cursor, nothing(0))).toMatchObject({ pass: { splits: [], nextFilters: null } });
});

test("where the order is descending the nudge raises the upper bound", () => {
  const cursor = after(cursorAt(), middle({ created: { lte: NOW_MS + 500 } }), nothing(3));
  expect(asked(cursor)).toEqual({ fromMs: NOW_MS - OVERLAP_MS, untilMs: NOW_MS + 501 });
});

test("an empty page in the first part of a split pass, in descending order, leaves the rest of the pass to be read", () => {
  const split = passAt({ fromMs: 0, untilMs: 1_000, reachMs: 1_000, splits: [500] });
  const page = middle({ created: { lte: 300 } }, { lowestMs: 301, highestMs: 450 });
  const nudged = after(cursorAt({ pass: split }), page, nothing(3));
  expect(asked(nudged)).toEqual({ fromMs: 0, untilMs: 301 });
  const halved = after(nudged, nothing(3));
  expect(asked(halved)).toEqual({ fromMs: 0, untilMs: 150 });
  expect(asked(after(halved, facts()))).toEqual({ fromMs: 151, untilMs: 301 });
  expect(asked(after(halved, facts(), facts()))).toEqual({ fromMs: 302, untilMs: 1_000 });
});

/** A page full of one instant, whose next filters stand there. */
const crowd = (atMs: number, bound: object = { gte: atMs }) =>
  middle({ created: bound }, { activities: 500, lowestMs: atMs, highestMs: atMs });

/** What becomes of a cursor by the same page again and again, until it opens a gap. */
function untilGap(cursor: Cursor, page: PageFacts) {
  let at = cursor;
  for (let pages = 1; pages < 60; pages++) {
    const done = fold(at, page);
    if (done.gap !== null) return { ...done, pages };
    at = done.reader;
  }
  throw new Error("no gap");
}

test("an instant larger than a page is asked again twice, then becomes a gap, and the pass goes on beyond it", () => {
  const { gap, pages, reader: cursor, anomalies } = untilGap(cursorAt(), crowd(NOW_MS + 7));
  expect(gap).toEqual({ fromMs: NOW_MS + 7, untilMs: NOW_MS + 7, reason: "stall" });
  expect(pages).toBe(4);
  expect(asked(cursor)).toEqual({ fromMs: NOW_MS + 8, untilMs: null });
  expect(anomalies.map((anomaly) => anomaly.kind)).toEqual(["stall"]);
});

test("where the order is descending the pass goes on below the instant", () => {
  const { gap, reader: cursor } = untilGap(cursorAt(), crowd(NOW_MS + 7, { lte: NOW_MS + 7 }));
  expect(gap?.fromMs).toBe(NOW_MS + 7);
  expect(asked(cursor)).toEqual({ fromMs: NOW_MS - OVERLAP_MS, untilMs: NOW_MS + 6 });
});

test("of overfull instants side by side in descending order each becomes a gap, the pass's upper bound too", () => {
  const { reader: cursor } = untilGap(cursorAt(), crowd(NOW_MS + 7, { lte: NOW_MS + 7 }));
  const own = { gte: NOW_MS - OVERLAP_MS, lte: NOW_MS + 6 };
  const { gap, reader: beyond } = untilGap(cursor, crowd(NOW_MS + 6, own));
  expect(gap?.fromMs).toBe(NOW_MS + 6);
  expect(asked(beyond).untilMs).toBe(NOW_MS + 5);
});

test("an overfull instant at the very end of a span ends the pass", () => {
  const cursor = cursorAt({ pass: passAt({ untilMs: NOW_MS + 7, reachMs: NOW_MS + 7 }) });
  const done = untilGap(cursor, crowd(NOW_MS + 7, { gte: NOW_MS + 7, lte: NOW_MS + 7 }));
  expect(done).toMatchObject({ gap: { fromMs: NOW_MS + 7 }, reader: { pass: null } });
  expect(done.ended?.pass.passedBy).toEqual([NOW_MS + 7]);
});

test("three instants in a row that show nothing at all make the pass be left, with the position where it was", () => {
  const empty = (cursor: Cursor) => {
    const { fromMs } = cursor.pass === null ? { fromMs: 0 } : asked(cursor);
    return middle(next(fromMs), { activities: 0, lowestMs: null, highestMs: null });
  };
  let cursor = cursorAt({ pass: passAt({ fromMs: NOW_MS, untilMs: NOW_MS + 9 }) });
  const gaps: number[] = [];
  for (let pages = 0; ; pages++) {
    if (pages > 200) throw new Error("no end");
    const done = fold(cursor, empty(cursor));
    cursor = done.reader;
    if (done.gap !== null) gaps.push(done.gap.fromMs);
    if (done.stuck) break;
  }
  expect(gaps).toHaveLength(3);
  expect(cursor).toMatchObject({ pass: null, positionMs: NOW_MS });
});

test("a page that shows more than one instant and leads nowhere is read by half of the time", () => {
  const pass = passAt({ fromMs: 0, untilMs: 1_000 });
  const page = middle({ cursor: "same" }, { lowestMs: 10, highestMs: 900 });
  let cursor = cursorAt({ pass });
  for (let pages = 0; cursor.pass?.splits.length === 0; pages++) {
    if (pages > 4) throw new Error("no split");
    cursor = after(cursor, page);
  }
  expect(asked(cursor)).toEqual({ fromMs: 0, untilMs: 500 });
  expect(asked(after(cursor, facts()))).toEqual({ fromMs: 501, untilMs: 1_000 });
});

test("time is halved up to what is known to be there, though it lies in the future", () => {
  const page = middle({ date: { gte: 1 } }, { highestMs: NOW_MS + 2 * HOUR_MS });
  expect(asked(after(cursorAt({ pass: passAt({ fromMs: NOW_MS }) }), page)).untilMs).toBe(NOW_MS + HOUR_MS);
});

test("all the parts of a pass that had to be halved cover it without a hole, down to single instants", () => {
  const covered: [number, number][] = [];
  let cursor = cursorAt({ pass: passAt({ fromMs: 0, untilMs: 13, reachMs: 13 }) });
  for (let pages = 0; cursor.pass !== null; pages++) {
    if (pages > 200) throw new Error("no end");
    const { fromMs, untilMs } = asked(cursor);
    const one = fromMs === untilMs;
    if (one) covered.push([fromMs, fromMs]);
    cursor = after(cursor, one ? facts({ highestMs: fromMs }) : middle({ date: { gte: 1 } }));
  }
  expect(covered.map(([fromMs]) => fromMs)).toEqual(Array.from({ length: 14 }, (_, at) => at));
});

test("next filters that the API refuses are replaced by half of the time", () => {
  const cursor = after(cursorAt(), middle(next(NOW_MS + 500), { highestMs: NOW_MS + 499 }));
  const refused = foldRefused(cursor, ask(cursor), NOW_MS + 1_000).reader;
  expect(asked(refused)).toEqual({ fromMs: NOW_MS - OVERLAP_MS, untilMs: NOW_MS - 2_000 });
  expect(refused.pass?.nextFilters).toBeNull();
});

test("activities outside the asked bounds show that the cursor field is not honoured", () => {
  const { pass, ...rest } = ask(cursorAt({ pass: passAt({ fromMs: NOW_MS - HOUR_MS, untilMs: NOW_MS }) }));
  expect(notHonoured({ pass, ...rest }, facts({ activities: 9, outOfBounds: 2 }))).toBe(
    "2 of 9 activities lie outside the asked created 2026-11-23T08:00:00.000Z to 2026-11-23T09:00:00.000Z",
  );
  expect(notHonoured({ pass, ...rest }, facts())).toBeNull();
});

test("next filters that bound the other time show that the API pages along it, in whichever shape", () => {
  const at = ask(cursorAt());
  for (const shape of [{ lte: 1 }, { range: [{ start: 1, end: 2 }] }, { gte_ndays: 1 }]) {
    expect(pagedOtherwise(at, middle({ date: shape }))).toContain("nextQueryFilters bound date");
  }
  expect(pagedOtherwise(at, middle(next(NOW_MS)))).toBeNull();
  expect(pagedOtherwise(at, middle({ cursor: "date" }))).toBeNull();
  expect(pagedOtherwise(at, facts())).toBeNull();
});

test("the echo of the scan's own bounds on the other time shows nothing", () => {
  const own = { date: { gte: 5 } };
  const at = { ...ask(cursorAt()), first: { ...own, created: { gte: NOW_MS } } };
  expect(pagedOtherwise(at, middle({ ...own, created: { gte: NOW_MS } }))).toBeNull();
  expect(pagedOtherwise(at, middle({ date: { gte: 6 } }))).not.toBeNull();
});
