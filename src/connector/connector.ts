import { type Encode, openEncoder } from "../activity/encode.ts";
import { activityTopicsOf, type Config, type ScanConfig, type TenantConfig } from "../config/config.ts";
import type { KafkaPort, ShardState, TopicSpec } from "../kafka/port.ts";
import { type BackoffOptions, backoffMs } from "../kit/backoff.ts";
import type { Clock } from "../kit/clock.ts";
import { ConnectorError, describeError } from "../kit/errors.ts";
import type { Random } from "../kit/random.ts";
import { together } from "../kit/together.ts";
import type { Emit } from "../observe/events.ts";
import { decodePace, paceKey } from "../scan/pace.ts";
import { Budget } from "../tenant/budget.ts";
import { CommandDesk } from "./command-desk.ts";
import { LearnedPace } from "./learned-pace.ts";
import type { RecordPlan } from "./page.ts";
import { PageMemory } from "./page-memory.ts";
import { ScanMemory } from "./scan-memory.ts";
import { cursorMoved } from "./scan-progress.ts";
import { ScanRun } from "./scan-run.ts";
import { ShardOwner } from "./shard-owner.ts";
import { type TenantPort, TenantRun } from "./tenant-run.ts";

export interface ConnectorDeps {
  readonly config: Config;
  readonly version: string;
  readonly kafka: KafkaPort;
  openTenant(tenant: TenantConfig): TenantPort & AsyncDisposable;
  /** The registry's id of our schema for a topic's values. */
  openSchema(topic: string, signal: AbortSignal): Promise<number>;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: Emit;
}

const START: BackoffOptions = { firstMs: 500, capMs: 15_000 };
/**
 * How long transactions in flight may still take once a stop was asked for. After it they have the shard log's own
 * grace (5 s) to be decided, and connections theirs (1.5 s) to close: a stop takes at most 10 s in all.
 */
const GRACE_MS = 2_500;
/** A record's value may be this large; the broker's default limit is 1 MiB, headers and framing included. */
const VALUE_BYTES_MAX = 900 * 1024;

/**
 * The whole connector: topics, schema, shards, and then every tenant, until `signal` aborts. What can pass by
 * itself is waited for at each step; the tenants are contacted last, so that a fault downstream costs them nothing.
 *
 * @throws ConnectorError that is fatal; the reason of `signal` after a clean stop.
 */
export async function runConnector(deps: ConnectorDeps, signal: AbortSignal): Promise<void> {
  const { config, emit, version } = deps;
  emit({ type: "connector_started", version, cursorsTopic: config.topics.cursors.name });
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const tell = () => {
    emit({ type: "connector_stopping", reason: describeError(stop.reason), failed: !signal.aborted });
  };
  stop.addEventListener("abort", tell, { once: true });
  try {
    const encoders = await prepareDownstream(deps, stop);
    await runShards(deps, encoders, failed, stop);
  } catch (error) {
    failed.abort(error);
    throw error;
  }
}

/** By activities topic; the scans of a topic share one. */
type Encoders = ReadonlyMap<string, Encode>;

/** Everything but the shards and the tenants: topics, and an encoder for each activities topic's schema id. */
async function prepareDownstream(deps: ConnectorDeps, signal: AbortSignal): Promise<Encoders> {
  const { config, emit } = deps;
  await atLast(deps, "checking topics", signal, () => prepareTopics(deps, signal));
  const onMismatch = (field: string) => emit({ type: "field_mismatch", field });
  const encoders = new Map<string, Encode>();
  for (const { name } of activityTopicsOf(config)) {
    const open = () => deps.openSchema(name, signal);
    const schemaId = await atLast(deps, `looking up the schema of ${name}`, signal, open);
    encoders.set(name, openEncoder({ schemaId, raw: config.record.raw, onMismatch }));
  }
  return encoders;
}

async function runShards(
  deps: ConnectorDeps,
  encoders: Encoders,
  failed: AbortController,
  stop: AbortSignal,
): Promise<void> {
  const { config, emit, kafka, clock } = deps;
  const ended = new AbortController();
  const pages = new PageMemory(config.memory.pagesBytes);
  const shared = { encoders, pages, failed, grace: graceAfter(clock, stop, ended.signal) };
  emit({ type: "stage", subject: "connector", stage: "taking over shards" });
  const shards = byShard(kafka, config.tenants);
  let opening = shards.size;
  const opened = () => {
    opening -= 1;
    if (opening === 0) emit({ type: "stage", subject: "connector", stage: "running" });
  };
  const runs = [...shards].map(([shard, tenants]) => runShard(deps, { shard, tenants, opened, ...shared }, stop));
  try {
    await together(runs, failed);
  } finally {
    ended.abort();
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

interface ShardPlan {
  readonly shard: number;
  readonly tenants: readonly TenantConfig[];
  readonly encoders: Encoders;
  readonly pages: PageMemory;
  readonly grace: AbortSignal;
  /** Aborted by the first failure, which ends the whole connector. */
  readonly failed: AbortController;
  /** Told once the shard is owned. */
  opened(): void;
}

/** A shard and its tenants: taken over first, then each tenant runs by itself. */
async function runShard(deps: ConnectorDeps, plan: ShardPlan, signal: AbortSignal): Promise<void> {
  const { kafka, clock, random, emit } = deps;
  await using log = kafka.shard(plan.shard);
  const tenants = plan.tenants.map((tenant) => tenant.name);
  const owner = new ShardOwner({ log, tenants, clock, random, emit });
  const state = await owner.open(signal);
  plan.opened();
  const desk = new CommandDesk(state);
  const ended = new AbortController();
  const following = log.follow((key, value) => desk.offer(key, value), AbortSignal.any([signal, ended.signal]));
  const shard = { owner, state, desk };
  const runs = plan.tenants.map((tenant) => runTenant(deps, plan, tenant, shard, signal));
  try {
    await together(runs, plan.failed);
  } finally {
    ended.abort();
    await following;
    emit({ type: "shard_released", shard: plan.shard, reason: describeError(signal.reason) });
  }
}

interface OwnedShard {
  readonly owner: ShardOwner;
  readonly state: ShardState;
  readonly desk: CommandDesk;
}

async function runTenant(
  deps: ConnectorDeps,
  plan: ShardPlan,
  tenant: TenantConfig,
  { owner, state, desk }: OwnedShard,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, emit, config } = deps;
  const { pages, grace } = plan;
  await using client = deps.openTenant(tenant);
  const { name, requestsPerMinute } = tenant;
  const learned = decodePace(state.get(paceKey(name)));
  const limit = { requests: requestsPerMinute, ...(learned === null ? {} : { learnedPace: learned }) };
  const budget = new Budget(limit, clock.monotonicMs());
  const pace = new LearnedPace(name, budget, clock.monotonicMs());
  const scans = config.scans.filter((scan) => scan.tenant === name);
  const scanNames = new Set(config.scans.map((scan) => scan.name));
  const shared = { owner, desk, scanNames, pages, clock, random, emit, grace };
  const own = { ...shared, tenant: name, requestsPerMinute, client, budget, pace };
  await new TenantRun(own, loadScans(deps, plan, scans, state)).run(signal);
}

/** The scans whose state can be read; the others are blocked, said so, and left as they are. */
function loadScans(deps: ConnectorDeps, plan: ShardPlan, scans: readonly ScanConfig[], state: ShardState): ScanRun[] {
  const { emit, config } = deps;
  return scans.flatMap((scan) => {
    const idsBytesMax = Math.floor(config.memory.idsBytes / config.scans.length);
    const run = new ScanRun(scan, recordPlan(deps, plan, scan), idsBytesMax, emit);
    try {
      run.memory = ScanMemory.load(scan, state, idsBytesMax);
      run.is("starting");
      // How far behind it is shows from the first moment, whether or not the tenant answers.
      if (run.memory !== null) emit(cursorMoved(scan, run.memory));
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

/** The topics that the configuration needs. */
export function topicSpecs(config: Config): TopicSpec[] {
  const activities = activityTopicsOf(config).map((topic) => ({ ...topic, kind: "activities" as const }));
  return [...activities, { ...config.topics.cursors, kind: "cursors" }, { ...config.topics.dlq, kind: "dlq" }];
}

/** @throws ConnectorError `topic_misconfigured` with every problem and its remedy. */
async function prepareTopics({ config, kafka }: ConnectorDeps, signal: AbortSignal): Promise<void> {
  const problems = await kafka.prepareTopics(topicSpecs(config), config.topics.create, signal);
  if (problems.length === 0) return;
  const lines = problems.map(({ topic, problem, remedy }) => `topic ${topic}: ${problem}; ${remedy}`);
  throw new ConnectorError("topic_misconfigured", lines.join("\n"), { disposition: "fatal" });
}

/** Repeats a step until it succeeds, as long as its failure is one that can pass by itself. */
async function atLast<T>(deps: ConnectorDeps, stage: string, signal: AbortSignal, step: () => Promise<T>): Promise<T> {
  const { clock, random, emit } = deps;
  emit({ type: "stage", subject: "connector", stage });
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await step();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ConnectorError) || error.disposition === "fatal") throw error;
      emit({ type: "stage", subject: "connector", stage: `${stage}, waiting: ${describeError(error)}` });
      await clock.sleep(backoffMs(attempt, START, random), signal);
    }
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
