import type { TenantConfig } from "../config/config.ts";
import type { GroupEvents, KafkaPort, Lease } from "../kafka/port.ts";
import { aborted } from "../kit/together.ts";
import type { ConnectorDeps } from "./connector.ts";
import type { PageMemory } from "./page-memory.ts";
import { OwnedInBetween } from "./shard-owner.ts";
import { type Encoders, runShard } from "./shard-run.ts";

export interface ShardsPlan {
  readonly encoders: Encoders;
  readonly pages: PageMemory;
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
  const { config, kafka, emit } = deps;
  const tenants = byShard(kafka, config.tenants);
  /** The last run of each shard: a shard that comes back is begun once its run before has ended. */
  const runs = new Map<number, Promise<void>>();
  const events: GroupEvents = {
    gained: (lease) => {
      const mine = tenants.get(lease.shard);
      if (mine === undefined) return;
      const before = runs.get(lease.shard) ?? Promise.resolve();
      runs.set(
        lease.shard,
        before.then(() => runLeased(deps, plan, { lease, tenants: mine }, stop)),
      );
    },
    joined: () => emit({ type: "stage", subject: "connector", stage: "running" }),
    left: (reason) => emit({ type: "stage", subject: "connector", stage: `joining the group again: ${reason}` }),
    failed: (error) => plan.failed.abort(error),
  };
  await using group = kafka.group(new Set(tenants.keys()), events);
  try {
    await plan.atLast("joining the group", () => group.join(stop));
    await aborted(stop);
  } finally {
    await Promise.all(runs.values());
  }
  throw stop.reason;
}

interface Leased {
  readonly lease: Lease;
  readonly tenants: readonly TenantConfig[];
}

/**
 * A shard's run; that the lease or the connector ends is how it ends. Where the command line has owned the shard in
 * between it is begun anew, with nothing remembered.
 */
async function runLeased(deps: ConnectorDeps, plan: ShardsPlan, leased: Leased, stop: AbortSignal): Promise<void> {
  const { lost } = leased.lease;
  for (;;) {
    try {
      await runShard(deps, { ...plan, ...leased }, AbortSignal.any([stop, lost]));
    } catch (error) {
      if (lost.aborted || stop.aborted) return;
      if (error instanceof OwnedInBetween) continue;
      plan.failed.abort(error);
      return;
    }
  }
}

function byShard(kafka: KafkaPort, tenants: readonly TenantConfig[]): Map<number, TenantConfig[]> {
  const shards = new Map<number, TenantConfig[]>();
  for (const tenant of tenants) {
    const shard = kafka.shardOf(tenant.name);
    shards.set(shard, [...(shards.get(shard) ?? []), tenant]);
  }
  return shards;
}
