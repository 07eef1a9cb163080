import { randomUUID } from "node:crypto";
import type { Config, ScanConfig } from "../config/config.ts";
import { parseDurationMs } from "../config/units.ts";
import type { KafkaPort, ShardState } from "../kafka/port.ts";
import { systemClock } from "../kit/clock.ts";
import { assert, configInvalid } from "../kit/errors.ts";
import { type Command, withPlan } from "../scan/command.ts";
import { tellStage } from "./as-owner.ts";
import { carryOut } from "./carry-out.ts";
import { type Plan, type Target, type TargetConfig, targetOf, toldOf } from "./command-plan.ts";
import { chosen, proveTopic, readStates } from "./cursor-state.ts";
import { Printer, type Reported } from "./ending.ts";
import { type CommandHead, operator, type Sent } from "./send-command.ts";
import { type ConfigArgs, configOptions, connectKafka, readConfig } from "./wiring.ts";

/** The flags of every command that changes a scan. */
export const changeOptions = {
  ...configOptions,
  scan: { type: "string", demandOption: true, describe: "the scan" },
  wait: {
    type: "string",
    default: "30s",
    describe: "how long a running connector's answer is waited for; 0s: it is only sent",
  },
  output: { choices: ["table", "json"] as const, default: "table" as const, describe: "how to print it" },
} as const;

export const executeOption = {
  execute: { type: "boolean", default: false, describe: "do it; otherwise only what it would do is printed" },
} as const;

/** The flags of those that may publish again. */
export const plannedOptions = {
  "may-repeat": {
    type: "boolean",
    default: false,
    describe: "also where ids are forgotten: what was published there is published again",
  },
  ...executeOption,
} as const;

export interface ChangeArgs extends ConfigArgs {
  readonly scan: string;
  readonly wait: string;
  readonly output: "table" | "json";
}

/** What is to be done, and what it does and costs. */
export interface Change {
  readonly plan: Plan;
  /** Null where the plan refuses it. */
  readonly command: Command | null;
  /** What is done right before it is sent. */
  readonly before?: (place: Place) => Promise<void>;
  /** Follows what the owner does about it, to its end; without it the owner's answer is the end. */
  readonly follow?: (sent: SentTo) => Promise<Reported>;
}

/** Where the scan's state is. */
export interface Place {
  readonly config: Config;
  readonly scan: ScanConfig;
  readonly kafka: KafkaPort;
  readonly shard: number;
}

/** Where the command was sent. */
export interface SentTo extends Pick<Sent, "shard" | "offset"> {
  readonly kafka: KafkaPort;
}

/** `head` says who, when and for which scan. */
export type MakeChange = (target: Target, state: ShardState, head: CommandHead) => Change;

/** @throws ConnectorError `config_invalid` with every problem. */
export function failOn(problems: readonly string[]): never {
  throw configInvalid(problems.join("\n"));
}

/**
 * Reads the scan's state, makes the change by it, prints its plan, and with `execute` sends the command and prints
 * what became of it.
 * @returns the exit code: 1 when it is refused, here or by the owner.
 * @throws ConnectorError when the state cannot be read, or the command not be sent; what `make` throws.
 */
export async function runChange(
  args: ChangeArgs & { readonly execute: boolean },
  make: MakeChange,
  signal: AbortSignal,
): Promise<number> {
  const waitMs = parseDurationMs(args.wait);
  if (waitMs === null) return failOn([`--wait: found "${args.wait}"; allowed: a duration such as 30s or 2m`]);
  const { config } = readConfig(args);
  const scans = chosen(config, args.scan);
  await using kafka = connectKafka(config, { emit: tellStage });
  if (!(await proveTopic(config, kafka, signal))) return 1;
  const [found] = await readStates(scans, kafka, signal);
  assert(found !== undefined, "a chosen scan has a state, if an empty one");
  const target = targetOf(basisOf(config, found.scan), found.state);
  const { plan, command, before, follow } = make(target, found.state, headFor(args.scan));
  const out = new Printer(args.output, plan);
  if (command === null || plan.refusal !== null) {
    return out.end({ outcome: "refused", message: plan.refusal ?? "there is nothing to do" });
  }
  if (!args.execute) return out.end({ outcome: "dry_run", message: "nothing was changed; --execute does it" });
  await before?.({ config, scan: found.scan, kafka, shard: found.shard });
  const places: Sent[] = [];
  const onSent = (sent: Sent) => void places.push(sent);
  const told = withPlan(command, toldOf(plan));
  const change = { config, scan: found.scan, shard: found.shard, command: told, emit: tellStage, onSent };
  const outcome = await carryOut(change, { kafka, clock: systemClock, waitMs }, signal);
  const [sent] = places;
  if (follow === undefined || sent === undefined || outcome.outcome !== "done") return out.end(outcome);
  if ("asOwner" in outcome) return out.end(outcome, NOBODY);
  out.begin(outcome);
  return out.end(outcome, await follow({ ...sent, kafka }));
}

/** It is done by a connector, and none runs. */
const NOBODY: Reported = { report: null, lines: ["it is begun when a connector runs"], isSound: true };

export function basisOf(config: Config, { name, tenant, pageSize }: ScanConfig): TargetConfig {
  const requestsPerMinute = config.tenants.find((each) => each.name === tenant)?.requestsPerMinute;
  assert(requestsPerMinute !== undefined, "a scan's tenant is configured");
  return { scan: name, pageSize, requestsPerMinute };
}

const headFor = (scan: string): CommandHead => ({
  version: 1,
  id: randomUUID(),
  at: new Date(systemClock.nowMs()).toISOString(),
  by: operator(),
  scan,
});
