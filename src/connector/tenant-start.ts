import type { Encode } from "../activity/encode.ts";
import type { ScanConfig } from "../config/config.ts";
import type { Lease, ShardState } from "../kafka/port.ts";
import { ConnectorError } from "../kit/errors.ts";
import { decodePace, paceKey } from "../scan/pace.ts";
import type { CommandDesk } from "./command-desk.ts";
import type { ConnectorDeps } from "./connector.ts";
import type { TenantPlan } from "./in-force.ts";
import { LearnedPace } from "./learned-pace.ts";
import type { RecordPlan } from "./page-records.ts";
import { ScanMemory } from "./scan-memory.ts";
import { cursorMoved } from "./scan-progress.ts";
import { ScanRun } from "./scan-run.ts";
import type { ShardOwner } from "./shard-owner.ts";
import type { Shared } from "./shard-run.ts";
import { TenantRun } from "./tenant-run.ts";

/** A record's value may be this large; the broker's default limit is 1 MiB, headers and framing included. */
const VALUE_BYTES_MAX = 900 * 1024;

/** By activities topic; the scans of a topic share one. */
export type Encoders = Map<string, Encode>;

export interface OwnedShard {
  readonly owner: ShardOwner;
  readonly lease: Lease;
  readonly desk: CommandDesk;
  /** Aborts a while after the shard is to be given up. */
  readonly grace: AbortSignal;
}

/** What a tenant's part of the shard's state says; the state itself is not needed any more. */
export interface LoadedTenant {
  readonly plan: TenantPlan;
  readonly scans: readonly ScanRun[];
  readonly learnedPace: number | null;
}

/** The scans whose state can be read; the others are blocked, said so, and left as they are. */
export function loadTenant(deps: ConnectorDeps, shared: Shared, plan: TenantPlan, state: ShardState): LoadedTenant {
  const scans = plan.scans.flatMap((scan) => loadScan(deps, shared, scan, state) ?? []);
  return { plan, scans, learnedPace: decodePace(state.get(paceKey(plan.tenant.name))) };
}

function loadScan({ emit, ...deps }: ConnectorDeps, shared: Shared, scan: ScanConfig, state: ShardState) {
  const { idsBytesPerScan } = shared.inForce;
  const run = new ScanRun(scan, recordPlan(deps, shared, scan), idsBytesPerScan, emit);
  try {
    run.memory = ScanMemory.load(scan, state, idsBytesPerScan);
    run.is("starting");
    run.tellPaused();
    // How far behind it is shows from the first moment, whether or not the tenant answers.
    if (run.memory !== null) emit(cursorMoved(scan, run.memory, deps.clock.nowMs()));
    return run;
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    run.is("blocked", error.message, error.code);
    return null;
  }
}

/** One tenant until `signal` aborts. @throws the reason of `signal`; ConnectorError that is fatal. */
export async function runTenant(
  deps: ConnectorDeps,
  { inForce, pages, budgets }: Shared,
  { owner, lease, desk, grace }: OwnedShard,
  { plan, scans, learnedPace }: LoadedTenant,
  signal: AbortSignal,
): Promise<never> {
  const { clock, random, emit } = deps;
  const { name, apiUrl, requestsPerMinute } = plan.tenant;
  const limit = { requests: requestsPerMinute, ...(learnedPace === null ? {} : { learnedPace }) };
  using held = await budgets.take(apiUrl, limit, clock, signal);
  const { budget } = held;
  await using client = deps.openTenant(plan.tenant, () => lease.isProven());
  const pace = new LearnedPace(name, budget, clock.monotonicMs());
  const { scanNames } = inForce;
  const own = { owner, lease, desk, scanNames, pages, clock, random, emit, grace };
  const traced = deps.trace === undefined ? {} : { trace: deps.trace };
  const parts = { ...own, ...traced, tenant: name, requestsPerMinute, client, budget, pace };
  return await new TenantRun(parts, scans).run(signal);
}

function recordPlan(
  { config, kafka }: Pick<ConnectorDeps, "config" | "kafka">,
  { encoders }: Shared,
  scan: ScanConfig,
): RecordPlan {
  const encode = encoders.get(scan.topic);
  if (encode === undefined) throw new Error(`invariant broken: topic ${scan.topic} has no schema`);
  return {
    scan,
    encode,
    dlqTopic: config.topics.dlq.name,
    activityBytesMax: config.limits.activityBytes,
    valueBytesMax: VALUE_BYTES_MAX,
    partitionOf: (topic, key) => kafka.partitionOf(topic, key),
  };
}
