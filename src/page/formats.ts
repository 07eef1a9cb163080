/** Numbers and times as the viewer writes them. */
export interface Formats {
  /** Whole numbers, grouped. */
  count(value: number): string;
  /** A share of 1. */
  share(value: number): string;
  /** At most two units: `45 s`, `3 min 20 s`, `2 d 4 h`. */
  duration(seconds: number): string;
  /** Date and time to the second. */
  instant(epochMs: number): string;
  /** The time of day to the second; with its date where that is not today's. */
  moment(epochMs: number, nowMs: number): string;
  /** Hours and minutes. */
  clock(epochMs: number): string;
  /** The zone that the times are in. */
  readonly zone: string;
}

/** @param timeZone undefined: the viewer's own. @param locale undefined: the viewer's own. */
export function openFormats(timeZone?: string, locale?: string): Formats {
  const zoned = timeZone === undefined ? {} : { timeZone };
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumSignificantDigits: 2 });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium", ...zoned });
  const instant = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium", ...zoned });
  const second = new Intl.DateTimeFormat(locale, { timeStyle: "medium", ...zoned });
  const minute = new Intl.DateTimeFormat(locale, { timeStyle: "short", ...zoned });
  return {
    count: (value) => whole.format(value),
    share: (value) => percent.format(value),
    duration: (seconds) => duration(seconds, whole),
    instant: (epochMs) => instant.format(epochMs),
    moment: (epochMs, nowMs) => (day.format(epochMs) === day.format(nowMs) ? second : instant).format(epochMs),
    clock: (epochMs) => minute.format(epochMs),
    zone: minute.resolvedOptions().timeZone,
  };
}

/** `2026-11-25 09:12:03 UTC` */
export const utcOf = (epochMs: number): string =>
  `${new Date(epochMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

function duration(seconds: number, whole: Intl.NumberFormat): string {
  const rounded = Math.max(0, Math.round(seconds));
  const first = UNITS.findIndex(([, size]) => rounded >= size);
  if (first === -1) return `${whole.format(0)} s`;
  const [unit, size] = UNITS[first] ?? UNITS[3];
  const next = UNITS[first + 1];
  const text = `${whole.format(Math.floor(rounded / size))} ${unit}`;
  const rest = next === undefined ? 0 : Math.floor((rounded % size) / next[1]);
  return next === undefined || rest === 0 ? text : `${text} ${whole.format(rest)} ${next[0]}`;
}
