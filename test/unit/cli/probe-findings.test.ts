import { expect, test } from "vitest";
import type { Course } from "../../../src/cli/probe-course.ts";
import { type Findings, judgeCourse } from "../../../src/cli/probe-findings.ts";
import { HeadersSeen } from "../../../src/cli/probe-headers.ts";
import { profileOf } from "../../../src/cli/probe-profile.ts";
import { reportLines } from "../../../src/cli/probe-report.ts";
import type { Question, Seen, Sight } from "../../../src/cli/probe-sight.ts";

const NOW_MS = Date.UTC(2026, 10, 25, 9);
const QUESTION: Question = { field: "created", fromMs: 0, untilMs: null, direction: "asc", limit: 500 };

const seen = (atMs: number, id = `a${atMs}`, digest = "d"): Seen => {
  return { id, createdMs: atMs, dateMs: atMs - 60_000, digest };
};

const sight = (activities: readonly Seen[], more: Partial<Sight> = {}): Sight => ({
  asked: QUESTION,
  seen: activities,
  hasNext: false,
  nextFilters: null,
  total: activities.length,
  leads: false,
  serverNowMs: NOW_MS,
  readAtMs: NOW_MS + 200,
  durationMs: 100,
  ...more,
});

const NOTHING: Course = {
  ahead: sight([]),
  field: "created",
  newest: [sight([])],
  older: null,
  first: null,
  second: null,
  beyond: null,
  edited: null,
  instant: null,
  wholeSecond: null,
  date: null,
  again: null,
  requests: 2,
  troubles: new Map(),
  complete: true,
  failure: null,
};

const judge = (course: Partial<Course>): Findings => judgeCourse({ ...NOTHING, ...course }, new HeadersSeen());

test("a tenant that shows nothing leaves everything about activities unsaid, in report and profile", () => {
  const found = judge({});
  expect(found).toMatchObject({
    honoured: { created: null, date: null },
    order: { asc: null, desc: null },
    pageCeiling: null,
    nextFilters: null,
    boundary: null,
    exactBounds: null,
    wholeSecond: null,
    lastPage: null,
    emptyPages: null,
    instants: null,
    overfull: null,
    delays: null,
    late: null,
    changed: null,
    total: null,
    envelope: null,
  });
  expect(profileOf(found)).toEqual({ faults: {}, latencyMs: 100 });
  expect(reportLines(found).filter((line) => line.endsWith("not seen")).length).toBeGreaterThan(15);
});

const cut = [seen(1), seen(2), seen(3)];
const more = { hasNext: true, nextFilters: '{"created":{"gte":4}}' };
const twins = [seen(4, "b"), seen(4, "c")];

test.each<[string, Sight, Findings["boundary"], Findings["pageCeiling"]]>([
  ["dropped", sight([...twins, seen(5)]), "dropped", { atLeast: 4, atMost: 5 }],
  ["repeated", sight([seen(3), ...twins]), "repeated", { atLeast: 3, atMost: 3 }],
  ["split", sight([seen(4, "c"), seen(5)]), "split", { atLeast: 4, atMost: 5 }],
  ["lost", sight([seen(5)]), "lost", { atLeast: 4, atMost: 5 }],
])("where a page is cut is told by what bounds show of that instant: %s", (_, second, boundary, pageCeiling) => {
  const found = judge({ newest: [sight(cut)], first: sight(cut, more), second, beyond: sight([...twins, seen(5)]) });
  expect(found).toMatchObject({ boundary, pageCeiling });
});

test("a ceiling is as narrow as two cuts together make it", () => {
  const first = sight(cut, more);
  const newest = sight([seen(9), seen(8), seen(7), seen(6)], { ...more, asked: { ...QUESTION, direction: "desc" } });
  const found = judge({ newest: [newest], older: sight([seen(5)]), first, beyond: sight([...twins, seen(4, "e")]) });
  expect(found.pageCeiling).toEqual({ atLeast: 5, atMost: 5 });
});

test("records that have changed, and late ones, are counted among those of both times", () => {
  const old = [0, 1, 2, 3].map((at) => seen(NOW_MS - 100_000 + at * 1_000));
  const late = seen(NOW_MS - 99_500);
  const [first, ...rest] = old;
  const again = sight([{ ...first!, digest: "another" }, ...rest, late]);
  const found = judge({ newest: [sight(old)], again });
  expect(found.changed).toEqual({ of: 4, found: 1 });
  expect(found.late).toEqual({ of: 5, found: 1, atLeastMs: 98_500 });
  expect(profileOf(found)).toMatchObject({ lateVisibleShare: 0.2, lateVisibleMaxMs: 197_000 });
});

test.each<[string, readonly (number | null)[], Findings["total"]]>([
  ["exact", [2, 2], "exact"],
  ["once too many", [2, 3], "over"],
  ["once too few", [3, 1], "under"],
  ["never there", [null, null], "absent"],
])("total is compared with what last pages hold: %s", (_, totals, expected) => {
  const pages = totals.map((total) => sight([seen(1), seen(2)], { total }));
  expect(judge({ newest: [pages[0]!], again: pages[1]! }).total).toBe(expected);
});

test("bounds that find less than is known at an instant are not inclusive; a page that was cut there tells nothing", () => {
  const instant = { sight: sight([]), known: 2 };
  const again = sight(cut);
  expect(judge({ newest: [sight(cut)], again, instant }).exactBounds).toBe("exclusive");
  const unsure = { sight: sight([seen(1)], more), known: 2 };
  expect(judge({ newest: [sight(cut)], again, instant: unsure }).exactBounds).toBeNull();
  expect(judge({ newest: [sight(cut)], again, instant: { ...instant, known: 0 } }).exactBounds).toBe("inclusive");
});

test("the clock's skew is what all answers allow", () => {
  const at = (offsetMs: number) => sight([], { serverNowMs: NOW_MS, readAtMs: NOW_MS + offsetMs, durationMs: 50 });
  expect(judge({ ahead: at(60_100), newest: [at(60_900)] }).clockSkewSeconds).toBe(-60);
  expect(judge({ ahead: at(10), newest: [at(990)] }).clockSkewSeconds).toBe(0);
});
