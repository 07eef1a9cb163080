import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { logEventsPage } from "../../../deploy/generate/log-events-page.ts";
import { ERROR_CODES } from "../../../src/kit/errors.ts";
import { openLog } from "../../../src/observe/log.ts";
import { LOG_EVENTS, type LogEventFacts } from "../../../src/observe/log-events.ts";
import { answered, EVERY_EVENT, OF_SCAN, page, state } from "./scene.ts";

interface LogLine extends Record<string, unknown> {
  readonly level: string;
  readonly time: string;
  readonly event: string;
  readonly msg: string;
}

/** Every line that the log can write, each event at each of its levels. */
function everyLine(): LogLine[] {
  const lines: LogLine[] = [];
  const sink = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = openLog({ level: "debug", pretty: false, sink, nowMs: () => 0 });
  const more = [
    { type: "connector_stopping", reason: "a fault", failed: true },
    { type: "stage", subject: "shard 1", stage: "cannot be opened: no broker" },
    { type: "stage", subject: "shard 1", stage: "owned" },
    { type: "transaction_ended", shard: 1, result: "fenced", durationMs: 40, error: "another owner" },
    { type: "command_applied", ...OF_SCAN, id: "1", by: "anna", outcome: "done", message: "position moved" },
    { type: "command_applied", ...OF_SCAN, id: "2", by: "anna", outcome: "refused", message: "ids are forgotten" },
    { ...state("throttled"), code: "api_throttled" },
    state("retrying"),
    page({ deadLettered: 0 }),
    answered({ skewMs: 60_000 }),
    { type: "stage", subject: "connector", stage: "checking topics" },
  ] as const;
  for (const event of [...EVERY_EVENT, ...more]) log.record(event as (typeof EVERY_EVENT)[number], 0);
  log.warn("a secret stands in the configuration", 0);
  log.toggleDebug();
  log.toggleDebug();
  log.tick(15_000);
  log.finish(20_000);
  return lines;
}

test("the page says what the log holds today", () => {
  // When this differs: npx tsx deploy/generate/log-events.ts
  expect(readFileSync("docs/log-events.md", "utf8")).toBe(logEventsPage());
});

test("the log writes the events that are documented, at the levels and with the fields that are, and no others", () => {
  const seen = new Map<string, Set<string>>();
  for (const { level, time, event, msg, held: _, ...fields } of everyLine()) {
    const facts: LogEventFacts | undefined = LOG_EVENTS[event as keyof typeof LOG_EVENTS];
    expect(facts, `${event} is not documented`).toBeDefined();
    expect(facts?.levels, event).toContain(level);
    expect(
      Object.keys(fields).filter((field) => !facts?.fields.includes(field)),
      event,
    ).toEqual([]);
    expect({ time, msg }).toEqual({ time: expect.stringMatching(/^\d{4}-.*Z$/), msg: expect.stringMatching(/./) });
    seen.set(event, (seen.get(event) ?? new Set()).add(level));
  }
  const documented = Object.entries<LogEventFacts>(LOG_EVENTS).map(([name, { levels }]) => [name, [...levels].sort()]);
  const written = [...seen].map(([name, levels]) => [name, [...levels].sort()]);
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(documented));
});

test("every field that is documented is written", () => {
  const written = new Map<string, Set<string>>();
  for (const line of everyLine()) {
    const fields = written.get(line.event) ?? new Set();
    written.set(line.event, fields);
    for (const key of Object.keys(line)) fields.add(key);
  }
  for (const [name, { fields }] of Object.entries<LogEventFacts>(LOG_EVENTS)) {
    expect([...(written.get(name) ?? [])], name).toEqual(expect.arrayContaining([...fields]));
  }
});

test("README says what to do about each code", () => {
  const readme = readFileSync("README.md", "utf8");
  const table = readme.slice(readme.indexOf("## Troubleshooting"));
  expect(ERROR_CODES.filter((code) => !table.includes(`\`${code}\``))).toEqual([]);
});
