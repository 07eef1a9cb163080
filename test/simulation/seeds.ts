import { generate } from "./generate.ts";
import type { Failure } from "./oracle.ts";
import { play } from "./play.ts";

/** What came of the scenarios of many seeds. */
export interface Campaign {
  /** How many were played: all that were asked for, or up to the first that failed. */
  readonly seeds: number;
  readonly requests: number;
  readonly published: number;
  readonly cpuSeconds: number;
  /** How many seeds saw what. */
  readonly coverage: Readonly<Record<string, number>>;
  /** Seeds that were played twice, to the same end. */
  readonly replayed: number;
  readonly failedSeed: number | null;
  readonly failure: Failure | null;
}

/** Every so many seeds one is played twice. */
const REPLAY_EVERY = 100;

export async function runSeeds(from: number, seeds: number): Promise<Campaign> {
  const coverage: Record<string, number> = {};
  const sums = { seeds: 0, requests: 0, published: 0, replayed: 0 };
  const cpu = process.cpuUsage();
  let failed: { seed: number; failure: Failure } | null = null;
  for (let seed = from; seed < from + seeds && failed === null; seed++) {
    const result = await play(generate(seed));
    sums.seeds += 1;
    sums.requests += result.requests;
    sums.published += result.published;
    for (const mark of result.marks) coverage[mark] = (coverage[mark] ?? 0) + 1;
    if (result.failure !== null) failed = { seed, failure: result.failure };
    if (seed % REPLAY_EVERY !== 0) continue;
    sums.replayed += 1;
    const again = await play(generate(seed));
    if (again.hash === result.hash) continue;
    failed ??= { seed, failure: { breach: "not the same twice", detail: `${result.hash}, ${again.hash}` } };
  }
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = (user + system) / 1e6;
  return { ...sums, coverage, cpuSeconds, failedSeed: failed?.seed ?? null, failure: failed?.failure ?? null };
}

/** Several campaigns as one; of their failures the one with the lowest seed. */
export function merged(parts: readonly Campaign[]): Campaign {
  const coverage: Record<string, number> = {};
  for (const part of parts) {
    for (const [mark, count] of Object.entries(part.coverage)) coverage[mark] = (coverage[mark] ?? 0) + count;
  }
  const failed = parts
    .filter((part) => part.failure !== null)
    .sort((a, b) => Number(a.failedSeed) - Number(b.failedSeed));
  const sum = (of: (part: Campaign) => number) => parts.reduce((total, part) => total + of(part), 0);
  return {
    seeds: sum((part) => part.seeds),
    requests: sum((part) => part.requests),
    published: sum((part) => part.published),
    replayed: sum((part) => part.replayed),
    cpuSeconds: sum((part) => part.cpuSeconds),
    coverage,
    failedSeed: failed[0]?.failedSeed ?? null,
    failure: failed[0]?.failure ?? null,
  };
}
