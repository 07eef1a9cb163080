const UNITS = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** An age in the largest unit that fits it whole, up to hours, as people write them: `2m`, `24h`. */
export function ageText(ageMs: number): string {
  const [unit, lengthMs] = UNITS.find(([, ms]) => ageMs > 0 && ageMs % ms === 0) ?? ["ms", 1];
  return `${ageMs / lengthMs}${unit}`;
}
