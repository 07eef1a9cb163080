/** One way to break the connector: `find` is there exactly once in `file`, and is replaced. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: "no overlap: what shows a little late is passed",
    file: "src/scan/tail.ts",
    find: "const fromMs = cursor.positionMs - OVERLAP_MS;",
    replace: "const fromMs = cursor.positionMs;",
  },
  {
    name: "overlap a tenth short",
    file: "src/scan/tail.ts",
    find: "const fromMs = cursor.positionMs - OVERLAP_MS;",
    replace: "const fromMs = cursor.positionMs - OVERLAP_MS * 0.9;",
  },
  {
    name: "lower bound strict instead of inclusive",
    file: "src/scan/tail.ts",
    find: "untilMs === null ? { gte: fromMs } : { gte: fromMs, lte: untilMs }",
    replace: "untilMs === null ? { gt: fromMs, gte: fromMs + 1 } : { gte: fromMs + 1, lte: untilMs }",
  },
  {
    name: "position moved by a page inside a pass",
    file: "src/scan/fold.ts",
    find: "  cursor: { ...cursor, pass },\n  passEnded: false,",
    replace:
      "  cursor: { ...cursor, positionMs: Math.max(cursor.positionMs, pass.highestMs ?? 0), pass },\n  passEnded: false,",
  },
  {
    name: "position moved beyond the server's time at the pass's start",
    file: "src/scan/tail.ts",
    find: "Math.min(pass.highestMs, serverStartMs)",
    replace: "pass.highestMs",
  },
  {
    name: "a span counts as settled however young it is",
    file: "src/scan/tail.ts",
    find: "reachMs !== null && reachMs <= serverStartMs - SPAN_SETTLE_MS",
    replace: "reachMs !== null",
  },
  {
    name: "the rest of a split pass begins a millisecond late",
    file: "src/scan/fold.ts",
    find: "fromMs: pass.splitMs + 1,",
    replace: "fromMs: pass.splitMs + 2,",
  },
  {
    name: "an overfull instant is passed by with its neighbour",
    file: "src/scan/fold.ts",
    find: "at.ascending ? { fromMs: at.atMs + 1 } : { untilMs: at.atMs - 1 }",
    replace: "at.ascending ? { fromMs: at.atMs + 2 } : { untilMs: at.atMs - 2 }",
  },
  {
    name: "an overfull instant is passed by without a gap",
    file: "src/scan/fold.ts",
    find: "return { ...going(cursor, beyond), gap, anomalies };",
    replace: "return { ...going(cursor, beyond), anomalies };",
  },
  {
    name: "an empty page against its total is believed at once",
    file: "src/scan/fold.ts",
    find: "if (pass.nudged) return partRead",
    replace: "if (pass.pages > 0) return partRead",
  },
  {
    name: "cursor committed before its records",
    file: "src/connector/scan-turn.ts",
    find: "const outcome = await owner.commit(plan.transaction, grace);",
    replace:
      "await owner.commit({ ...plan.transaction, records: [] }, grace);\n" +
      "      const outcome = await owner.commit(plan.transaction, grace);",
  },
  {
    name: "records committed before their cursor",
    file: "src/connector/scan-turn.ts",
    find: "const outcome = await owner.commit(plan.transaction, grace);",
    replace:
      "await owner.commit({ ...plan.transaction, state: [{ key: 'x', value: 'x' }] }, grace);\n" +
      "      const outcome = await owner.commit({ ...plan.transaction, records: [] }, grace);",
  },
  {
    name: "published ids not remembered in memory",
    file: "src/connector/scan-memory.ts",
    find: "    plan.apply();\n",
    replace: "",
  },
  {
    name: "published ids not remembered in state",
    file: "src/scan/slices.ts",
    find: '      ids: before.ids + ids.length,\n      digest: digest.toString("hex"),',
    replace: '      ids: 0,\n      digest: "0".repeat(32),',
  },
  {
    name: "ids of a slice forgotten as soon as the position has left it",
    file: "src/connector/scan-memory.ts",
    find: "const KEEP_MS = 24 * SLICE_MS;",
    replace: "const KEEP_MS = 0;",
  },
  {
    name: "a failed commit taken for one that was not made",
    file: "src/connector/scan-memory.ts",
    find: 'if (found === encodeCursor(plan.cursorAfter)) {\n      this.#take(state, found);\n      return "committed";\n    }\n    if (found === this.#committed) {',
    replace: "if (found !== undefined) {",
  },
  {
    name: "a failed commit taken for one that was made",
    file: "src/connector/shard-owner.ts",
    find: 'return { kind: "reopened", state: await this.open(signal) };',
    replace: 'await this.open(signal);\n      return { kind: "committed" };',
  },
  {
    name: "a full pace of as many requests as the budget",
    file: "src/tenant/budget.ts",
    find: "this.#paceMax = limit.requests - 1;",
    replace: "this.#paceMax = limit.requests;",
  },
  {
    name: "a new process does not wait for an interval",
    file: "src/tenant/budget.ts",
    find: "const pacedMs = this.#lastMs +",
    replace: "const pacedMs = (this.#count === 0 ? Number.NEGATIVE_INFINITY : this.#lastMs) +",
  },
  {
    name: "a scan begins later than it was told to",
    file: "src/connector/scan-run.ts",
    find: "return start.atMs + OVERLAP_MS;",
    replace: "return start.atMs + OVERLAP_MS + 1;",
  },
];
