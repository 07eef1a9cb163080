/** One way to break the connector: `find` is there exactly once in `file`, and is replaced. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const COMMIT = "const outcome = await owner.commit(tenant, { ...plan.transaction, state }, grace);";

const READING: readonly Mutant[] = [
  {
    name: "no overlap: what shows a little late is passed",
    file: "src/scan/tail.ts",
    find: "?? cursor.positionMs - OVERLAP_MS;",
    replace: "?? cursor.positionMs;",
  },
  {
    name: "overlap a tenth short",
    file: "src/scan/tail.ts",
    find: "?? cursor.positionMs - OVERLAP_MS;",
    replace: "?? cursor.positionMs - OVERLAP_MS * 0.9;",
  },
  {
    name: "lower bound strict instead of inclusive",
    file: "src/scan/pass.ts",
    find: "untilMs === null ? { gte: fromMs } : { gte: fromMs, lte: untilMs }",
    replace: "untilMs === null ? { gt: fromMs, gte: fromMs + 1 } : { gte: fromMs + 1, lte: untilMs }",
  },
  {
    name: "position moved by a page inside a pass",
    file: "src/scan/outcome.ts",
    find: "  reader: { ...reader, pass },\n  ended: null,",
    replace:
      '  reader: { ...reader, pass, ...("origin" in reader ? {} : { positionMs: Math.max(reader.positionMs, ' +
      "pass.highestMs ?? 0) }) },\n  ended: null,",
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
    find: "...pass, fromMs: endMs + 1, splits,",
    replace: "...pass, fromMs: endMs + 2, splits,",
  },
  {
    name: "an overfull instant is passed by with its neighbour",
    file: "src/scan/outcome.ts",
    find: "{ ...pass, fromMs: atMs + 1, splits: pass.splits.filter((endMs) => endMs > atMs) }",
    replace: "{ ...pass, fromMs: atMs + 2, splits: pass.splits.filter((endMs) => endMs > atMs + 1) }",
  },
  {
    name: "an overfull instant is passed by without a gap",
    file: "src/scan/outcome.ts",
    find: "return { ...onward, gap, anomalies };",
    replace: "return { ...onward, anomalies };",
  },
  {
    name: "an empty page against its total is believed at once",
    file: "src/scan/fold.ts",
    find: "const doubted = () => partRead(reader, ask, { ...pass, doubtful: true }, facts, anomalies);\n  if (pass.nudged) {",
    replace:
      "const doubted = () => partRead(reader, ask, pass, facts, anomalies);\n  if (pass.pages > 0) return doubted();\n" +
      "  if (pass.nudged) {",
  },
  {
    name: "a scan begins later than it was told to",
    file: "src/connector/beginning.ts",
    find: "return { tailMs: fromMs + OVERLAP_MS, backfill: null };",
    replace: "return { tailMs: fromMs + OVERLAP_MS + 1, backfill: null };",
  },
  {
    name: "along another field what was found empty stays passed",
    file: "src/connector/scan-memory.ts",
    find: 'field === "created" ? this.#state : begunAnew(',
    replace: 'field !== "date" || this.cursor.revision > 0 ? this.#state : begunAnew(',
  },
  {
    name: "now is this machine's, whatever the server's clock says",
    file: "src/connector/tenant-run.ts",
    find: "return Math.floor(this.#serverTime.serverMs + clock.monotonicMs() - this.#serverTime.atMs);",
    replace: "return clock.nowMs();",
  },
];

const LOOKING_BACK: readonly Mutant[] = [
  {
    name: "a pass covers what was not old enough when it began",
    file: "src/scan/lookback.ts",
    find: "pass.serverStartMs - ageMs",
    replace: "pass.serverStartMs",
  },
  {
    name: "a pass covers what was five seconds short of its age",
    file: "src/scan/lookback.ts",
    find: "pass.serverStartMs - ageMs",
    replace: "pass.serverStartMs - ageMs + 5_000",
  },
  {
    name: "a pass that was shown nothing against its total opens no gap",
    file: "src/scan/scan-draft.ts",
    find: "if (mayPass) this.#passOver(",
    replace: "if (mayPass && pass.pages < 0) this.#passOver(",
  },
  {
    name: "a job that is read newest first skips a millisecond after each span",
    file: "src/scan/job.ts",
    find: "{ untilMs: pass.baseMs - 1 }",
    replace: "{ untilMs: pass.baseMs - 2 }",
  },
  {
    name: "a recovery begins at the position, and not an overlap before it",
    file: "src/connector/scan-memory.ts",
    find: "const whole = { fromMs: tailFromMs(cursor), untilMs: serverNowMs - 1 };",
    replace: "const whole = { fromMs: cursor.positionMs, untilMs: serverNowMs - 1 };",
  },
  {
    name: "after an outage the tail goes on without an overlap into its recovery",
    file: "src/connector/scan-memory.ts",
    find: "positionMs: serverNowMs, caughtUpMs",
    replace: "positionMs: serverNowMs + OVERLAP_MS, caughtUpMs",
  },
  {
    name: "ids of a slice forgotten as soon as the tail has left it",
    file: "src/scan/scan-draft.ts",
    find: "|| !isSettled(this.cursor, sliceMs)) continue;",
    replace: ") continue;",
  },
];

const COMMITTING: readonly Mutant[] = [
  {
    name: "cursor committed before its records",
    file: "src/connector/commit-plan.ts",
    find: COMMIT,
    replace: `await owner.commit(tenant, { ...plan.transaction, records: [] }, grace);\n    ${COMMIT}`,
  },
  {
    name: "records committed before their cursor",
    file: "src/connector/commit-plan.ts",
    find: COMMIT,
    replace:
      "await owner.commit(tenant, { ...plan.transaction, state: [{ key: 'x', value: 'x' }] }, grace);\n" +
      "    const outcome = await owner.commit(tenant, { state, records: [] }, grace);",
  },
  {
    name: "published ids not remembered in memory",
    file: "src/scan/slice-draft.ts",
    find: "for (const id of draft.ids) table.add(id);",
    replace: "",
  },
  {
    name: "published ids not remembered in state",
    file: "src/scan/slice-draft.ts",
    find: "return [...this.#chunks(sliceMs, ids), own];",
    replace: "return [own];",
  },
  {
    name: "a failed commit taken for one that was not made",
    file: "src/connector/scan-memory.ts",
    find: 'if (found === this.#committed) return "open";',
    replace: 'if (found !== undefined) return "open";',
  },
  {
    name: "a failed commit taken for one that was made",
    file: "src/connector/shard-owner.ts",
    find: 'return { kind: "reopened", state };',
    replace: 'return state === undefined ? { kind: "reopened", state } : { kind: "committed" };',
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
];

const OWNING: readonly Mutant[] = [
  {
    name: "a membership is believed however old its proof is",
    file: "src/kafka/membership.ts",
    find: "&& nowMs - provenMs < sessionMs - MARGIN_MS",
    replace: "&& nowMs + sessionMs + MARGIN_MS > 0",
  },
  {
    name: "a request on its way out is not stopped by a lost shard",
    file: "src/connector/tenant-start.ts",
    find: "deps.openTenant(plan.tenant, () => lease.isProven())",
    replace: "deps.openTenant(plan.tenant, () => lease.shard >= 0)",
  },
];

const VERIFYING: readonly Mutant[] = [
  {
    name: "a verify publishes where ids are forgotten",
    file: "src/scan/comparable.ts",
    find: "!isFolded(cursor, valueMs) && ledgerOf(sliceOf(valueMs)).remembered;",
    replace: "!isFolded(cursor, valueMs);",
  },
  {
    name: "a slice is equal though the API shows more",
    file: "src/scan/verify.ts",
    find: "ledger.ids === shown && ledger.digest === digest;",
    replace: "ledger.ids <= shown;",
  },
  {
    name: "a mismatch is not kept",
    file: "src/scan/slice-draft.ts",
    find: "ledger = { ...before, verified, gaps };",
    replace: "ledger = { ...before, gaps };",
  },
];

const CHANGING: readonly Mutant[] = [
  {
    name: "a paused scan is asked for all the same",
    file: "src/connector/scan-run.ts",
    find: "if (this.isPaused) return [];",
    replace: "",
  },
  {
    name: "an import moves the tail back",
    file: "src/scan/import.ts",
    find: "tailMs: toMs > tailMs || isAhead ? toMs : null,",
    replace: "tailMs: toMs,",
  },
];

export const MUTANTS: readonly Mutant[] = [
  ...READING,
  ...LOOKING_BACK,
  ...COMMITTING,
  ...OWNING,
  ...VERIFYING,
  ...CHANGING,
];
