import { expect, test } from "vitest";
import type { Cursor } from "../../../src/scan/cursor.ts";
import { foldPage, type PageFacts } from "../../../src/scan/fold.ts";
import { askedBounds } from "../../../src/scan/pass.ts";
import { after, ask, cursorAt, facts, middle, NOW_MS, passAt } from "./cursors.ts";

const asked = (cursor: Cursor) => askedBounds(cursor.pass!);
const fold = (cursor: Cursor, page: PageFacts) => foldPage(cursor, ask(cursor), page);
const NOTHING = { activities: 0, lowestMs: null, highestMs: null };
const more = (bound: object) => middle({ created: bound }, NOTHING);
/** Nothing, though it counts; and nothing more. */
const denied = facts({ ...NOTHING, total: 3 });
const showing = (atMs: number, next: object) => middle({ created: next }, { lowestMs: atMs, highestMs: atMs });

const AT_MS = NOW_MS + 500;
/** A cursor that was led to `AT_MS` by next filters. */
const led = () => after(cursorAt(), showing(NOW_MS, { gte: AT_MS }));
const again = more({ gte: AT_MS });

test("where next filters show nothing again and again, it is asked for once a millisecond before their instant", () => {
  const nudged = after(led(), again, again, again);
  expect(nudged.pass).toMatchObject({ fromMs: AT_MS - 1, nextFilters: null, nudged: true });
  expect(nudged.pass?.stoodAt).toEqual({ atMs: AT_MS, ascending: true });
});

test.each([
  ["the same comes next, and nothing", [again, again, again, again]],
  ["what lies before it, and the same comes next", [showing(AT_MS - 1, { gte: AT_MS }), again, again, again]],
  ["nothing, though it counts", [denied]],
  ["what lies before it, and then nothing, though it counts", [showing(AT_MS - 1, { gte: AT_MS }), denied]],
])("where that shows %s, the instant becomes a gap, and what lies beyond it is asked for", (_, pages) => {
  const nudged = after(led(), again, again, again);
  const { gap, reader } = fold(after(nudged, ...pages.slice(0, -1)), pages.at(-1)!);
  expect(gap).toEqual({ fromMs: AT_MS, untilMs: AT_MS, reason: "stall" });
  expect(asked(reader).fromMs).toBe(AT_MS + 1);
  expect(reader.pass).toMatchObject({ passedBy: [AT_MS], doubtful: false });
});

test("on the way down it is asked for a millisecond above, and what lies below is asked for afterwards", () => {
  const pass = passAt({ fromMs: 0, untilMs: NOW_MS, reachMs: NOW_MS, baseMs: 0, direction: "desc" });
  const down = { lte: 400 };
  const nudged = after(cursorAt({ pass }), showing(900, down), more(down), more(down), more(down));
  expect(asked(nudged)).toEqual({ fromMs: 0, untilMs: 401 });
  const { gap, reader } = fold(nudged, denied);
  expect(gap?.fromMs).toBe(400);
  expect(asked(reader)).toEqual({ fromMs: 0, untilMs: 399 });
});

test("an empty page whose own first filters lead nowhere is nudged at both bounds, and then read by half of the time", () => {
  const pass = passAt({ fromMs: 100, untilMs: 200, reachMs: 200, baseMs: 100 });
  const round = more({ gte: 100, lte: 200 });
  const nudged = after(cursorAt({ pass }), round, round, round);
  expect(asked(nudged)).toEqual({ fromMs: 99, untilMs: 201 });
  expect(asked(after(nudged, more({ gte: 99, lte: 201 })))).toEqual({ fromMs: 99, untilMs: 150 });
});

test("an instant beside what a pass was opened over is passed by without a gap", () => {
  const pass = passAt({ fromMs: 99, untilMs: 99, reachMs: 200, baseMs: 100, splits: [99], repeats: 2 });
  const nudges = { highestMs: 100, lowestMs: null };
  const { gap, reader, anomalies } = fold(
    cursorAt({ pass: { ...pass, untilMs: 201, nudges } }),
    more({ gte: 99, lte: 99 }),
  );
  expect(gap).toBeNull();
  expect(reader.pass).toMatchObject({ fromMs: 100, splits: [], passedBy: [] });
  expect(anomalies.map(({ kind }) => kind)).toContain("stall");
});

test("whatever a tenant says of nothing, a pass comes to an end or is left", () => {
  const answers = [again, denied, more({ lte: 300 }), more({ gte: 300 }), middle({ cursor: "x" }, NOTHING)];
  for (let mix = 0; mix < 5 ** 4; mix++) {
    let cursor = cursorAt({ pass: passAt({ fromMs: 0, untilMs: 9_999, reachMs: 9_999, baseMs: 0 }) });
    for (let pages = 0; cursor.pass !== null; pages++) {
      if (pages > 2_000) throw new Error(`no end with ${mix}`);
      cursor = after(cursor, answers[Math.floor(mix / 5 ** (pages % 4)) % 5]!);
    }
  }
});

test("whatever a tenant shows of one instant beside an overfull one, a pass comes to an end or is left", () => {
  for (let mix = 0; mix < 4 ** 5; mix++) {
    let cursor = cursorAt({ pass: passAt({ fromMs: 0, untilMs: 999, reachMs: 999, baseMs: 0 }) });
    for (let pages = 0; cursor.pass !== null; pages++) {
      if (pages > 3_000) throw new Error(`no end with ${mix}`);
      const { fromMs, untilMs } = asked(cursor);
      const isFirst = cursor.pass.nextFilters === null;
      const answer = Math.floor(mix / 4 ** (pages % 5)) % 4;
      const before = fromMs <= 499 && isFirst;
      const holds = fromMs <= 500 && (untilMs ?? 500) >= 500;
      const bound = { gte: 500, lte: untilMs };
      if (!holds && !before) cursor = after(cursor, facts({ ...NOTHING, total: 0 }));
      else if (before && (untilMs ?? 500) >= 499)
        cursor = after(cursor, holds ? showing(499, bound) : facts({ lowestMs: 499, highestMs: 499 }));
      else
        cursor = after(
          cursor,
          answer === 0 ? more(bound) : answer === 1 ? denied : answer === 2 ? more({ gte: 499 }) : showing(500, bound),
        );
    }
  }
});
