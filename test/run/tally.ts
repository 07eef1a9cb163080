/** What a stage came to. */
export interface Tally {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

export interface StageResult {
  readonly stage: string;
  readonly exitCode: number | null;
  readonly seconds: number;
  /** Null: the stage runs no tests, or fell before it could count them. */
  readonly tally: Tally | null;
}

/** How many failures a stage stands for: one that went wrong without a failed test is a failure too. */
export function failures(result: StageResult): number {
  const tests = result.tally?.failed.length ?? 0;
  return result.exitCode === 0 ? tests : Math.max(1, tests);
}

/** The closing text: a line a stage, what was skipped and why, what failed, and last `N passed, N failed`. */
export function summary(results: readonly StageResult[]): string {
  const lines = results.map(
    (result) => `${result.stage.padEnd(14)} ${outcome(result)} in ${result.seconds.toFixed(1)} s`,
  );
  const skipped = results.flatMap(
    (result) => result.tally?.skipped.map((test) => ({ ...test, stage: result.stage })) ?? [],
  );
  if (skipped.length > 0) {
    lines.push(
      `${skipped.length} skipped:`,
      ...skipped.map(({ stage, name, reason }) => `  ${stage}: ${name} (${reason})`),
    );
  }
  for (const result of results) {
    const failed = result.tally?.failed ?? [];
    lines.push(...failed.map((name) => `FAILED ${result.stage}: ${name}`));
    if (failed.length === 0 && result.exitCode !== 0)
      lines.push(`FAILED ${result.stage}: exit code ${result.exitCode}`);
  }
  const passed = results.reduce((sum, result) => sum + (result.tally?.passed ?? 0), 0);
  const failed = results.reduce((sum, result) => sum + failures(result), 0);
  return [...lines, `${passed} passed, ${failed} failed`].join("\n");
}

function outcome(result: StageResult): string {
  if (result.tally === null) return result.exitCode === 0 ? "ok" : "FAILED";
  const { passed, skipped } = result.tally;
  return `${passed} passed, ${failures(result)} failed, ${skipped.length} skipped`;
}
