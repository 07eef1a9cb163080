/** Median and worst time without a commit, in ms. */
type Pair = readonly [medianMs: number, worstMs: number];

/**
 * By kind of chapter: what a bare group of kafkajs with the same sessions has shown, whose shards commit every 0.2 s; a
 * quarter more is aimed at. Nothing fails by it: a busy machine is slower.
 */
const SHOWN: Readonly<Record<string, { readonly moved: Pair; readonly kept?: Pair }>> = {
  kill: { moved: [7_000, 7_400], kept: [3_800, 4_200] },
  add: { moved: [500, 1_500] },
  stopped: { moved: [2_100, 2_200] },
  started: { moved: [2_100, 2_200] },
};
const MORE = 1.25;

/** For a person, in seconds; empty where nothing is aimed at. */
export function aimText(what: string): string {
  const shown = SHOWN[what];
  if (shown === undefined) return "";
  const text = (pair: Pair) => pair.map((ms) => ((ms * MORE) / 1_000).toFixed(1)).join(" / ");
  return shown.kept === undefined ? text(shown.moved) : `${text(shown.moved)}; stayed ${text(shown.kept)}`;
}
