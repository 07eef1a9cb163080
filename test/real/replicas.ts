import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { partitionOfKey } from "../../src/kafka/partitions.ts";
import { JsonLog } from "./json-log.ts";
import { eventually, freePort, type Running, scratchDir, startConnector } from "./process.ts";
import { ShardStory } from "./shard-story.ts";
import { type LiveStatus, statusOf } from "./stack.ts";
import { WatchedTenants } from "./watched-tenants.ts";

export const SHARDS = 12;

export interface FleetOptions {
  /** Where a replica finds the brokers, unless it is told otherwise. */
  readonly brokers: readonly string[];
  readonly registry: string;
  readonly topic: string;
  /** By tenant: its API. One scan each, named like it. */
  readonly tenants: ReadonlyMap<string, string>;
  readonly requestsPerMinute: number;
  readonly sessionTimeout: string;
  readonly heartbeatInterval: string;
}

/** One connector process of several with the same configuration. */
export interface Replica {
  readonly name: string;
  readonly process: Running;
  readonly log: JsonLog;
  /** When each of its requests to any tenant was there; epoch ms. */
  readonly requestsMs: readonly number[];
  status(): Promise<LiveStatus | null>;
  /** The shards that it says are its own. */
  owned(): Promise<number[]>;
  isReady(): Promise<boolean>;
}

export const shardOf = (tenant: string): number => partitionOfKey(Buffer.from(tenant), SHARDS);

/** As many names of tenants, each of which lives in a shard of its own. */
export function tenantNames(count: number): string[] {
  const byShard = new Map<number, string>();
  for (let at = 0; byShard.size < count; at++) {
    const name = `tenant-${at}`;
    const shard = shardOf(name);
    if (!byShard.has(shard)) byShard.set(shard, name);
  }
  return [...byShard.values()];
}

/** Replicas that come and go; all of them die with it. */
export class Fleet implements AsyncDisposable {
  readonly all: Replica[] = [];
  readonly #options: FleetOptions;
  readonly #watched: WatchedTenants[] = [];

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get running(): Replica[] {
    return this.all.filter(({ process }) => process.isRunning());
  }

  /** @param brokers other ways to the brokers, for this one alone. */
  async start(brokers = this.#options.brokers): Promise<Replica> {
    const port = await freePort();
    const name = `${this.#options.topic}-${this.all.length + 1}`;
    const file = join(scratchDir("replica"), "connector.yaml");
    const watched = await WatchedTenants.open(this.#options.tenants);
    this.#watched.push(watched);
    writeFileSync(file, JSON.stringify(this.#config(port, { brokers, tenants: watched.urls }), null, 2));
    const process = startConnector(["run", "--config", file], { name: `replica-${name}`, built: true });
    const url = `http://127.0.0.1:${port}`;
    const replica: Replica = {
      name,
      process,
      log: new JsonLog(process.logFile),
      requestsMs: watched.requestsMs,
      status: () => statusOf(port),
      owned: async () => ((await statusOf(port))?.shards ?? []).flatMap(({ shard, owned }) => (owned ? [shard] : [])),
      isReady: async () => (await fetch(`${url}/readyz`).catch(() => null))?.ok === true,
    };
    this.all.push(replica);
    return replica;
  }

  /** Waits until each of `replicas` owns its share, and together they own all shards with tenants. */
  async balanced(replicas: readonly Replica[], deadlineMs = 60_000): Promise<void> {
    const { size } = this.#options.tenants;
    const shares = async () => {
      const owned = await Promise.all(replicas.map((replica) => replica.owned()));
      if (owned.flat().length === size && owned.every((own) => own.length === size / replicas.length)) return true;
      throw new Error(JSON.stringify(owned));
    };
    await eventually(shares, deadlineMs, "the shards to be spread");
  }

  /** Waits until every shard with a tenant has committed something since a moment: nothing is stuck. */
  async allCommit(sinceMs: number, deadlineMs = 90_000): Promise<void> {
    const all = () => {
      const { commits } = new ShardStory(this.running);
      const names = [...this.#options.tenants.keys()];
      const late = names.filter((name) => (commits.get(shardOf(name))?.at(-1)?.atMs ?? 0) <= sinceMs);
      if (late.length === 0) return true;
      throw new Error(`nothing from ${late.map((name) => `${name} (shard ${shardOf(name)})`).join(", ")}`);
    };
    await eventually(all, deadlineMs, "every shard to commit");
  }

  /** Waits until every scan has published what there was at `sinceMs`, and no job is left. */
  async caughtUp(sinceMs: number, deadlineMs = 60_000): Promise<void> {
    const isCaughtUp = async () => {
      const found = await Promise.all(this.running.map((replica) => replica.status()));
      const scans = found.flatMap((status) => status?.scans ?? []);
      const done = scans.filter(({ caughtUp, jobs }) => Date.parse(caughtUp ?? "") >= sinceMs && jobs.length === 0);
      const names = new Set(done.map(({ scan }) => scan));
      if (names.size === this.#options.tenants.size) return true;
      const late = scans.filter(({ scan }) => !names.has(scan));
      throw new Error(JSON.stringify(late.map(({ scan, state, reason, caughtUp }) => [scan, state, reason, caughtUp])));
    };
    await eventually(isCaughtUp, deadlineMs, "every scan to be caught up");
  }

  #config(port: number, { brokers, tenants }: Pick<FleetOptions, "brokers" | "tenants">): object {
    const { registry, topic, requestsPerMinute, sessionTimeout, heartbeatInterval } = this.#options;
    const tenant = (apiUrl: string) => ({ apiUrl, auth: { token: "mock-token" }, requestsPerMinute });
    const scan = (name: string) => ({
      tenant: name,
      start: "25h",
      pollInterval: "1s",
      lookbacks: ["5s", "10s", "20s"],
    });
    return {
      tenants: Object.fromEntries([...tenants].map(([name, url]) => [name, tenant(url)])),
      scans: Object.fromEntries([...tenants.keys()].map((name) => [name, scan(name)])),
      kafka: { brokers, sessionTimeout, heartbeatInterval },
      schemaRegistry: { url: registry },
      topics: { activities: { name: topic }, cursors: { partitions: SHARDS } },
      http: { port },
      log: { level: "debug" },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map(({ process }) => process[Symbol.asyncDispose]()));
    for (const watched of this.#watched) await watched[Symbol.asyncDispose]();
  }
}
