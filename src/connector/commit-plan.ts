import type { StateRecord } from "../kafka/port.ts";
import { type BackoffOptions, backoffMs } from "../kit/backoff.ts";
import type { PagePlan, ScanMemory } from "./scan-memory.ts";
import type { TenantDeps } from "./tenant-run.ts";

const RECOMMIT: BackoffOptions = { firstMs: 100, capMs: 10_000 };

/** Who commits: a tenant as it runs, or the command line, which asks no tenant and learns no pace. */
export type CommitDeps = Pick<TenantDeps, "tenant" | "owner" | "clock" | "random" | "grace"> & {
  readonly pace: TenantDeps["pace"] | null;
};

/**
 * Commits a plan, whatever it takes. False when the state turns out to be another than the plan was made from:
 * then the page is dropped and the scan goes on from that state.
 *
 * @param more state that is committed with it, and has nothing to do with the scan's memory.
 *
 * @throws ConnectorError that is fatal; the reason of `signal`.
 */
export async function commitPlan(
  deps: CommitDeps,
  memory: ScanMemory,
  plan: PagePlan,
  signal: AbortSignal,
  more: readonly StateRecord[] = [],
): Promise<boolean> {
  const { tenant, owner, clock, random, grace, pace } = deps;
  for (let attempt = 1; ; attempt++) {
    const learned = pace?.change(clock.monotonicMs()) ?? null;
    const state = [...plan.transaction.state, ...more, ...(learned === null ? [] : [learned.record])];
    const outcome = await owner.commit(tenant, { ...plan.transaction, state }, grace);
    if (outcome.kind === "committed") {
      memory.committed(plan, clock.monotonicMs());
      if (learned !== null) pace?.committed(learned.pace);
      return true;
    }
    const found = memory.reload(plan, outcome.state);
    if (found !== "open") return found === "committed";
    signal.throwIfAborted();
    await clock.sleep(backoffMs(attempt, RECOMMIT, random), signal);
  }
}
