import type { Failure } from "./oracle.ts";
import type { Campaign } from "./seeds.ts";

const COLUMNS = 3;
const WIDTH = 38;

/** What a campaign came to, and how many seeds saw what. */
export function reportText(campaign: Campaign, seconds: number): string {
  const { seeds, requests, published, replayed, cpuSeconds, coverage } = campaign;
  const perSeed = `${((cpuSeconds * 1_000) / seeds).toFixed(1)} ms CPU a seed`;
  const cells = Object.entries(coverage)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([mark, count]) => `${String(count).padStart(7)} ${mark}`.padEnd(WIDTH));
  const lines: string[] = [];
  const rows = Math.ceil(cells.length / COLUMNS);
  for (let row = 0; row < rows; row++) {
    const cellsOfRow = Array.from({ length: COLUMNS }, (_, column) => cells[column * rows + row] ?? "");
    lines.push(cellsOfRow.join("").trimEnd());
  }
  return [
    `${seeds} seeds in ${seconds.toFixed(1)} s (${(seeds / seconds).toFixed(0)} a second, ${perSeed}), ` +
      `${requests} requests, ${published} activities published, ${replayed} seeds played twice the same`,
    "seeds that saw:",
    ...lines,
  ].join("\n");
}

export const failureText = (failure: Failure | null): string =>
  failure === null ? "every invariant held" : `${failure.breach} (${failure.detail})`;
