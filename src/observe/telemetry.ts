import { collectDefaultMetrics } from "prom-client";
import type { Clock } from "../kit/clock.ts";
import type { Emit } from "./events.ts";
import { openExposition } from "./exposition.ts";
import { type LogOptions, openLog } from "./log.ts";
import { openMetrics } from "./metrics.ts";
import { redact, redactEvent } from "./redact.ts";
import type { Configured } from "./series.ts";
import type { History, Status } from "./status.ts";
import { openStatus } from "./status-keeper.ts";

export interface TelemetryOptions extends Configured {
  readonly version: string;
  /** Partitions of the cursors topic. */
  readonly shards: number;
  readonly log: Omit<LogOptions, "nowMs">;
}

/** The one place where events become visible. Disposing writes what the log still holds back. */
export interface Telemetry extends AsyncDisposable {
  /** Never throws and never waits. */
  readonly emit: Emit;
  status(): Status;
  /** Null: all scans together. Undefined: there is no such scan. */
  history(scan: string | null): History | undefined;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** A line for the log that no event stands for, such as a warning about the configuration. */
  warn(message: string): void;
  /** These tenants and scans are configured from now on, and the log's level: nothing is told of others any more. */
  configure(configured: Configured & { readonly logLevel: LogOptions["level"] }): Promise<void>;
  /** The log's level to debug, and back. */
  toggleDebug(): void;
}

const TICK_MS = 5_000;

export function openTelemetry(options: TelemetryOptions, clock: Clock): Telemetry {
  const nowMs = () => clock.nowMs();
  const startedAtMs = nowMs();
  const metrics = openMetrics({ ...options, configuredAtMs: startedAtMs });
  const status = openStatus({ ...options, startedAtMs });
  const log = openLog({ ...options.log, nowMs });
  collectProcessMetrics(metrics.registry);
  const exposition = openExposition(metrics.registry, HIDDEN);
  const stop = new AbortController();
  const ticking = tickUntilStopped(() => quietly(() => log.tick(nowMs())), clock, stop.signal);
  return {
    emit(given) {
      quietly(() => {
        const atMs = nowMs();
        const event = redactEvent(given);
        quietly(() => metrics.record(event));
        quietly(() => status.record(event, atMs));
        log.record(event, atMs);
      });
    },
    status: () => status.status(nowMs()),
    history: (scan) => status.history(scan, nowMs()),
    metrics: async () => ({ contentType: metrics.registry.contentType, text: await exposition() }),
    warn: (message) => quietly(() => log.warn(redact(message), nowMs())),
    async configure({ logLevel, ...configured }) {
      await metrics.configure(configured);
      status.configure(configured, nowMs());
      log.setLevel(logLevel);
    },
    toggleDebug: () => quietly(() => log.toggleDebug()),
    async [Symbol.asyncDispose]() {
      if (stop.signal.aborted) return;
      stop.abort();
      await ticking;
      quietly(() => log.finish(nowMs()));
    },
  };
}

/** Gauges by the names of counters; `nodejs_active_resources` says the same by type. */
const MISNAMED = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/**
 * The event loop's lag at the scrape measures the scrape; its mean and percentiles stay. Hidden and not removed: it is
 * in reading this one that prom-client sets all of them.
 */
const HIDDEN: ReadonlySet<string> = new Set(["nodejs_eventloop_lag_seconds"]);

type Registry = ReturnType<typeof openMetrics>["registry"];

function collectProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register });
  for (const name of MISNAMED) register.removeSingleMetric(name);
}

async function tickUntilStopped(tick: () => void, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(TICK_MS, signal);
    } catch {
      return;
    }
    tick();
  }
}

/** What is only looked at must not stop what it looks at: a broken pipe of the log, a full disk. */
function quietly(look: () => void): void {
  try {
    look();
  } catch {
    // Nowhere to tell it: telling is what failed.
  }
}
