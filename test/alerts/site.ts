import type { Config, ScanConfig } from "../../src/config/config.ts";
import { ConnectorError } from "../../src/kit/errors.ts";
import type { Event } from "../../src/observe/events.ts";
import { openExposition } from "../../src/observe/exposition.ts";
import { type Metrics, openMetrics } from "../../src/observe/metrics.ts";
import { askVerify } from "../fakes/ask-verify.ts";
import { MemoryCluster } from "../fakes/memory-kafka.ts";
import { SIM_CURSORS, type SimProcess, simConfig, startSim } from "../fakes/sim-connector.ts";
import { type SimActivity, SimTenant } from "../fakes/sim-tenant.ts";
import { ProcessClock, promisesAlone, VirtualClock } from "../fakes/virtual-clock.ts";
import { compileTypesOnce } from "../simulation/compiled-types.ts";
import type { Scraped } from "./scraped.ts";
import { FaultyTenant, type TenantMood } from "./tenant-mood.ts";

compileTypesOnce();

export const MINUTE_MS = 60_000;
/** promtool's time begins at the epoch; a scan's start lies before its own. */
export const BEGIN_MS = 6 * 60 * MINUTE_MS;
const JOB = "mdca-kafka-source";
/** A supervisor starts what has ended again after this. */
const RESTART_MS = 5_000;

export interface SiteOptions {
  readonly scan?: Partial<ScanConfig>;
  readonly config?: Partial<Config>;
  readonly requestsPerMinute?: number;
  readonly pageCeiling?: number;
  readonly activities: readonly SimActivity[];
}

interface Replica {
  readonly instance: string;
  readonly clock: ProcessClock;
  readonly process: SimProcess;
  readonly metrics: Metrics;
  readonly write: () => Promise<string>;
  readonly startedMs: number;
  told: number;
}

/**
 * A tenant, brokers and a registry, the production connector on a virtual clock under a supervisor, and what a
 * Prometheus sees of it that scrapes its real exposition once a minute. Faults turn its switches.
 */
export class Site {
  readonly clock = new VirtualClock(BEGIN_MS, promisesAlone);
  readonly mood: TenantMood = { verdict: null, hangs: false, spoil: null, credentialExpiresAtMs: null };
  kafkaDown = false;
  registryDown = false;
  /** The connector's clock minus the true one. */
  skewMs = 0;
  readonly #cluster = new MemoryCluster(SIM_CURSORS);
  readonly #tenant: SimTenant;
  readonly #config: Config;
  readonly #scraped: Scraped;
  readonly #never = new AbortController();
  /** By instance; null: ended, or killed. Who is not in it was never started, or is not scraped any more. */
  readonly #replicas = new Map<string, Replica | null>();
  readonly #kept = new Set<string>();

  constructor(options: SiteOptions, scraped: Scraped) {
    const { activities, pageCeiling = 500, scan = {}, config = {}, requestsPerMinute = 20 } = options;
    this.#tenant = new SimTenant({ clock: this.clock, pageCeiling });
    this.#tenant.activities.push(...activities);
    const lookbacksMs = [2 * MINUTE_MS, 15 * MINUTE_MS];
    const start = { kind: "age", ageMs: 60 * MINUTE_MS } as const;
    const pollIntervalMs = 30_000;
    const catchUp = { afterMs: 15 * MINUTE_MS, order: "newest-first" } as const;
    this.#config = {
      ...simConfig({ lookbacksMs, start, catchUp, pollIntervalMs, ...scan }, requestsPerMinute),
      ...config,
    };
    this.#scraped = scraped;
    void this.#scrapeForEver();
  }

  /** Goes on until the minute after the beginning. */
  async until(minute: number): Promise<void> {
    const untilMs = BEGIN_MS + minute * MINUTE_MS;
    await this.clock.runUntil(() => this.clock.nowMs() >= untilMs, 2_000_000);
  }

  get minute(): number {
    return (this.clock.nowMs() - BEGIN_MS) / MINUTE_MS;
  }

  /** Started, and started again whenever it ends, until `remove`. */
  start(instance = "a:9464"): void {
    this.#kept.add(instance);
    const clock = new ProcessClock(this.clock, this.skewMs);
    const { cluster, tenant } = { cluster: this.#cluster, tenant: this.#tenant };
    const step = async () => {
      if (this.kafkaDown) throw new Error("connect ECONNREFUSED 127.0.0.1:9092");
    };
    const process = startSim(
      { cluster, clock, step, tenant: () => new FaultyTenant(tenant, clock, this.mood), openSchema: this.#openSchema },
      this.#config,
    );
    const metrics = openMetrics({
      version: "sim",
      configuredAtMs: clock.nowMs(),
      tenants: this.#config.tenants,
      scans: this.#config.scans,
      shards: SIM_CURSORS.partitions,
    });
    const write = openExposition(metrics.registry);
    const replica = { instance, clock, process, metrics, write, startedMs: this.clock.nowMs(), told: 0 };
    this.#replicas.set(instance, replica);
    void process.ended.then(() => this.#ended(replica));
  }

  /** SIGKILL, and no supervisor. */
  kill(instance = "a:9464"): void {
    this.#kept.delete(instance);
    this.#end(instance);
  }

  /** SIGKILL; the supervisor starts it again. */
  crash(instance = "a:9464"): void {
    this.#end(instance);
    this.#startSoon(instance);
  }

  /** What a process says of files, which it has none of here. */
  tells(event: Event, instance = "a:9464"): void {
    this.#replicas.get(instance)?.process.events.push(event);
  }

  /** Started where the group's coordinator knows of none of those that run. */
  startApart(instance: string): void {
    this.#cluster.forgetGroup();
    this.start(instance);
  }

  /** An operator has all that was read before verified. */
  verify(): void {
    const untilMs = this.clock.nowMs();
    void askVerify(this.#cluster, { id: `verify ${untilMs}`, fromMs: 0, untilMs });
  }

  /** It is not there any more, nor does anybody expect it. */
  remove(instance: string): void {
    this.kill(instance);
    this.#replicas.delete(instance);
  }

  #end(instance: string): void {
    const replica = this.#replicas.get(instance);
    replica?.process.kill();
    replica?.clock.kill();
    this.#replicas.set(instance, null);
  }

  #ended(replica: Replica): void {
    if (this.#replicas.get(replica.instance) !== replica) return;
    this.#end(replica.instance);
    this.#startSoon(replica.instance);
  }

  #startSoon(instance: string): void {
    void this.clock.sleep(RESTART_MS, this.#never.signal).then(() => {
      if (this.#kept.has(instance) && this.#replicas.get(instance) === null) this.start(instance);
    });
  }

  readonly #openSchema = async (): Promise<number> => {
    if (!this.registryDown) return 7;
    throw new ConnectorError("registry_unavailable", "schema registry: connect ECONNREFUSED", { disposition: "retry" });
  };

  async #scrapeForEver(): Promise<void> {
    for (;;) {
      const atMinute = Math.round(this.clock.nowMs() / MINUTE_MS);
      for (const [instance, replica] of this.#replicas) {
        this.#scraped.add({ job: JOB, instance }, atMinute, replica === null ? null : await expose(replica));
      }
      await this.clock.sleep(MINUTE_MS, this.#never.signal);
      for (const replica of this.#replicas.values()) if (replica !== null) replica.clock.skewMs = this.skewMs;
    }
  }
}

/** What `/metrics` answers; of the process's own metrics its start alone, since its clock is not the real one. */
async function expose(replica: Replica): Promise<string> {
  const { process, metrics, write, startedMs } = replica;
  for (; replica.told < process.events.length; replica.told++) metrics.record(process.events[replica.told]!);
  return `${await write()}process_start_time_seconds ${startedMs / 1_000}\n`;
}
