import type { Encode } from "../activity/encode.ts";
import { idsBytesPerScan, type ScanConfig, type TenantConfig } from "../config/config.ts";
import type { Lease, ShardState } from "../kafka/port.ts";
import type { Clock } from "../kit/clock.ts";
import { ConnectorError, describeError } from "../kit/errors.ts";
import { together } from "../kit/together.ts";
import { decodePace, paceKey } from "../scan/pace.ts";
import { Budget } from "../tenant/budget.ts";
import { CommandDesk } from "./command-desk.ts";
import type { ConnectorDeps } from "./connector.ts";
import { LearnedPace } from "./learned-pace.ts";
import type { RecordPlan } from "./page.ts";
import type { PageMemory } from "./page-memory.ts";
import { ScanMemory } from "./scan-memory.ts";
import { cursorMoved } from "./scan-progress.ts";
import { ScanRun } from "./scan-run.ts";
import { ShardOwner } from "./shard-owner.ts";
import { TenantRun } from "./tenant-run.ts";

/**
 * How long transactions in flight may still take once a shard is to be given up. After it they have the shard log's own
 * grace (5 s) to be decided, and connections theirs (1.5 s) to close: a stop takes at most 10 s in all.
 */
const GRACE_MS = 2_500;
/** A record's value may be this large; the broker's default limit is 1 MiB, headers and framing included. */
const VALUE_BYTES_MAX = 900 * 1024;

/** By activities topic; the scans of a topic share one. */
export type Encoders = ReadonlyMap<string, Encode>;

export interface ShardPlan {
  readonly lease: Lease;
  readonly tenants: readonly TenantConfig[];
  readonly encoders: Encoders;
  readonly pages: PageMemory;
}

/**
 * A shard and its tenants, from when the group has given it until `signal` aborts: taken over first, then each tenant
 * runs by itself. Transactions in flight have decided themselves, or are given up, when it ends.
 *
 * @throws the reason of `signal`; what any of the tenants fails with.
 */
export async function runShard(deps: ConnectorDeps, plan: ShardPlan, signal: AbortSignal): Promise<void> {
  const { kafka, clock, random, emit } = deps;
  const { lease } = plan;
  await using log = kafka.shard(lease.shard, () => lease.isProven());
  const tenants = plan.tenants.map((tenant) => tenant.name);
  const owner = new ShardOwner({ log, lease, tenants, clock, random, emit });
  const { desk, loaded } = await takeOver(deps, plan, owner, signal);
  const [ended, failed] = [new AbortController(), new AbortController()];
  const stop = AbortSignal.any([signal, failed.signal]);
  const following = log.follow((key, value) => desk.offer(key, value), AbortSignal.any([stop, ended.signal]));
  const shard = { owner, desk, grace: graceAfter(clock, stop, ended.signal) };
  const runs = loaded.map((tenant) => runTenant(deps, plan, tenant, shard, stop));
  try {
    await together(runs, failed);
  } finally {
    ended.abort();
    await following;
    emit({ type: "shard_released", shard: lease.shard, reason: describeError(stop.reason) });
  }
}

/** A tenant and what the shard's state holds of it. */
interface LoadedTenant {
  readonly tenant: TenantConfig;
  readonly learnedPace: number | null;
  readonly scans: readonly ScanRun[];
}

/**
 * Opens the shard and takes out of its state what is needed. The state itself is let go: ids that are forgotten later
 * would stay in memory with it.
 */
async function takeOver(
  deps: ConnectorDeps,
  plan: ShardPlan,
  owner: ShardOwner,
  signal: AbortSignal,
): Promise<{ readonly desk: CommandDesk; readonly loaded: readonly LoadedTenant[] }> {
  const state = await owner.open(signal);
  const loaded = plan.tenants.map((tenant) => ({
    tenant,
    learnedPace: decodePace(state.get(paceKey(tenant.name))),
    scans: loadScans(
      deps,
      plan,
      deps.config.scans.filter((scan) => scan.tenant === tenant.name),
      state,
    ),
  }));
  return { desk: new CommandDesk(state), loaded };
}

interface OwnedShard {
  readonly owner: ShardOwner;
  readonly desk: CommandDesk;
  /** Aborts a while after the shard is to be given up. */
  readonly grace: AbortSignal;
}

async function runTenant(
  deps: ConnectorDeps,
  plan: ShardPlan,
  { tenant, learnedPace, scans }: LoadedTenant,
  { owner, desk, grace }: OwnedShard,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, emit, config } = deps;
  const { pages, lease } = plan;
  await using client = deps.openTenant(tenant, () => lease.isProven());
  const { name, requestsPerMinute } = tenant;
  const limit = { requests: requestsPerMinute, ...(learnedPace === null ? {} : { learnedPace }) };
  const budget = new Budget(limit, clock.monotonicMs());
  const pace = new LearnedPace(name, budget, clock.monotonicMs());
  const scanNames = new Set(config.scans.map((scan) => scan.name));
  const shared = { owner, lease, desk, scanNames, pages, clock, random, emit, grace };
  const traced = deps.trace === undefined ? {} : { trace: deps.trace };
  const own = { ...shared, ...traced, tenant: name, requestsPerMinute, client, budget, pace };
  await new TenantRun(own, scans).run(signal);
}

/** The scans whose state can be read; the others are blocked, said so, and left as they are. */
function loadScans(deps: ConnectorDeps, plan: ShardPlan, scans: readonly ScanConfig[], state: ShardState): ScanRun[] {
  const { emit, config, clock } = deps;
  return scans.flatMap((scan) => {
    const idsBytesMax = idsBytesPerScan(config);
    const run = new ScanRun(scan, recordPlan(deps, plan, scan), idsBytesMax, emit);
    try {
      run.memory = ScanMemory.load(scan, state, idsBytesMax);
      run.is("starting");
      // How far behind it is shows from the first moment, whether or not the tenant answers.
      if (run.memory !== null) emit(cursorMoved(scan, run.memory, clock.nowMs()));
      return [run];
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      run.is("blocked", error.message, error.code);
      return [];
    }
  });
}

function recordPlan(deps: ConnectorDeps, plan: ShardPlan, scan: ScanConfig): RecordPlan {
  const { config, kafka } = deps;
  const encode = plan.encoders.get(scan.topic);
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
