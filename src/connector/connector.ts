import { openEncoder } from "../activity/encode.ts";
import { activityTopicsOf, type Config, type TenantConfig } from "../config/config.ts";
import type { KafkaPort, TopicSpec } from "../kafka/port.ts";
import { type BackoffOptions, backoffMs } from "../kit/backoff.ts";
import type { Clock } from "../kit/clock.ts";
import { ConnectorError, describeError } from "../kit/errors.ts";
import type { Random } from "../kit/random.ts";
import type { Emit } from "../observe/events.ts";
import type { TracePage } from "../observe/trace.ts";
import { Budgets } from "./budgets.ts";
import { InForce } from "./in-force.ts";
import { PageMemory } from "./page-memory.ts";
import { runShards } from "./shards.ts";
import type { TenantPort } from "./tenant-run.ts";
import type { Encoders } from "./tenant-start.ts";

/**
 * Puts another configuration in force while the connector runs.
 *
 * @param config the same as before but for tenants, scans and the log.
 * @param touched tenants that it adds, removes or changes, in themselves, in their secrets or in their scans.
 * @param between called when nothing of the old configuration runs any more, and nothing of the new one does yet.
 * @throws ConnectorError when a topic of it cannot be used: then the old one is in force as it was.
 */
export type Reconfigure = (config: Config, touched: ReadonlySet<string>, between: () => Promise<void>) => Promise<void>;

export interface ConnectorDeps {
  /** As it is at the start. */
  readonly config: Config;
  readonly version: string;
  readonly kafka: KafkaPort;
  /** @param mayAsk asked right before a request leaves: where it is false, none does. */
  openTenant(tenant: TenantConfig, mayAsk: () => boolean): TenantPort & AsyncDisposable;
  /** The registry's id of our schema for a topic's values. */
  openSchema(topic: string, signal: AbortSignal): Promise<number>;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: Emit;
  /** Runs beside the shards until `signal` aborts, and changes the configuration whenever it has reason to. */
  readonly reconfigured?: (reconfigure: Reconfigure, signal: AbortSignal) => Promise<void>;
  /** Told of each page; without it nothing is timed. */
  readonly trace?: TracePage;
}

const START: BackoffOptions = { firstMs: 500, capMs: 15_000 };

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
    const encoders: Encoders = new Map();
    const ready = <T>(stage: string, step: () => Promise<T>) => atLast(deps, stage, stop, step);
    await prepareDownstream(deps, { config, encoders, step: ready }, stop);
    const inForce = new InForce(config, (tenant) => deps.kafka.shardOf(tenant));
    const shared = { inForce, encoders, pages: new PageMemory(config.memory.pagesBytes), budgets: new Budgets() };
    const reconfigure: Reconfigure = async (next, touched, between) => {
      await prepareDownstream(deps, { config: next, encoders, step: (_, step) => step() }, stop);
      await inForce.replace(next, touched, between);
    };
    const beside = async () => await deps.reconfigured?.(reconfigure, stop);
    await runShards(deps, { shared, beside, atLast: ready, failed }, stop);
  } catch (error) {
    failed.abort(error);
    throw error;
  }
}

interface Preparation {
  readonly config: Config;
  /** Those that are missing are added. */
  readonly encoders: Encoders;
  /** How often a step is tried. */
  readonly step: <T>(stage: string, step: () => Promise<T>) => Promise<T>;
}

/** Everything but the shards and the tenants: topics, and an encoder for each activities topic's schema id. */
async function prepareDownstream(deps: ConnectorDeps, how: Preparation, signal: AbortSignal): Promise<void> {
  const { config, encoders, step } = how;
  const missing = activityTopicsOf(config).filter(({ name }) => !encoders.has(name));
  if (missing.length === 0) return;
  await step("checking topics", () => prepareTopics(deps.kafka, config, signal));
  const onMismatch = (field: string) => deps.emit({ type: "field_mismatch", field });
  for (const { name } of missing) {
    const schemaId = await step(`looking up the schema of ${name}`, () => deps.openSchema(name, signal));
    encoders.set(name, openEncoder({ schemaId, raw: config.record.raw, onMismatch }));
  }
}

/** The topics that the configuration needs. */
export function topicSpecs(config: Config): TopicSpec[] {
  const activities = activityTopicsOf(config).map((topic) => ({ ...topic, kind: "activities" as const }));
  return [...activities, { ...config.topics.cursors, kind: "cursors" }, { ...config.topics.dlq, kind: "dlq" }];
}

/** @throws ConnectorError `topic_misconfigured` with every problem and its remedy. */
async function prepareTopics(kafka: KafkaPort, config: Config, signal: AbortSignal): Promise<void> {
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
