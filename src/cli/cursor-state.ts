import type { Config, ScanConfig } from "../config/config.ts";
import { topicSpecs } from "../connector/connector.ts";
import type { CommittedState, KafkaPort, ShardState } from "../kafka/port.ts";
import { ConnectorError, configInvalid } from "../kit/errors.ts";

/** A scan and the committed state of its shard, which other scans may share. */
export interface ScanState {
  readonly scan: ScanConfig;
  readonly shard: number;
  readonly state: ShardState;
  /** The state is all that was committed below it. */
  readonly endOffset: bigint;
}

/**
 * The configured scans, or the one of this name.
 * @throws ConnectorError `config_invalid`
 */
export function chosen(config: Config, scan: string | undefined): readonly ScanConfig[] {
  const scans = config.scans.filter(({ name }) => scan === undefined || name === scan);
  if (scans.length > 0) return scans;
  const known = config.scans.map(({ name }) => name).join(", ");
  throw configInvalid(`there is no scan "${scan}"; known are ${known}`);
}

/**
 * Says what is wrong with the cursors topic: with another partition count, a tenant's state is looked for in the
 * wrong shard. True when nothing is.
 * @throws ConnectorError when it is not there, or the brokers do not answer
 */
export async function proveTopic(config: Config, kafka: KafkaPort, signal: AbortSignal): Promise<boolean> {
  const specs = topicSpecs(config).filter(({ kind }) => kind === "cursors");
  const problems = await kafka.prepareTopics(specs, false, signal);
  for (const { topic, missing, problem, remedy } of problems) {
    if (missing === true) {
      const message = `topic ${topic} ${problem}: has the connector run yet, with this configuration?`;
      throw new ConnectorError("topic_misconfigured", message, { disposition: "fatal" });
    }
    process.stderr.write(`warning: topic ${topic}: ${problem}; ${remedy}\n`);
  }
  return problems.length === 0;
}

/** The scans' committed states, read without fencing anybody; each shard once. */
export async function readStates(
  scans: readonly ScanConfig[],
  kafka: KafkaPort,
  signal: AbortSignal,
): Promise<ScanState[]> {
  const states = new Map<number, CommittedState>();
  const found: ScanState[] = [];
  for (const scan of scans) {
    const shard = kafka.shardOf(scan.tenant);
    const read = states.get(shard) ?? (await kafka.readState(shard, signal));
    states.set(shard, read);
    found.push({ scan, shard, ...read });
  }
  return found;
}
