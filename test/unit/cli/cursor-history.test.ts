import { expect, test } from "vitest";
import { historyLines, historyOf } from "../../../src/cli/cursor-history.ts";
import { type Command, encodeHistory, type History, historyKey, withPlan } from "../../../src/scan/command.ts";

const head = { version: 1, at: "2026-11-23T09:00:00.000Z", by: "ada@host" } as const;
const reset = (id: string, scan: string): Command => ({
  ...head,
  id,
  scan,
  action: "cursor_reset",
  toMs: Date.UTC(2026, 10, 23),
  mayRepeat: false,
});
const plan = { does: "move the position", activities: 10, requests: 2, minutes: 0.5 };
const put = (id: string, history: Omit<History, "version">): [string, Buffer] => [
  historyKey(id),
  Buffer.from(encodeHistory(history)),
];
const done = (command: Command | null, appliedAt: string, message = "moved"): Omit<History, "version"> => ({
  command,
  appliedAt,
  outcome: command === null ? "refused" : "done",
  message,
});

const shards = [
  new Map([
    put("c-2", done(withPlan(reset("c-2", "all"), plan), "2026-11-23T11:00:00.000Z")),
    put("c-3", done(null, "2026-11-23T12:00:00.000Z", "the command record has version 3")),
    ['{"scan":"all","reader":"tail"}', Buffer.from("{}")] as [string, Buffer],
  ]),
  new Map([
    put("c-1", done(reset("c-1", "other"), "2026-11-23T10:00:00.000Z")),
    ['{"history":"c-9"}', Buffer.from('{"version":9}')] as [string, Buffer],
  ]),
];

test("the history has who, when, what, what was told and what became of it, the oldest first", () => {
  const changes = historyOf(shards, null);
  expect(changes.map(({ id }) => id)).toEqual(["c-9", "c-1", "c-2", "c-3"]);
  expect(changes[2]).toEqual({
    id: "c-2",
    scan: "all",
    by: "ada@host",
    at: head.at,
    action: "cursor_reset",
    what: "reset to 2026-11-23T00:00:00.000Z",
    appliedAt: "2026-11-23T11:00:00.000Z",
    outcome: "done",
    message: "moved",
    plan,
  });
  expect(changes[3]).toMatchObject({ scan: null, outcome: "refused", message: "the command record has version 3" });
  expect(changes[0]).toMatchObject({ outcome: "unreadable", message: expect.stringMatching(/has version 9/) });
  expect(historyOf(shards, "all").map(({ id }) => id)).toEqual(["c-2"]);
});

test("for people each change has its row, what was told and the answer; what waits stands below", () => {
  const queued = {
    scan: "all",
    id: "c-4",
    action: "scan_pause",
    what: "pause the scan",
    at: head.at,
    by: "bob",
  } as const;
  expect(historyLines(historyOf(shards, "all"), [queued])).toEqual([
    expect.stringMatching(/^APPLIED +SCAN +OUTCOME +WHAT +BY +COMMAND$/),
    "2026-11-23T11:00:00.000Z  all   done     reset to 2026-11-23T00:00:00.000Z  ada@host  c-2",
    "  told: move the position; about 10 activities in 2 requests, 0.5 minutes",
    "  moved",
    `queued: scan all: pause the scan, by bob at ${head.at} (c-4)`,
  ]);
  expect(historyLines([], [])).toEqual(["nothing was changed by an operator"]);
});
