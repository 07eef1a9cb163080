import type { ScanConfig } from "../config/config.ts";
import type { KafkaPort, Lease } from "../kafka/port.ts";
import type { Clock } from "../kit/clock.ts";
import { ConnectorError } from "../kit/errors.ts";
import type { Random } from "../kit/random.ts";
import type { Emit } from "../observe/events.ts";
import { CommandDesk, type Pending } from "./command-desk.ts";
import { ScanMemory } from "./scan-memory.ts";
import { ShardOwner } from "./shard-owner.ts";
import { type Settled, settleCommand } from "./take-commands.ts";

export interface VisitDeps {
  readonly kafka: KafkaPort;
  readonly scan: ScanConfig;
  /** What the scan's ids may occupy. */
  readonly idsBytesMax: number;
  /** Stands in for the tenant's, which is not asked. */
  readonly clock: Clock;
  readonly random: Random;
  /** Told the stages of taking the shard over. */
  readonly emit: Emit;
}

/**
 * Owns a scan's shard for as long as it takes to apply the commands that wait for the scan, in their order, each in a
 * transaction with its history; others on the shard are left as they are. Whoever owned it before is fenced.
 *
 * @returns what became of each; null where the scan has not begun, so that there is nothing to apply them to.
 * @throws ConnectorError `publish_fenced` when somebody else has come after: what was not applied still waits;
 *   `cursor_corrupt` | `cursor_newer` | `cursor_foreign`; another that is fatal; OwnedInBetween, as `publish_fenced`; the
 *   reason of `signal`.
 */
export async function visitShard(deps: VisitDeps, signal: AbortSignal): Promise<readonly Settled[] | null> {
  const { kafka, scan, idsBytesMax, clock, random, emit } = deps;
  await using log = kafka.shard(kafka.shardOf(scan.tenant));
  const lease = visitOf(log.shard);
  const owner = new ShardOwner({ log, lease, tenants: () => [scan.tenant], clock, random, emit });
  const state = await owner.open(signal);
  const memory = ScanMemory.load(scan, state, idsBytesMax);
  if (memory === null) return null;
  const desk = new CommandDesk(state);
  const next = (): Pending | undefined => desk.pending(({ command }) => command?.scan === scan.name)[0];
  const settled: Settled[] = [];
  for (let pending = next(); pending !== undefined; pending = next()) {
    const settling = {
      tenant: scan.tenant,
      owner,
      desk,
      clock,
      random,
      grace: signal,
      pace: null,
      serverNowMs: clock.nowMs(),
    };
    const outcome = await settleCommand(settling, memory, pending, signal);
    if (outcome !== null) settled.push(outcome);
  }
  return settled;
}

/** What a visitor has instead of the group's word: the shard, until somebody fences it. */
function visitOf(shard: number): Lease {
  const isProven = (afterMs = Number.NEGATIVE_INFINITY): boolean => afterMs === Number.NEGATIVE_INFINITY;
  return {
    shard,
    lost: new AbortController().signal,
    isProven,
    async proven(afterMs) {
      if (isProven(afterMs)) return;
      const message = `shard ${shard}: somebody else has taken it over`;
      throw new ConnectorError("publish_fenced", message, { disposition: "fatal" });
    },
  };
}
