import type { Config, ScanConfig } from "../../src/config/config.ts";
import { type ConnectorDeps, runConnector } from "../../src/connector/connector.ts";
import type { TenantPort } from "../../src/connector/tenant-run.ts";
import type { Clock } from "../../src/kit/clock.ts";
import { Secret } from "../../src/kit/secret.ts";
import type { Emit, Event } from "../../src/observe/events.ts";
import type { MemoryCluster, Step } from "./memory-kafka.ts";
import { SimTenant } from "./sim-tenant.ts";

export const SIM_TOPIC = "sim-activities";
export const SIM_CURSORS = { name: "sim-cursors", partitions: 3 };

export function simConfig(scan: Partial<ScanConfig> = {}, requestsPerMinute = 600): Config {
  const secret = new Secret("test", () => "token");
  return {
    tenants: [
      {
        name: "contoso",
        apiUrl: "http://127.0.0.1:1",
        auth: { kind: "token", token: secret },
        requestsPerMinute,
        ca: null,
        proxy: null,
        timeouts: { connectMs: 1, headersMs: 1, bodyMs: 1 },
      },
    ],
    scans: [
      {
        name: "contoso-all",
        tenant: "contoso",
        filters: {},
        cursorField: "auto",
        pageSize: 500,
        pollIntervalMs: 10_000,
        start: { kind: "age", ageMs: 86_400_000 },
        lookbacksMs: [],
        catchUp: { afterMs: 900_000, order: "in-order" },
        topic: SIM_TOPIC,
        key: "id",
        ...scan,
      },
    ],
    record: { raw: "include" },
    kafka: {
      brokers: ["sim"],
      clientId: "sim",
      compression: "none",
      sessionTimeoutMs: 10_000,
      heartbeatIntervalMs: 1_000,
      ssl: null,
      sasl: null,
    },
    schemaRegistry: { url: "http://sim", autoRegisterSchemas: false, auth: null, ca: null, timeoutMs: 1 },
    topics: {
      create: true,
      activities: { name: SIM_TOPIC, partitions: 2, replicationFactor: 1 },
      cursors: { ...SIM_CURSORS, replicationFactor: 1 },
      dlq: { name: "sim-dlq", partitions: 1, replicationFactor: 1 },
    },
    memory: { pagesBytes: 64 * 1024 * 1024, idsBytes: 400 * 1024 * 1024 },
    limits: { bodyBytes: 256 * 1024 * 1024, activityBytes: 8 * 1024 * 1024 },
    http: { host: "127.0.0.1", port: 0 },
    log: { level: "info" },
  };
}

/** The simulated tenant of each name, for a process that asks only while `mayAsk`. */
export type SimTenants = (name: string, mayAsk: () => boolean) => TenantPort & AsyncDisposable;

export interface SimProcess {
  /** In the group. */
  readonly id: string;
  readonly events: Event[];
  /** Set once the connector has ended by itself or by `stop`. */
  readonly ended: Promise<unknown>;
  /** What it ends with after `stop`. */
  readonly stopReason: Error;
  stop(): void;
  kill(): void;
  /** The group hears nothing of it, and then again; it goes on by itself all the same. */
  fallSilent(): void;
  wake(): void;
}

/** One connector process on simulated parts. */
export function startSim(
  parts: {
    cluster: MemoryCluster;
    tenant: SimTenant | SimTenants;
    clock: Clock;
    step?: Step;
    /** The registry; by default one that has the schema. */
    openSchema?: ConnectorDeps["openSchema"];
    /** By default nobody changes the configuration. */
    reconfigured?: ConnectorDeps["reconfigured"];
    /** Told of each event as it happens. */
    emit?: Emit;
  },
  config: Config = simConfig(),
): SimProcess {
  const events: Event[] = [];
  const process = parts.cluster.process(parts.step, parts.clock);
  const stopped = new AbortController();
  const stopReason = new Error("stopped");
  const ended = runConnector(
    {
      config,
      version: "sim",
      kafka: process.port,
      openTenant: ({ name }, mayAsk) => (parts.tenant instanceof SimTenant ? parts.tenant : parts.tenant(name, mayAsk)),
      openSchema: parts.openSchema ?? (async () => 7),
      clock: parts.clock,
      random: () => 0.5,
      emit: (event) => {
        events.push(event);
        parts.emit?.(event);
      },
      ...(parts.reconfigured === undefined ? {} : { reconfigured: parts.reconfigured }),
    },
    stopped.signal,
  ).catch((error: unknown) => error);
  return {
    id: process.id,
    events,
    ended,
    stopReason,
    stop: () => stopped.abort(stopReason),
    kill: () => process.kill(),
    fallSilent: () => process.fallSilent(),
    wake: () => process.wake(),
  };
}

/** The ids that a `read_committed` consumer sees, in order. */
export const publishedIds = (cluster: MemoryCluster, topic = SIM_TOPIC): string[] =>
  cluster.committed(topic).map((record) => record.key?.toString() ?? "");
