import { expect, test } from "vitest";
import { endPass, OVERLAP_MS, openPass, tailFromMs } from "../../../src/scan/tail.ts";
import { cursorAt, HOUR_MS, NOW_MS, passAt } from "./cursors.ts";

const FEW = { activities: 1, limit: 500 };

test("caught up, a pass begins an overlap below the position and has no end", () => {
  expect(openPass(cursorAt(), NOW_MS + 10_000)).toMatchObject({ fromMs: NOW_MS - OVERLAP_MS, untilMs: null });
});

test("behind, a pass is one span that begins where everything was published", () => {
  const cursor = cursorAt({ positionMs: NOW_MS - 9 * HOUR_MS, caughtUpMs: NOW_MS - 7 * HOUR_MS, spanMs: HOUR_MS });
  const pass = openPass(cursor, NOW_MS);
  expect(pass).toMatchObject({ fromMs: NOW_MS - 9 * HOUR_MS - OVERLAP_MS, untilMs: NOW_MS - 6 * HOUR_MS });
  expect(pass.reachMs).toBe(pass.untilMs);
});

test("a span that would end within the last ten minutes is the pass to now instead", () => {
  const behindBy = (ms: number) => cursorAt({ positionMs: NOW_MS - ms, caughtUpMs: NOW_MS - ms, spanMs: HOUR_MS });
  expect(openPass(behindBy(HOUR_MS + 600_000), NOW_MS).untilMs).toBe(NOW_MS - 600_000);
  expect(openPass(behindBy(HOUR_MS + 599_999), NOW_MS).untilMs).toBeNull();
});

test("the position moves to the highest value seen, but never past the server's time at the pass's start", () => {
  const end = (highestMs: number) => endPass(cursorAt(), passAt({ highestMs, serverStartMs: NOW_MS + 50 }), FEW);
  expect(end(NOW_MS + 40).positionMs).toBe(NOW_MS + 40);
  expect(end(NOW_MS + 60).positionMs).toBe(NOW_MS + 50);
});

test("the position never moves back", () => {
  expect(endPass(cursorAt(), passAt({ highestMs: NOW_MS - 1 }), FEW).positionMs).toBe(NOW_MS);
  expect(endPass(cursorAt(), passAt(), FEW).positionMs).toBe(NOW_MS);
});

const spanEnd = (reachMs: number, more: object = {}, lastPage = FEW) =>
  endPass(cursorAt({ spanMs: HOUR_MS }), passAt({ reachMs, untilMs: reachMs, ...more }), lastPage);

test("an empty span is passed over once it ended ten minutes before the pass began", () => {
  const serverStartMs = NOW_MS + HOUR_MS;
  expect(spanEnd(serverStartMs - 600_000, { serverStartMs }).positionMs).toBe(serverStartMs - 600_000);
  expect(spanEnd(serverStartMs - 599_999, { serverStartMs }).positionMs).toBe(NOW_MS);
});

test("a span whose last page was empty against its own total is not passed over, though the next pass goes beyond", () => {
  const serverStartMs = NOW_MS + 9 * HOUR_MS;
  const doubtful = spanEnd(
    NOW_MS + HOUR_MS,
    { serverStartMs, doubtful: true, pages: 2 },
    { activities: 0, limit: 500 },
  );
  expect(doubtful.positionMs).toBe(NOW_MS);
  expect(openPass(doubtful, serverStartMs)).toMatchObject({
    fromMs: NOW_MS - OVERLAP_MS,
    untilMs: NOW_MS + 2 * HOUR_MS,
  });
});

test("what was visible at the server's time is published, never what a wrong local clock took for past", () => {
  expect(endPass(cursorAt(), passAt({ serverStartMs: NOW_MS + 70 }), FEW).caughtUpMs).toBe(NOW_MS + 70);
  expect(spanEnd(NOW_MS + 60, { serverStartMs: NOW_MS + 70 }).caughtUpMs).toBe(NOW_MS + 60);
  expect(spanEnd(NOW_MS + 80, { serverStartMs: NOW_MS + 70 }).caughtUpMs).toBe(NOW_MS + 70);
});

test("a pass that showed something, and then nothing where more was promised, does not count as caught up", () => {
  const none = { activities: 0, limit: 500 };
  const end = (highestMs: number | null) =>
    endPass(cursorAt(), passAt({ highestMs, doubtful: true, serverStartMs: NOW_MS + 70 }), none).caughtUpMs;
  expect(end(NOW_MS + 5)).toBe(NOW_MS);
  expect(end(null)).toBe(NOW_MS + 70);
});

test("spans grow to a day where little is found, and shrink to a minute where passes take long", () => {
  const spans = (spanMs: number, pages: number, activities: number) =>
    endPass(cursorAt({ spanMs }), passAt({ reachMs: NOW_MS, pages }), { activities, limit: 500 }).spanMs;
  expect(spans(HOUR_MS, 1, 249)).toBe(2 * HOUR_MS);
  expect(spans(HOUR_MS, 1, 250)).toBe(HOUR_MS);
  expect(spans(HOUR_MS, 20, 1)).toBe(HOUR_MS);
  expect(spans(HOUR_MS, 21, 1)).toBe(HOUR_MS / 2);
  expect(spans(20 * HOUR_MS, 1, 0)).toBe(24 * HOUR_MS);
  expect(spans(70_000, 21, 1)).toBe(60_000);
});

test("where the tail stands is where its pass began, or its next one will begin", () => {
  expect(tailFromMs(cursorAt())).toBe(NOW_MS - OVERLAP_MS);
  expect(tailFromMs(cursorAt({ pass: passAt({ baseMs: NOW_MS - 7, fromMs: NOW_MS + 50 }) }))).toBe(NOW_MS - 7);
});
