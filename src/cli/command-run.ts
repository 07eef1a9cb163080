import { randomUUID } from "node:crypto";
import type { Config, ScanConfig } from "../config/config.ts";
import { parseDurationMs } from "../config/units.ts";
import type { ShardState } from "../kafka/port.ts";
import { systemClock } from "../kit/clock.ts";
import { assert, ConnectorError } from "../kit/errors.ts";
import type { Command } from "../scan/command.ts";
import { type Plan, planLines, type Target, type TargetConfig, targetOf } from "./command-plan.ts";
import { chosen, proveTopic, readStates } from "./cursor-state.ts";
import { type CommandHead, type Outcome, operator, sendCommand } from "./send-command.ts";
import { type ConfigArgs, configOptions, connectKafka, readConfig } from "./wiring.ts";

/** The flags of every command that changes a scan. */
export const changeOptions = {
  ...configOptions,
  scan: { type: "string", demandOption: true, describe: "the scan" },
  wait: { type: "string", default: "30s", describe: "how long the connector's answer is waited for; 0s: not at all" },
  output: { choices: ["table", "json"] as const, default: "table" as const, describe: "how to print it" },
} as const;

/** The flags of those that say first what they would do. */
export const plannedOptions = {
  "may-repeat": {
    type: "boolean",
    default: false,
    describe: "also where ids are forgotten: what was published there is published again",
  },
  execute: { type: "boolean", default: false, describe: "do it; otherwise only what it would do is printed" },
} as const;

export interface ChangeArgs extends ConfigArgs {
  readonly scan: string;
  readonly wait: string;
  readonly output: "table" | "json";
}

/** What is to be done, and what it does and costs; null where it is done at once. */
export interface Change {
  readonly plan: Plan | null;
  readonly command: Command;
}

/** `head` says who, when and for which scan. */
export type MakeChange = (target: Target, state: ShardState, head: CommandHead) => Change;

/** @throws ConnectorError `config_invalid` with every problem. */
export function failOn(problems: readonly string[]): never {
  throw new ConnectorError("config_invalid", problems.join("\n"), { disposition: "fatal" });
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
  await using kafka = connectKafka(config);
  if (!(await proveTopic(config, kafka, signal))) return 1;
  const [found] = await readStates(scans, kafka, signal);
  assert(found !== undefined, "a chosen scan has a state, if an empty one");
  const target = targetOf(basisOf(config, found.scan), found.state);
  const { plan, command } = make(target, found.state, headFor(args.scan));
  const out = new Printer(args.output, plan);
  if (plan !== null && plan.refusal !== null) return out.end({ outcome: "refused", message: plan.refusal });
  if (!args.execute) return out.end({ outcome: "dry_run", message: "nothing was changed; --execute does it" });
  return out.end(await sendCommand({ kafka, clock: systemClock, waitMs }, found.shard, command, signal));
}

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

type Ending = Outcome | { readonly outcome: "dry_run" | "refused"; readonly message: string };

/** As text the plan stands there while the answer is waited for; as JSON all is one object. */
class Printer {
  readonly #output: "table" | "json";
  readonly #plan: Plan | null;

  constructor(output: "table" | "json", plan: Plan | null) {
    this.#output = output;
    this.#plan = plan;
    if (output === "table" && plan !== null) write(planLines(plan));
  }

  /** @returns the exit code. */
  end(ending: Ending): number {
    if (this.#output === "json") write([JSON.stringify({ plan: this.#plan, ...ending }, null, 2)]);
    else write([endingLine(ending)]);
    return ending.outcome === "refused" ? 1 : 0;
  }
}

function endingLine(ending: Ending): string {
  if (ending.outcome === "dry_run") return ending.message;
  const id = "id" in ending ? ` (command ${ending.id})` : "";
  return `${ending.outcome}: ${ending.message}${id}`;
}

const write = (lines: readonly string[]): void => void process.stdout.write(`${lines.join("\n")}\n`);
