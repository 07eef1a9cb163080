import { applyCommand, isTimeless } from "../scan/apply-command.ts";
import type { Command } from "../scan/command.ts";
import type { CommandDesk, Pending } from "./command-desk.ts";
import { type CommitDeps, commitPlan } from "./commit-plan.ts";
import type { ScanMemory } from "./scan-memory.ts";
import { cursorMoved } from "./scan-progress.ts";
import type { ScanRun } from "./scan-run.ts";
import type { TenantRun } from "./tenant-run.ts";

/**
 * Applies the commands that wait for a tenant's scans, in their order, each in a transaction with its history. A scan
 * that has not begun lets them wait; and until the server has told its time, so do those that are judged by it, unless
 * nobody will ask it, as all scans are paused: then this machine's time stands in.
 *
 * @throws ConnectorError that is fatal; the reason of `signal`.
 */
export async function takeCommands(tenant: TenantRun, scans: readonly ScanRun[], signal: AbortSignal): Promise<void> {
  await refuseStrays(tenant, signal);
  for (const scan of scans) {
    const mine = tenant.deps.desk.pending(({ command }) => command?.scan === scan.config.name);
    for (const pending of mine) {
      const hasTime = tenant.knowsServerTime || scans.every(({ isPaused }) => isPaused);
      if (!hasTime && pending.command !== null && !isTimeless(pending.command)) break;
      await apply(tenant, scan, pending, signal);
    }
  }
}

async function apply(tenant: TenantRun, scan: ScanRun, pending: Pending, signal: AbortSignal): Promise<void> {
  const { memory } = scan;
  if (memory === null) return;
  const { deps } = tenant;
  const settled = await settleCommand({ ...deps, serverNowMs: tenant.serverNowMs() }, memory, pending, signal);
  if (settled === null) return;
  scan.commanded();
  const { command, outcome, message } = settled;
  const { tenant: name } = scan.config;
  // Of others the tail tells, which looks at once.
  if (scan.isPaused) deps.emit(cursorMoved(scan.config, memory, tenant.serverNowMs()));
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

export interface SettleDeps extends CommitDeps {
  readonly desk: CommandDesk;
  /** By which the command is judged. */
  readonly serverNowMs: number;
}

/** A command, and what became of it. */
export interface Settled {
  readonly command: Command;
  readonly outcome: "done" | "refused";
  readonly message: string;
}

/**
 * Applies a command to its scan, or refuses it: in a transaction with its history. Null: not committed, because the
 * state is another one by now; the command still waits, and is to be judged again by that.
 *
 * @throws ConnectorError that is fatal; OwnedInBetween; the reason of `signal`.
 */
export async function settleCommand(
  deps: SettleDeps,
  memory: ScanMemory,
  pending: Pending,
  signal: AbortSignal,
): Promise<Settled | null> {
  const { desk, clock, serverNowMs } = deps;
  const { command } = pending;
  if (command === null) return null;
  const { message, change } = applyCommand(command, memory.state, serverNowMs);
  const outcome = change === null ? "refused" : "done";
  const records = desk.settle(pending, outcome, message, clock.nowMs());
  if (!(await commitPlan(deps, memory, memory.plan(change ?? undefined), signal, records))) return null;
  desk.settled(pending);
  return { command, outcome, message };
}

/** Says of what nobody can apply that it is not applied. */
async function refuseStrays(tenant: TenantRun, signal: AbortSignal): Promise<void> {
  const { tenant: name, desk, owner, clock, grace, scanNames } = tenant.deps;
  for (const stray of desk.takeStrays(scanNames)) {
    const message = stray.problem ?? `there is no scan ${stray.command?.scan} in the owner's configuration`;
    const state = desk.settle(stray, "refused", message, clock.nowMs());
    const { kind } = await owner.commit(name, { state, records: [] }, grace);
    // Not known to be committed: refused once more, which does no harm.
    if (kind === "committed") desk.settled(stray);
    else desk.restore(stray);
    signal.throwIfAborted();
  }
}
