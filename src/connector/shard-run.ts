import type { Lease, ShardState } from "../kafka/port.ts";
import { orAborted } from "../kafka/waiting.ts";
import type { Clock } from "../kit/clock.ts";
import { describeError } from "../kit/errors.ts";
import type { Budgets } from "./budgets.ts";
import { CommandDesk } from "./command-desk.ts";
import type { ConnectorDeps } from "./connector.ts";
import type { InForce, TenantPlan } from "./in-force.ts";
import type { PageMemory } from "./page-memory.ts";
import type { ScanRun } from "./scan-run.ts";
import { ShardOwner } from "./shard-owner.ts";
import { type Encoders, loadTenant, type OwnedShard, runTenant } from "./tenant-start.ts";

/**
 * How long transactions in flight may still take once a shard is to be given up. After it they have the shard log's own
 * grace (5 s) to be decided, and connections theirs (1.5 s) to close: a stop takes at most 10 s in all.
 */
const GRACE_MS = 2_500;

/** What all shards of a process have in common. */
export interface Shared {
  readonly inForce: InForce;
  readonly encoders: Encoders;
  readonly pages: PageMemory;
  readonly budgets: Budgets;
}

/** How a shard's run ends. */
interface Ends {
  /** Aborted once all has ended. */
  readonly ended: AbortController;
  /** Aborted by the first failure. */
  readonly failed: AbortController;
  /** Aborts once the shard is to be given up: by a failure, or because its run is to end. */
  readonly stop: AbortSignal;
}

/**
 * A shard and its tenants, from when the group has given it until `signal` aborts: taken over first, then each tenant
 * runs by itself. Transactions in flight have decided themselves, or are given up, when it ends. Resolves once no
 * tenant is configured that lives in it.
 *
 * @throws the reason of `signal`; what any of the tenants fails with.
 */
export async function runShard(deps: ConnectorDeps, shared: Shared, lease: Lease, signal: AbortSignal): Promise<void> {
  const { kafka, clock, random, emit } = deps;
  await using log = kafka.shard(lease.shard, () => lease.isProven());
  const tenants = () => shared.inForce.plansOf(lease.shard).map(({ tenant }) => tenant.name);
  const owner = new ShardOwner({ log, lease, tenants, clock, random, emit });
  const [ended, failed] = [new AbortController(), new AbortController()];
  const stop = AbortSignal.any([signal, failed.signal]);
  const runs = await takeOver(deps, shared, { owner, lease }, { ended, failed, stop });
  const following = log.follow((key, value) => runs.desk.offer(key, value), AbortSignal.any([stop, ended.signal]));
  let reason = "no tenant that lives in it is configured any more";
  try {
    await runs.follow();
  } catch (error) {
    failed.abort(error);
    reason = describeError(stop.reason);
    throw signal.aborted ? signal.reason : failed.signal.reason;
  } finally {
    await runs.ended();
    ended.abort();
    await following;
    emit({ type: "shard_released", shard: lease.shard, reason });
  }
}

/**
 * Opens the shard, and starts its tenants with what its state has of them. The state itself is let go: ids that are
 * forgotten later would stay in memory with it.
 */
async function takeOver(
  deps: ConnectorDeps,
  shared: Shared,
  own: Pick<OwnedShard, "owner" | "lease">,
  ends: Ends,
): Promise<TenantRuns> {
  const state = await own.owner.open(ends.stop);
  const grace = graceAfter(deps.clock, ends.stop, ends.ended.signal);
  const runs = new TenantRuns(deps, shared, { ...own, desk: new CommandDesk(state), grace }, ends);
  runs.start(shared.inForce.plansOf(own.lease.shard), state);
  return runs;
}

interface Running {
  readonly ended: Promise<void>;
  readonly scans: readonly ScanRun[];
}

/** The tenants of a shard as they run: those that are configured, each by its present plan. */
class TenantRuns {
  readonly #deps: ConnectorDeps;
  readonly #shared: Shared;
  readonly #shard: OwnedShard;
  readonly #ends: Ends;
  readonly #running = new Map<TenantPlan, Running>();

  constructor(deps: ConnectorDeps, shared: Shared, shard: OwnedShard, ends: Ends) {
    this.#deps = deps;
    this.#shared = shared;
    this.#shard = shard;
    this.#ends = ends;
  }

  get desk(): CommandDesk {
    return this.#shard.desk;
  }

  /** @param state of the shard, in which nothing has been committed for these tenants since. */
  start(plans: readonly TenantPlan[], state: ShardState): void {
    for (const plan of plans) this.#start(plan, state);
  }

  /**
   * Ends and starts tenants at each change, until none is configured.
   * @throws the reason of the shard's end; what opening the shard again fails with.
   */
  async follow(): Promise<void> {
    const { inForce } = this.#shared;
    for (;;) {
      const { changed } = inForce;
      const plans = inForce.plansOf(this.#shard.lease.shard);
      const haveLeft = await this.#endOthers(plans);
      const added = plans.filter((plan) => !this.#running.has(plan));
      // Also for those that have left alone: whoever looks at the shard is told who is in it.
      if (haveLeft || added.length > 0) this.start(added, await this.#shard.owner.reread(this.#shard.grace));
      if (plans.length === 0) return;
      for (const { scans } of this.#running.values()) {
        for (const scan of scans) scan.idsBytesMax = inForce.idsBytesPerScan;
      }
      await orAborted(changed, this.#ends.stop);
    }
  }

  /** Resolves once none runs any more. */
  async ended(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  /** Whether any ran that is not among `plans` any more; it has ended. */
  async #endOthers(plans: readonly TenantPlan[]): Promise<boolean> {
    const others = [...this.#running].filter(([plan]) => !plans.includes(plan));
    for (const [plan, { ended }] of others) {
      await ended;
      this.#running.delete(plan);
    }
    return others.length > 0;
  }

  #start(plan: TenantPlan, state: ShardState): void {
    const { stop, failed } = this.#ends;
    const loaded = loadTenant(this.#deps, this.#shared, plan, state);
    const signal = AbortSignal.any([stop, plan.retired]);
    const ended = runTenant(this.#deps, this.#shared, this.#shard, loaded, signal).catch((error: unknown) => {
      if (!plan.retired.aborted || error !== plan.retired.reason) failed.abort(error);
    });
    plan.carries(ended);
    this.#running.set(plan, { ended, scans: loaded.scans });
  }
}

/** A signal that aborts `GRACE_MS` after `stop`, unless all has `ended` before. */
function graceAfter(clock: Clock, stop: AbortSignal, ended: AbortSignal): AbortSignal {
  const grace = new AbortController();
  const begin = async () => {
    try {
      await clock.sleep(GRACE_MS, ended);
      grace.abort(stop.reason);
    } catch {
      // Ended in time.
    }
  };
  stop.addEventListener("abort", () => void begin(), { once: true });
  return grace.signal;
}
