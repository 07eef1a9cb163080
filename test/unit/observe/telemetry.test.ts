import { expect, test } from "vitest";
import type { Clock } from "../../../src/kit/clock.ts";
import { openTelemetry } from "../../../src/observe/telemetry.ts";
import { anomaly, CONFIGURED, EVERY_EVENT, state } from "./scene.ts";

/** A clock whose sleeps end when the test says so. */
function handClock(): Clock & { advance(ms: number): Promise<void> } {
  let nowMs = 0;
  let wake: (() => void) | null = null;
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: (_, signal) =>
      new Promise((resolve, reject) => {
        wake = resolve;
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    async advance(ms) {
      nowMs += ms;
      wake?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function opened(options: { pretty?: boolean; level?: "info" | "debug"; write?: (line: string) => void } = {}) {
  const lines: string[] = [];
  const sink = { write: options.write ?? ((line: string) => void lines.push(line)) };
  const clock = handClock();
  const log = { level: options.level ?? "info", pretty: options.pretty ?? false, sink } as const;
  return { telemetry: openTelemetry({ ...CONFIGURED, log }, clock), lines, clock };
}

test("one event drives the series, the status and the log", async () => {
  const { telemetry, lines } = opened();
  telemetry.emit(state("blocked", "the cursor is another tenant's"));
  expect(telemetry.status().scans[0]).toMatchObject({ state: "blocked" });
  expect((await telemetry.metrics()).text).toContain('state="blocked"} 1');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: "error",
      time: "1970-01-01T00:00:00.000Z",
      event: "scan_state",
      tenant: "contoso",
      scan: "contoso-all",
      state: "blocked",
      reason: "the cursor is another tenant's",
      msg: "contoso-all: blocked until somebody acts: the cursor is another tenant's",
    },
  ]);
  await telemetry[Symbol.asyncDispose]();
});

test("the error's code is a field of the line", async () => {
  const { telemetry, lines } = opened();
  telemetry.emit({ ...state("unauthorized", "401"), code: "api_unauthorized" } as never);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ code: "api_unauthorized" });
  await telemetry[Symbol.asyncDispose]();
});

test("a credential that a peer repeats reaches neither log nor status", async () => {
  const { telemetry, lines } = opened({ level: "debug" });
  const secrets = [
    "Token abcdef0123456789",
    "Bearer eyJhbGciOi.x-y_z",
    "https://u:pw99@h/",
    "client_secret=pw99&x",
    '"password":"pw99"',
  ];
  for (const secret of secrets) {
    telemetry.emit(state("retrying", `502: ${secret}`));
    telemetry.emit(anomaly(secret));
    telemetry.emit({ type: "transaction_ended", shard: 0, result: "failed", durationMs: 1, error: secret });
    telemetry.warn(secret);
  }
  await telemetry[Symbol.asyncDispose]();
  const seen = lines.join("") + JSON.stringify(telemetry.status()) + (await telemetry.metrics()).text;
  for (const text of ["abcdef0123456789", "eyJhbGciOi", "pw99"]) expect(seen).not.toContain(text);
  expect(seen).toContain("Token …");
});

test("at a terminal lines are for people", async () => {
  const { telemetry, lines } = opened({ pretty: true });
  telemetry.emit({ type: "connector_started", version: "1", cursorsTopic: "c" });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/INFO.*started, version 1, cursors in c/);
  await telemetry[Symbol.asyncDispose]();
});

test("emitting never throws: not for a broken log, not for what is no event", async () => {
  const broken = () => {
    throw new Error("EPIPE");
  };
  const { telemetry } = opened({ level: "debug", write: broken });
  for (const event of EVERY_EVENT) expect(() => telemetry.emit(event)).not.toThrow();
  for (const wrong of [null, {}, { type: "page_published" }, { type: "budget", limitPerMinute: "x" }]) {
    expect(() => telemetry.emit(wrong as never)).not.toThrow();
  }
  expect(telemetry.status().scans[0]?.counts.pages).toBe(3);
  await telemetry[Symbol.asyncDispose]();
});

test("time alone brings out what is held back, and the end the rest", async () => {
  const { telemetry, lines, clock } = opened();
  for (let at = 0; at < 38; at++) telemetry.emit(anomaly("x"));
  await clock.advance(5_000);
  expect(lines).toHaveLength(1);
  await clock.advance(60_000);
  expect(lines[1]).toContain("(and 36 more since)");
  telemetry.emit(anomaly("y"));
  await telemetry[Symbol.asyncDispose]();
  await telemetry[Symbol.asyncDispose]();
  expect(lines).toHaveLength(3);
});

test("the process's own series are there, but not the lag that measures the scrape", async () => {
  const { telemetry } = opened();
  const { text, contentType } = await telemetry.metrics();
  expect(contentType).toContain("text/plain");
  expect(text).toContain("process_resident_memory_bytes");
  expect(text).not.toMatch(/^nodejs_eventloop_lag_seconds /m);
  await telemetry[Symbol.asyncDispose]();
});

test.each(["info", "debug"] as const)("from %s the log's level is changed to the other and back", async (level) => {
  const { telemetry, lines } = opened({ level });
  const other = level === "info" ? "debug" : "info";
  const writesDebug = () => {
    const before = lines.length;
    telemetry.emit({ type: "budget", tenant: "contoso", limitPerMinute: 15, usedLastMinute: 9 });
    return lines.length > before;
  };
  expect(writesDebug()).toBe(level === "debug");
  telemetry.toggleDebug();
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ event: "log_level", from: level, to: other });
  expect(writesDebug()).toBe(other === "debug");
  telemetry.toggleDebug();
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ event: "log_level", from: other, to: level });
  expect(writesDebug()).toBe(level === "debug");
  await telemetry[Symbol.asyncDispose]();
});

test("a warning that repeats is told once a minute, with its count", async () => {
  const { telemetry, lines, clock } = opened();
  for (let at = 0; at < 5; at++) telemetry.warn("the endpoint does not answer");
  expect(lines).toHaveLength(1);
  await clock.advance(70_000);
  expect(JSON.parse(lines[1] ?? "")).toMatchObject({ event: "warning", level: "warn", held: 3 });
  await telemetry[Symbol.asyncDispose]();
});

test("another configured level holds from then on, and a signal toggles from there", async () => {
  const { telemetry, lines } = opened();
  const debug = () => telemetry.emit({ type: "waited", tenant: "contoso", reason: "budget", waitMs: 1 });
  const events = () => lines.splice(0).map((line) => JSON.parse(line).event);
  debug();
  await telemetry.configure({ ...CONFIGURED, logLevel: "debug" });
  debug();
  await telemetry.configure({ ...CONFIGURED, logLevel: "debug" });
  expect(events()).toEqual(["log_level", "waited"]);
  telemetry.toggleDebug();
  debug();
  telemetry.toggleDebug();
  debug();
  expect(events()).toEqual(["log_level", "log_level", "waited"]);
  await telemetry[Symbol.asyncDispose]();
});
