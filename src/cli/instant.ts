import { parseStart } from "../config/units.ts";

/** The instant as ISO 8601; as a number where no calendar holds it: damaged records may hold any. */
export function iso(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}

/**
 * The instant that a flag means: an ISO instant, an age before `nowMs`, or `now`. What it cannot mean, the future
 * included, is added to `problems`; then `nowMs` stands in.
 */
export function instantOf(flag: string, text: string, nowMs: number, problems: string[]): number {
  const start = parseStart(text);
  const ms = start === null ? null : start.kind === "instant" ? start.atMs : nowMs - ageOf(start);
  if (ms === null) {
    problems.push(`${flag}: found "${text}"; allowed: an instant (2026-11-01T00:00:00Z), an age (2h, 3d) or now`);
  } else if (ms > nowMs) {
    problems.push(`${flag}: ${iso(ms)} lies in the future`);
  }
  return ms ?? nowMs;
}

const ageOf = (start: { kind: "now" } | { kind: "age"; ageMs: number }): number =>
  start.kind === "age" ? start.ageMs : 0;
