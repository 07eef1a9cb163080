/**
 * How often a property is tried: `usual` in the normal suite, `FC_RUNS` in campaigns. A failure prints its seed
 * and path; `FC_SEED` (and `FC_PATH`) replay it.
 */
export function propertyRuns(usual: number): { numRuns: number; seed?: number; path?: string; endOnFailure?: boolean } {
  const { FC_RUNS: runs, FC_SEED: seed, FC_PATH: path } = process.env;
  return {
    numRuns: runs === undefined ? usual : Number(runs),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  };
}
