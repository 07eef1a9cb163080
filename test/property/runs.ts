/**
 * How often a property is tried: `usual` in the normal suite, `FC_TIMES` as often in campaigns (10: ten times), or
 * `FC_RUNS` times. A failure prints its seed and path; `FC_SEED` (and `FC_PATH`) replay it.
 */
export function propertyRuns(usual: number): { numRuns: number; seed?: number; path?: string; endOnFailure?: boolean } {
  const { FC_TIMES: times = "1", FC_RUNS: runs, FC_SEED: seed, FC_PATH: path } = process.env;
  return {
    numRuns: runs === undefined ? Math.ceil(usual * Number(times)) : Number(runs),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  };
}
