import { type Config, idsBytesPerScan, type ScanConfig } from "../config/config.ts";
import { OwnedInBetween } from "../connector/shard-owner.ts";
import type { Settled } from "../connector/take-commands.ts";
import { visitShard } from "../connector/visit-shard.ts";
import type { KafkaPort } from "../kafka/port.ts";
import type { Clock } from "../kit/clock.ts";
import { ConnectorError } from "../kit/errors.ts";
import type { Emit, Event } from "../observe/events.ts";

/** What waited for the scan, and what became of each; or why nothing was applied, so that all of it still waits. */
export type Visit =
  | { readonly kind: "applied"; readonly settled: readonly Settled[] }
  /** `fenced`: a connector came, or another command, and it applies what waits. */
  | { readonly kind: "fenced" | "refused"; readonly reason: string };

export interface VisitOptions {
  readonly config: Config;
  readonly scan: ScanConfig;
  readonly kafka: KafkaPort;
  readonly clock: Clock;
  readonly emit: Emit;
}

/**
 * Applies what waits for a scan as the owner of its shard; for when nobody is in the connector's group.
 * @throws ConnectorError when the scan's state cannot be read or does not fit; the reason of `signal`.
 */
export async function actAsOwner(options: VisitOptions, signal: AbortSignal): Promise<Visit> {
  const { config, scan } = options;
  const idsBytesMax = idsBytesPerScan(config);
  try {
    const settled = await visitShard({ ...options, idsBytesMax, random: Math.random }, signal);
    if (settled !== null) return { kind: "applied", settled };
    return { kind: "refused", reason: `scan ${scan.name} has not begun` };
  } catch (error) {
    const code = error instanceof ConnectorError ? error.code : null;
    if (code === "publish_fenced" || error instanceof OwnedInBetween) {
      return { kind: "fenced", reason: "somebody else took the shard over while it was being applied here" };
    }
    if (!(error instanceof ConnectorError) || code !== "kafka_refused") throw error;
    return { kind: "refused", reason: `no connector runs, and this user may not act as owner: ${error.message}` };
  }
}

/** Taking a shard over may take seconds: what goes on is said beside the outcome. */
export function tellStage(event: Event): void {
  if (event.type === "stage") process.stderr.write(`${event.subject}: ${event.stage}\n`);
}
