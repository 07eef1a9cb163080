import type { GroupEvents, Lease } from "../kafka/port.ts";
import { orAborted } from "../kafka/waiting.ts";
import { aborted, together } from "../kit/together.ts";
import type { ConnectorDeps } from "./connector.ts";
import { OwnedInBetween } from "./shard-owner.ts";
import { runShard, type Shared } from "./shard-run.ts";

export interface ShardsPlan {
  readonly shared: Shared;
  /** Beside the shards, until the connector stops. */
  readonly beside: (stop: AbortSignal) => Promise<void>;
  /** Repeats a step until it succeeds, as long as its failure is one that can pass by itself. */
  readonly atLast: (stage: string, step: () => Promise<void>) => Promise<void>;
  /** Aborted by the first failure, which ends the whole connector. */
  readonly failed: AbortController;
}

/**
 * Owns the shards that the group gives to this process, each from its lease's beginning to its end, until `stop`
 * aborts. The group is left once the last transaction has ended.
 *
 * @throws the reason of `stop`, or what the whole connector fails with.
 */
export async function runShards(deps: ConnectorDeps, plan: ShardsPlan, stop: AbortSignal): Promise<never> {
  const { kafka, emit } = deps;
  /** The last run of each shard: a shard that comes back is begun once its run before has ended. */
  const runs = new Map<number, Promise<void>>();
  const events: GroupEvents = {
    gained: (lease) => {
      const before = runs.get(lease.shard) ?? Promise.resolve();
      runs.set(
        lease.shard,
        before.then(() => runLeased(deps, plan, lease, stop)),
      );
    },
    joined: () => emit({ type: "stage", subject: "connector", stage: "running" }),
    left: (reason) => emit({ type: "stage", subject: "connector", stage: `joining the group again: ${reason}` }),
    failed: (error) => plan.failed.abort(error),
  };
  await using group = kafka.group(plan.shared.inForce.shards, events);
  try {
    await plan.atLast("joining the group", () => group.join(stop));
    await together([plan.beside(stop), aborted(stop)], plan.failed);
  } finally {
    await Promise.all(runs.values());
  }
  throw stop.reason;
}

/**
 * A shard's runs, as long as tenants are configured that live in it; that the lease or the connector ends is how they
 * end. Where the command line has owned the shard in between it is begun anew, with nothing remembered.
 */
async function runLeased(deps: ConnectorDeps, plan: ShardsPlan, lease: Lease, stop: AbortSignal): Promise<void> {
  const { lost, shard } = lease;
  const { inForce } = plan.shared;
  const over = AbortSignal.any([stop, lost]);
  for (;;) {
    try {
      const { changed } = inForce;
      if (inForce.plansOf(shard).length > 0) await runShard(deps, plan.shared, lease, over);
      else await orAborted(changed, over);
    } catch (error) {
      if (over.aborted) return;
      if (error instanceof OwnedInBetween) continue;
      plan.failed.abort(error);
      return;
    }
  }
}
