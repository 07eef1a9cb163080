import { applyCommand } from "../scan/apply-command.ts";
import type { Pending } from "./command-desk.ts";
import { commitPlan } from "./commit-plan.ts";
import type { ScanRun } from "./scan-run.ts";
import type { TenantRun } from "./tenant-run.ts";

/**
 * Applies the commands that wait for a tenant's scans, each in a transaction with its history. A scan that has not
 * begun, and one before the server has told its time, lets them wait.
 *
 * @throws ConnectorError that is fatal; the reason of `signal`.
 */
export async function takeCommands(tenant: TenantRun, scans: readonly ScanRun[], signal: AbortSignal): Promise<void> {
  await refuseStrays(tenant, signal);
  if (!tenant.knowsServerTime) return;
  for (const scan of scans) {
    const mine = tenant.deps.desk.pending(({ command }) => command?.scan === scan.config.name);
    for (const pending of mine) await apply(tenant, scan, pending, signal);
  }
}

async function apply(tenant: TenantRun, scan: ScanRun, pending: Pending, signal: AbortSignal): Promise<void> {
  const { memory } = scan;
  const { command } = pending;
  if (memory === null || command === null) return;
  const { deps } = tenant;
  const { message, change } = applyCommand(command, memory.state, tenant.serverNowMs());
  const outcome = change === null ? "refused" : "done";
  const records = deps.desk.settle(pending, outcome, message, deps.clock.nowMs());
  // Not committed: the state is another one by now, and the command is judged again by that.
  if (!(await commitPlan(deps, memory, memory.plan(change ?? undefined), signal, records))) return;
  deps.desk.settled(pending);
  scan.commanded();
  const { tenant: name } = scan.config;
  deps.emit({
    type: "command_applied",
    tenant: name,
    scan: scan.config.name,
    id: command.id,
    by: command.by,
    outcome,
    message,
  });
}

/** Says of what nobody can apply that it is not applied. */
async function refuseStrays(tenant: TenantRun, signal: AbortSignal): Promise<void> {
  const { desk, owner, clock, grace, scanNames } = tenant.deps;
  for (const stray of desk.takeStrays(scanNames)) {
    const message = stray.problem ?? `there is no scan ${stray.command?.scan} in the owner's configuration`;
    const state = desk.settle(stray, "refused", message, clock.nowMs());
    const { kind } = await owner.commit({ state, records: [] }, grace);
    // Not known to be committed: refused once more, which does no harm.
    if (kind === "committed") desk.settled(stray);
    else desk.restore(stray);
    signal.throwIfAborted();
  }
}
