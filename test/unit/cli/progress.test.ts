import { expect, test } from "vitest";
import { leftFrom, openProgress, shareOf } from "../../../src/cli/progress.ts";
import { Tally } from "../../../src/cli/scan-tally.ts";

const tally = (changed: Partial<Tally> = {}): Tally =>
  Object.assign(new Tally("created", null), {
    activities: 12_345,
    pages: 3,
    fromMs: 1_000_000,
    untilMs: 2_000_000,
    atMs: 1_500_000,
    startedMs: 3_000_000,
    ...changed,
  });

test("progress is where the scan stands on the cursor field", () => {
  expect(shareOf(tally())).toBe(0.5);
  expect(shareOf(tally({ untilMs: null }))).toBe(0.25);
  expect(shareOf(tally({ atMs: null }))).toBe(0);
  expect(shareOf(tally({ atMs: 9e9 }))).toBe(1);
  expect(shareOf(tally({ fromMs: 2_000_000 }))).toBe(0);
});

test("what is left takes as long as what this process has done before", () => {
  expect(leftFrom({ share: 0, atMs: 0 }, { share: 0.25, atMs: 60_000 })).toBe(180_000);
  expect(leftFrom({ share: 0.5, atMs: 0 }, { share: 0.75, atMs: 60_000 })).toBe(60_000);
  expect(leftFrom({ share: 0.5, atMs: 0 }, { share: 0.5, atMs: 60_000 })).toBeNull();
});

/** A terminal that keeps what is drawn on it. */
function terminal() {
  const written: string[] = [];
  const stream = {
    isTTY: true,
    columns: 200,
    write: (text: string) => written.push(text) > 0,
    on: () => stream,
    removeListener: () => stream,
  };
  return { stderr: stream as unknown as NodeJS.WriteStream, text: () => written.join("") };
}

test("without a bar there are notes alone", () => {
  const { stderr, text } = terminal();
  const progress = openProgress({ stderr, bar: false, monotonicMs: () => 0 });
  progress.onPage(tally());
  progress.onWait("throttled", 5_000);
  progress.note("created is not honoured");
  progress.stop();
  expect(text()).toBe("created is not honoured\n");
});

test("the bar says how far it is, what is waited for, and how long the rest takes; notes come behind it", () => {
  const { stderr, text } = terminal();
  let nowMs = 0;
  const progress = openProgress({ stderr, bar: true, monotonicMs: () => nowMs });
  progress.onPage(tally({ activities: 5_000, atMs: 1_250_000 }));
  nowMs = 60_000;
  progress.onPage(tally());
  progress.note("created is not honoured");
  progress.onWait("keeping within the budget", 2_900);
  const before = text();
  progress.stop();
  expect(before).not.toContain("honoured");
  const drawn = text();
  expect(drawn).toContain(
    "50%  12,345 activities, pages: 3, about 2 min left  keeping within the budget, again in 3 s",
  );
  expect(drawn.endsWith("created is not honoured\n")).toBe(true);
});
