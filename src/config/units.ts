import type { Start } from "./config.ts";

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const SIZE_UNITS_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

export const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
export const SIZE = /^(\d+(?:\.\d+)?)(B|KB|MB|GB|KiB|MiB|GiB)$/;

/** An instant always says its offset, so that a file means the same everywhere; a bare date is midnight UTC. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** Whole ms of `250ms`, `10s`, `15m`, `12h`, `1d`; null when it is none of them. */
export function parseDurationMs(text: string): number | null {
  return parseAmount(text, DURATION, DURATION_UNITS_MS);
}

/** Whole bytes of `64MiB`, `10MB`, `512B`; null when it is none of them. */
export function parseSizeBytes(text: string): number | null {
  return parseAmount(text, SIZE, SIZE_UNITS_BYTES);
}

/** Reads `now`, an age (`1d`) or an instant with its offset (`2026-11-01T00:00:00Z`); null when it is none of them. */
export function parseStart(text: string): Start | null {
  if (text === "now") return { kind: "now" };
  const ageMs = parseDurationMs(text);
  if (ageMs !== null) return { kind: "age", ageMs };
  const atMs = INSTANT.test(text) && isCalendarDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? null : { kind: "instant", atMs };
}

/** `Date.parse` takes the 31st of February for the 3rd of March. */
function isCalendarDay(day: string): boolean {
  const atMs = Date.parse(day);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(day);
}

function parseAmount(text: string, pattern: RegExp, units: Readonly<Record<string, number>>): number | null {
  const [, amount, unit] = pattern.exec(text) ?? [];
  const factor = unit === undefined ? undefined : units[unit];
  if (amount === undefined || factor === undefined) return null;
  const value = Math.round(Number(amount) * factor);
  return Number.isSafeInteger(value) ? value : null;
}
