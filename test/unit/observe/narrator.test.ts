import { expect, test } from "vitest";
import type { Event } from "../../../src/observe/events.ts";
import { Narrator } from "../../../src/observe/narrator.ts";
import type { Line } from "../../../src/observe/repeats.ts";
import { anomaly, answered, moved, page, reloaded, silence, state } from "./scene.ts";

const QUIET = page({ deadLettered: 0 });

/** Tells events at times in seconds; what a person would read at level info, as `level message`. */
function tell(...events: readonly [number, Event | "tick" | "finish"][]): string[] {
  const lines: Line[] = [];
  const narrator = new Narrator((line) => lines.push(line));
  for (const [seconds, event] of events) {
    if (event === "tick") narrator.tick(seconds * 1_000);
    else if (event === "finish") narrator.finish(seconds * 1_000);
    else narrator.record(event, seconds * 1_000);
  }
  return lines.filter(({ level }) => level !== "debug").map(({ level, message }) => `${level} ${message}`);
}

test("a scan that works says nothing", () => {
  const events = [
    state("reading"),
    answered(),
    { type: "waited", tenant: "contoso", reason: "budget", waitMs: 3 },
  ] as const;
  expect(tell(...[...events, QUIET, moved(), state("idle")].map((event, at): [number, Event] => [at, event]))).toEqual(
    [],
  );
});

test("a trouble is told once, and its end with how long it took", () => {
  const lines = tell(
    [0, state("retrying", "502 on page 3")],
    [1, state("retrying", "503 on page 3")],
    [30, state("reading")],
    [31, state("retrying", "503 on page 3")],
    [61, state("reading")],
    [61, QUIET],
    [61, moved()],
    [62, state("idle")],
  );
  expect(lines).toEqual([
    "warn contoso-all: trying again: 502 on page 3",
    "info contoso-all: moves again after 61 s (retrying)",
  ]);
});

test("a trouble that lasts for hours is told once, however often it is tried again", () => {
  const hours = Array.from({ length: 300 }, (_, minute): [number, Event | "tick"][] => [
    [minute * 60, state("retrying", "502")],
    [minute * 60 + 30, state("reading")],
    [minute * 60 + 31, "tick"],
  ]);
  expect(tell(...hours.flat(), [18_000, "finish"])).toEqual(["warn contoso-all: trying again: 502"]);
});

test("a trouble that becomes another is told again, and ends once", () => {
  const lines = tell([0, state("retrying", "502")], [5, state("unauthorized", "401")], [9, moved()], [10, moved()]);
  expect(lines).toEqual([
    "warn contoso-all: trying again: 502",
    "error contoso-all: refused by the tenant, trying again slowly; check its credentials and their permission: 401",
    "info contoso-all: moves again after 9 s (unauthorized)",
  ]);
});

test("a scan that is taken up again, and whose cursor is told, does not move by that: its trouble lasts and is told once", () => {
  const wrong = state("unauthorized", "401");
  const lines = tell([0, wrong], [3, state("starting")], [3, moved()], [5, wrong], [9, state("reading")], [9, moved()]);
  expect(lines).toEqual([
    "error contoso-all: refused by the tenant, trying again slowly; check its credentials and their permission: 401",
    "info contoso-all: moves again after 9 s (unauthorized)",
  ]);
});

test("trouble that comes and goes all the time is told once a minute, with a count", () => {
  const events = Array.from({ length: 120 }, (_, second): [number, Event] => [
    second,
    second % 2 === 0 ? state("retrying", "500") : QUIET,
  ]);
  expect(tell(...events)).toEqual([
    "warn contoso-all: trying again: 500",
    "info contoso-all: moves again after 1 s (retrying)",
    "warn contoso-all: trying again: 500 (and 29 more since)",
    "info contoso-all: moves again after 1 s (retrying)",
  ]);
});

test("a silence is told where it becomes suspect, once, and where it is no more", () => {
  const suspect = silence({ judged: { kind: "suspect", sinceMs: 20_000 }, reason: "check the token" });
  const idle = silence({ judged: { kind: "idle", atMs: 90_000, found: 3 } });
  const over = silence({ sinceMs: null });
  const checks = [silence(), suspect, state("suspect", "check the token"), moved(), QUIET, suspect, over, over];
  const later = [silence(), idle, idle, over, suspect, idle];
  expect(tell(...[...checks, ...later].map((event, at): [number, Event] => [at, event]))).toEqual([
    "info contoso-all: suspect: check the token",
    "info contoso-all: is not silent: it shows activities",
    "info contoso-all: suspect: check the token",
    "info contoso-all: shows nothing since 1970-01-01T00:00:02.000Z, and is idle: a wider query shows 3",
  ]);
});

test("a stop in the middle of a trouble is no recovery", () => {
  expect(tell([0, state("blocked", "foreign cursor")], [5, state("stopped")], [6, moved()])).toEqual([
    "error contoso-all: blocked until somebody acts: foreign cursor",
  ]);
});

test("of anomalies and dead letters the first is told, then a count each minute, and the rest at the end", () => {
  const flood = Array.from({ length: 1_000 }, (_, at): [number, Event] => [at / 100, anomaly(`number ${at}`)]);
  expect(
    tell([0, page({ deadLettered: 3 })], ...flood, [30, "tick"], [61, "tick"], [62, anomaly("again")], [63, "finish"]),
  ).toEqual([
    "warn contoso-all: 3 of a page's activities went to the dead-letter topic",
    "warn contoso-all: the API does what it should not: stall: number 0",
    "warn contoso-all: the API does what it should not: stall: number 999 (and 998 more since)",
    "warn contoso-all: the API does what it should not: stall: again",
  ]);
});

test("failed transactions are warnings, a fenced one is an error, committed ones are silent", () => {
  const ended = (result: "committed" | "failed" | "fenced", error: string | null): Event => {
    return { type: "transaction_ended", shard: 3, result, durationMs: 1, error };
  };
  expect(
    tell([0, ended("committed", null)], [0, ended("failed", "no leader")], [0, ended("fenced", "newer owner")]),
  ).toEqual(["warn shard 3: transaction failed: no leader", "error shard 3: transaction fenced: newer owner"]);
});

test("a stage that lasts is named again, ever more rarely, until its subject runs", () => {
  const stage = (name: string): Event => ({ type: "stage", subject: "shard 3", stage: name });
  const ticks = (from: number, until: number) =>
    Array.from({ length: (until - from) / 5 }, (_, at): [number, "tick"] => [from + at * 5, "tick"]);
  expect(tell([0, stage("reading state")], ...ticks(5, 60), [60, stage("owned")], ...ticks(65, 200))).toEqual([
    "info shard 3: reading state",
    "info shard 3: still reading state, since 10 s",
    "info shard 3: still reading state, since 20 s",
    "info shard 3: still reading state, since 40 s",
  ]);
});

test("a stage that waits out an error is a warning, once a minute", () => {
  const waiting: Event = { type: "stage", subject: "connector", stage: "checking topics, waiting: no broker" };
  const tries = Array.from({ length: 30 }, (_, at): [number, Event] => [at, waiting]);
  expect(tell(...tries)).toEqual(["warn connector: checking topics, waiting: no broker"]);
});

test("a clock that is far off is told once, and again only after it was right", () => {
  const skew = (skewMs: number) => answered({ skewMs });
  expect(
    tell([0, skew(45_000)], [1, skew(46_000)], [2, skew(20_000)], [3, skew(40_000)], [4, skew(0)], [5, skew(-40_000)]),
  ).toEqual([
    "warn this machine's clock is 45 s ahead of tenant contoso's",
    "warn this machine's clock is 40 s behind tenant contoso's",
  ]);
});

test("start, owners, decisions and stop are told", () => {
  const lines = tell(
    [0, { type: "connector_started", version: "1", cursorsTopic: "c" }],
    [0, { type: "shard_opened", shard: 1, tenants: ["a", "b"], durationMs: 1 }],
    [0, { type: "cursor_field_decided", tenant: "a", scan: "a-all", field: "created", reason: "it is honoured" }],
    [0, { type: "connector_stopping", reason: "SIGTERM", failed: false }],
    [0, { type: "shard_released", shard: 1, reason: "stop" }],
  );
  expect(lines).toEqual([
    "info started, version 1, cursors in c",
    "info shard 1 owned, tenants a, b",
    "info a-all: moves along created: it is honoured",
    "info stopping: SIGTERM",
    "info shard 1 released: stop",
  ]);
});

test("who was told that a shard is gone hears at once that it is back", () => {
  const opened = { type: "shard_opened", shard: 1, tenants: ["a"], durationMs: 1 } as const;
  const lines = tell([0, opened], [5_000, { type: "shard_released", shard: 1, reason: "moved" }], [9_000, opened]);
  expect(lines).toEqual([
    "info shard 1 owned, tenants a",
    "info shard 1 released: moved",
    "info shard 1 owned, tenants a",
  ]);
});

test("who was told of a failed transaction hears at once that the shard is owned again", () => {
  const opened = { type: "shard_opened", shard: 1, tenants: ["a"], durationMs: 1 } as const;
  const lines = tell(
    [0, opened],
    [5_000, { type: "transaction_ended", shard: 1, result: "failed", durationMs: 1, error: "broker gone" }],
    [9_000, opened],
  );
  expect(lines).toEqual([
    "info shard 1 owned, tenants a",
    "warn shard 1: transaction failed: broker gone",
    "info shard 1 owned, tenants a",
  ]);
});

test("an end that nobody asked for is an error", () => {
  expect(tell([0, { type: "connector_stopping", reason: "fenced", failed: true }])).toEqual(["error stopping: fenced"]);
});

test("that a scan leaves an outage behind, and that a gap closes, is told", () => {
  const ofScan = { tenant: "contoso", scan: "contoso-all" };
  const lines = tell(
    [0, { type: "recovery_begun", ...ofScan, behindMs: 1_790_000, fromMs: 0 }],
    [9, { type: "gap_closed", ...ofScan, fromMs: 7_000, untilMs: 7_000, reason: "stall", reader: "lookback/2m" }],
  );
  expect(lines).toEqual([
    "info contoso-all: 30 min behind: goes on at now, and reads from 1970-01-01T00:00:00.000Z on beside it",
    "info contoso-all: gap at 1970-01-01T00:00:07.000Z closed by lookback/2m",
  ]);
});

test("what a new configuration brings is one line, and what was wrong with scans that it changes is news again", () => {
  const none = { added: [], removed: [], changed: [] };
  const scans = { ...none, changed: ["contoso-all"] };
  const lines = tell(
    [0, state("blocked", "a cursor of other filters")],
    [90, reloaded({ scans, tenants: { ...none, added: ["fabrikam"] } })],
    [90, state("blocked", "a cursor of other filters still")],
    [100, reloaded()],
  );
  expect(lines).toEqual([
    "error contoso-all: blocked until somebody acts: a cursor of other filters",
    "info configuration in force: tenants added: fabrikam; scans changed: contoso-all",
    "error contoso-all: blocked until somebody acts: a cursor of other filters still",
    "info configuration in force: nothing in it has changed for tenants and scans",
  ]);
});

test("a refused configuration is one line with every error: the same once a minute, another at once", () => {
  const refused = (reason: string): Event => ({ type: "config_refused", cause: "file", reason });
  const both = "2 problems\n  kafka: one\n  http: other";
  const lines = tell([0, refused(both)], [5, refused(both)], [6, refused("1 problem\n  kafka: one")]);
  expect(lines).toEqual([
    `error the configuration was not taken, the one before goes on: ${both}`,
    "error the configuration was not taken, the one before goes on: 1 problem\n  kafka: one",
  ]);
});
