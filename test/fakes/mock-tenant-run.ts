import type { ScanConfig } from "../../src/config/config.ts";
import type { MockTenantOptions } from "../../src/mock-tenant/settings.ts";
import { CommittedState, type Stretch } from "../simulation/committed-state.ts";
import { MemoryCluster } from "./memory-kafka.ts";
import { MockTenantPort } from "./mock-tenant-port.ts";
import { publishedIds, SIM_CURSORS, simConfig, startSim } from "./sim-connector.ts";
import { VirtualClock } from "./virtual-clock.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const BEGIN_MS = Date.UTC(2026, 10, 23, 9);
const BACKLOG_MS = 5 * HOUR_MS;
/** New activities come for so long. */
const LIVE_MS = 3 * HOUR_MS;
/** The last age along `date` and the last activities that show 72 h late, with some hours to find them in. */
const AFTERWARDS_MS = 100 * HOUR_MS;
/** Both what the tenant allows and what the connector keeps to. */
const REQUESTS_PER_MINUTE = 30;
/** Turns of the event loop that an answer may take; one that takes more waits for the clock. */
const TURNS_MAX = 200;
const JUMPS_MAX = 200_000;

export interface MockRun {
  readonly tenant: MockTenantOptions;
  readonly scan: Partial<ScanConfig>;
  /** How long before they were saved the oldest activities may have happened. */
  readonly happenedBeforeMs: number;
}

/** What a run came to. */
export interface MockOutcome {
  readonly field: string;
  readonly activities: number;
  readonly missing: number;
  /** Times that an activity was published again. */
  readonly repeated: number;
  readonly gaps: readonly Stretch[];
  /** Of those that are missing, how many lie in no open gap. */
  readonly unaccounted: number;
  readonly requests: number;
  readonly throttled: number;
}

/**
 * The connector against the mock tenant for more than four days of a virtual clock: a backlog, live traffic, a kill,
 * and the time until all that was shown late has been found.
 */
export async function runAgainstMock({ tenant, scan, happenedBeforeMs }: MockRun): Promise<MockOutcome> {
  const ports: MockTenantPort[] = [];
  const clock = new VirtualClock(BEGIN_MS, async () => {
    for (let turn = 0; turn === 0 || (turn < TURNS_MAX && ports.some((port) => port.isBusy)); turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  const backlog = 16;
  const live = { backlog, backlogSpanMs: BACKLOG_MS, rate: 20 / (LIVE_MS / 1_000), total: 36 };
  const port = new MockTenantPort({ ...live, requestLimit: REQUESTS_PER_MINUTE, ...tenant }, clock);
  ports.push(port);
  const cluster = new MemoryCluster(SIM_CURSORS);
  const common: Partial<ScanConfig> = {
    start: { kind: "instant", atMs: BEGIN_MS - BACKLOG_MS - happenedBeforeMs - HOUR_MS },
    catchUp: { afterMs: 2 * HOUR_MS, order: "newest-first" },
    ...scan,
  };
  const start = (pollIntervalMs: number) => {
    const config = simConfig({ ...common, pollIntervalMs }, REQUESTS_PER_MINUTE);
    return startSim({ cluster, tenant: () => port, clock }, config);
  };
  const first = start(10 * MINUTE_MS);
  await clock.runUntil(() => clock.nowMs() >= BEGIN_MS + LIVE_MS + HOUR_MS, JUMPS_MAX);
  first.kill();
  clock.forget();
  const second = start(HOUR_MS);
  await clock.runUntil(() => clock.nowMs() >= BEGIN_MS + LIVE_MS + AFTERWARDS_MS, JUMPS_MAX);
  second.stop();
  clock.forget();
  return outcomeOf(cluster, port);
}

function outcomeOf(cluster: MemoryCluster, { tenant }: MockTenantPort): MockOutcome {
  const state = new CommittedState();
  for (let shard = 0; shard < SIM_CURSORS.partitions; shard++) {
    for (const [key, value] of cluster.committedState(shard)) state.apply(key, value.toString());
  }
  const field = state.cursor?.cursorField ?? "none";
  const published = publishedIds(cluster);
  const different = new Set(published);
  const truth = tenant.truth();
  const missing = truth.filter(({ id }) => !different.has(id));
  const { byOutcome, requests } = tenant.stats();
  return {
    field,
    activities: truth.length,
    missing: missing.length,
    repeated: published.length - different.size,
    gaps: state.gaps,
    unaccounted: missing.filter((row) => !state.isOpen(field === "date" ? row.timestamp : row.created)).length,
    requests,
    throttled: byOutcome["throttled"] ?? 0,
  };
}
