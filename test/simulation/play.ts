import { compileTypesOnce } from "./compiled-types.ts";
import { coverageOf } from "./coverage.ts";
import type { Failure } from "./oracle.ts";
import type { Scenario } from "./scenario.ts";
import { World } from "./world.ts";

compileTypesOnce();

/** What came of one scenario. */
export interface Result {
  readonly seed: number;
  /** Null: every invariant held. */
  readonly failure: Failure | null;
  readonly requests: number;
  readonly published: number;
  /** Equal for equal runs: everything that happened, in its order. */
  readonly hash: string;
  /** What the run has seen, for counting. */
  readonly marks: readonly string[];
  /** Everything that happened, when it was asked for. */
  readonly lines: readonly string[];
}

export async function play(scenario: Scenario, keepsTrace = false): Promise<Result> {
  let unhandled: unknown;
  const onUnhandled = (error: unknown) => {
    unhandled ??= error;
  };
  process.on("unhandledRejection", onUnhandled);
  const world = new World(scenario, keepsTrace);
  try {
    await world.play();
    // Unhandled rejections are told when the loop turns.
    if (scenario.seed % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("unhandledRejection", onUnhandled);
  }
  if (unhandled !== undefined) world.oracle.fail("unhandled", String(unhandled));
  return {
    seed: scenario.seed,
    failure: world.oracle.failure,
    requests: world.oracle.requests,
    published: world.oracle.published.size,
    hash: world.hash,
    marks: coverageOf(scenario, world),
    lines: world.trace.lines ?? [],
  };
}
