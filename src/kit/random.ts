/** Uniform in [0, 1). Comes in as an argument so that a seed replays a run. */
export type Random = () => number;
