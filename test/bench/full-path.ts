import { setTimeout as delay } from "node:timers/promises";
import type { Broker } from "../real/broker.ts";
import type { JsonLog } from "../real/json-log.ts";
import { startLive } from "../real/live-connector.ts";
import type { MockProcess } from "../real/stack.ts";
import { cpuMicrosOf, median, peakRssMb, type Row, rowOf, type Sample } from "./usage.ts";

export interface FullPathOptions {
  readonly mock: MockProcess;
  readonly broker: Broker;
  readonly registry: string;
  readonly compression: "gzip" | "none";
  readonly pageSize: number;
  /** Of the mock tenant's whole backlog. */
  readonly activities: number;
  /** Published before anything counts: code is compiled, memory is grown. */
  readonly warmUp: number;
  /** Activities of one repeat. */
  readonly repeat: number;
  /** Writes a CPU profile of the connector there. */
  readonly profileDir: string | null;
}

export interface FullPath extends Row {
  readonly published: number;
  readonly peakRssIdleMb: number;
  /** CPU of the two other processes for each activity, from the same stretches; medians, µs. */
  readonly mockCpuMicros: number;
  readonly brokerCpuMicros: number;
}

/** What was published, and what each process had used, at one moment. */
interface Moment {
  readonly published: number;
  readonly atMs: number;
  readonly connectorMicros: number;
  readonly mockMicros: number;
  readonly brokerMicros: number;
}

/** The connector as a process of its own, from a tenant with a backlog to the broker, until all is published. */
export async function measureFullPath(options: FullPathOptions): Promise<FullPath> {
  const { mock, broker, registry, compression, pageSize, activities } = options;
  await using connector = await startLive({
    tenantUrl: mock.url,
    bootstrap: broker.bootstrap,
    registry,
    topic: `bench-${compression}`,
    requestsPerMinute: 100_000,
    pageSize,
    logLevel: "debug",
    flags: ["--set", `kafka.compression=${compression}`],
    nodeArgs: options.profileDir === null ? [] : ["--cpu-prof", "--cpu-prof-dir", options.profileDir],
  });
  await connector.ready();
  const { pid } = connector.process;
  const idleMb = peakRssMb(pid);
  const now = (published: number): Moment => ({
    published,
    atMs: performance.now(),
    connectorMicros: cpuMicrosOf(pid),
    mockMicros: cpuMicrosOf(mock.process.pid),
    brokerMicros: cpuMicrosOf(broker.pid),
  });
  const moments = await follow(connector.log, activities, now);
  const stretches = cut(moments, options);
  const name = `full path, ${compression === "none" ? "not compressed" : compression}`;
  const used = (of: (moment: Moment) => number) =>
    median(stretches.map(([from, to]) => (of(to) - of(from)) / (to.published - from.published)));
  return {
    ...rowOf(name, stretches.map(sampleOf), peakRssMb(pid)),
    published: moments.at(-1)?.published ?? 0,
    peakRssIdleMb: idleMb,
    mockCpuMicros: used((moment) => moment.mockMicros),
    brokerCpuMicros: used((moment) => moment.brokerMicros),
  };
}

const SILENCE_MAX_MS = 60_000;
const POLL_MS = 4;

/** A moment for each page, taken as soon as the log tells of it, until `activities` are published. */
async function follow(log: JsonLog, activities: number, now: (published: number) => Moment): Promise<Moment[]> {
  const moments = [now(0)];
  let seen = 0;
  for (let atMs = performance.now(); ; ) {
    const pages = log.of("page_published");
    if (pages.length > seen) {
      seen = pages.length;
      atMs = performance.now();
      const published = pages.reduce((sum, page) => sum + Number(page["published"]), 0);
      moments.push(now(published));
      if (published >= activities) return moments;
    }
    if (performance.now() - atMs > SILENCE_MAX_MS) {
      throw new Error(`nothing more was published after ${moments.at(-1)?.published} of ${activities}`);
    }
    await delay(POLL_MS);
  }
}

/** Stretches of `repeat` activities each, as far as pages allow, once the warm-up is over. */
function cut(moments: readonly Moment[], { warmUp, repeat }: FullPathOptions): [Moment, Moment][] {
  const stretches: [Moment, Moment][] = [];
  let from: Moment | null = null;
  for (const moment of moments) {
    if (from === null) {
      if (moment.published >= warmUp) from = moment;
    } else if (moment.published - from.published >= repeat) {
      stretches.push([from, moment]);
      from = moment;
    }
  }
  return stretches;
}

function sampleOf([from, to]: [Moment, Moment]): Sample {
  return {
    activities: to.published - from.published,
    wallMs: to.atMs - from.atMs,
    cpuMicros: to.connectorMicros - from.connectorMicros,
  };
}
