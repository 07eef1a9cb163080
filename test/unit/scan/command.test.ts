import { expect, test } from "vitest";
import {
  type Command,
  commandIdOf,
  commandKey,
  decodeCommand,
  decodeHistory,
  encodeCommand,
  encodeHistory,
  type History,
  historyKey,
  isCommandKey,
  withPlan,
} from "../../../src/scan/command.ts";

const head = { version: 1, id: "c-1", at: "2026-11-23T10:00:00.000Z", by: "ada@host", scan: "contoso-all" } as const;
const add = { ...head, action: "backfill_add", fromMs: 0, untilMs: 5, order: "desc", mayRepeat: false } as const;
const verify = { ...head, action: "verify_add", fromMs: 0, untilMs: 5 } as const;
const pause = { ...head, action: "job_pause", reader: "backfill/2026-11-01T00:00:00.000Z" } as const;
const reset = { ...head, action: "cursor_reset", toMs: 7, mayRepeat: true } as const;
const history: Omit<History, "version"> = {
  command: add,
  appliedAt: "2026-11-23T10:00:01.000Z",
  outcome: "done",
  message: "added",
};

const pauseScan = { ...head, version: 2, action: "scan_pause" } as const;
const imported: Command = {
  ...head,
  version: 2,
  action: "cursor_import",
  source: { exportedAt: "2026-11-23T09:00:00.000Z", digest: "sha256:0" },
  tenant: "contoso",
  cursorField: "created",
  filtersHash: "0",
  revision: 7,
  beganMs: 0,
  toMs: 9,
  jobs: [{ reader: "backfill/x", fromMs: 0, untilMs: 5, order: "asc", paused: false }],
  mayRepeat: false,
};
const told = withPlan(reset, { does: "move it", activities: 1, requests: 1, minutes: 0.1 });
const all: readonly Command[] = [add, verify, pause, reset, pauseScan, imported, told];
const commands: [string, Command][] = all.map((command) => [command.action, command]);

test.each(commands)("%s survives being stored", (_, command) => {
  const stored = Buffer.from(encodeCommand(command));
  expect(decodeCommand(commandKey(command.id), stored)).toEqual({ kind: "read", value: command });
});

test.each([
  ["nothing", "", /not JSON \(0 bytes\)/],
  ["bytes", "\u0000\u00ff", /not JSON/],
  ["another's JSON", "[]", /damaged/],
  ["null", "null", /damaged/],
  ["a newer version", JSON.stringify({ ...add, version: 3 }), /has version 3, this program knows 2/],
  ["an unknown action", JSON.stringify({ ...add, action: "format" }), /damaged at action/],
  ["a member that this program does not know", JSON.stringify({ ...reset, force: true }), /force/],
  ["an empty stretch", JSON.stringify({ ...add, untilMs: 0 }), /damaged at untilMs: its stretch is empty/],
  ["nothing to verify", JSON.stringify({ ...verify, untilMs: 0 }), /damaged at untilMs: its stretch is empty/],
  ["a time that no calendar holds", JSON.stringify({ ...reset, toMs: 9e15 }), /damaged at toMs/],
  ["a time of giving that is none", JSON.stringify({ ...reset, at: "yesterday" }), /damaged at at/],
  ["a command under another's key", JSON.stringify({ ...add, id: "c-2" }), /c-2 lies under the key of another/],
])("%s is no command, with the reason", (_, value, reason) => {
  const decoded = decodeCommand(commandKey("c-1"), Buffer.from(value));
  expect(decoded).toEqual({ kind: "unreadable", reason: expect.stringMatching(reason) });
});

test("what an older version does not know has the version that brought it, and its history too", () => {
  expect(commands.map(([action, { version }]) => `${action} ${version}`)).toEqual([
    ...["backfill_add 1", "verify_add 1", "job_pause 1", "cursor_reset 1"],
    ...["scan_pause 2", "cursor_import 2", "cursor_reset 2"],
  ]);
  for (const [, command] of commands) {
    expect(JSON.parse(encodeHistory({ ...history, command })).version).toBe(command.version);
  }
  const old = decodeCommand(commandKey("c-1"), Buffer.from(JSON.stringify({ ...pauseScan, version: 1 })));
  expect(old).toEqual({ kind: "unreadable", reason: expect.stringMatching(/damaged at version/) });
});

test.each([
  ["of a command", history],
  ["of a command that its owner could not read", { ...history, command: null, outcome: "refused" as const }],
])("the history %s survives being stored", (_, record) => {
  expect(decodeHistory(Buffer.from(encodeHistory(record)))).toEqual({ kind: "read", value: { version: 1, ...record } });
});

test("what is no history is none, with the reason", () => {
  const decoded = decodeHistory(Buffer.from(JSON.stringify({ ...history, version: 1, outcome: "perhaps" })));
  expect(decoded).toEqual({ kind: "unreadable", reason: expect.stringMatching(/history record.*outcome/) });
});

test("command keys are told from all others", () => {
  const id = 'odd"\\id';
  expect(commandKey("c-1")).toBe('{"command":"c-1"}');
  expect(historyKey("c-1")).toBe('{"history":"c-1"}');
  expect(isCommandKey(commandKey(id))).toBe(true);
  expect(commandIdOf(commandKey(id))).toBe(id);
  for (const key of [historyKey("c-1"), '{"scan":"command","reader":"tail"}', "", "command"]) {
    expect(isCommandKey(key), key).toBe(false);
    expect(commandIdOf(key), key).toBeNull();
  }
  expect(isCommandKey('{"command":7')).toBe(true);
  expect(commandIdOf('{"command":7')).toBeNull();
  expect(commandIdOf('{"command":7}')).toBeNull();
});
