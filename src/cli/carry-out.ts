import type { Config, ScanConfig } from "../config/config.ts";
import type { Settled } from "../connector/take-commands.ts";
import type { Emit } from "../observe/events.ts";
import type { Command } from "../scan/command.ts";
import { actAsOwner } from "./as-owner.ts";
import { counted } from "./command-plan.ts";
import type { Applied } from "./ending.ts";
import { awaitAnswer, type Outcome, queued, type Sender, type Sent, sendCommand } from "./send-command.ts";

/** A command that is to be carried out. */
export interface Ordered {
  readonly config: Config;
  readonly scan: ScanConfig;
  readonly shard: number;
  readonly command: Command;
  /** Told the stages of taking the shard over. */
  readonly emit: Emit;
  /** Told where the command lies. */
  readonly onSent?: (sent: Sent) => void;
}

/**
 * Sends a command and waits for what becomes of it; with nobody in the connector's group it is applied here, as the
 * shard's owner, behind what waits before it. Where nothing is waited for, it is only sent.
 * @throws ConnectorError when it cannot be sent, or the scan's state does not fit; the reason of `signal`.
 */
export async function carryOut(ordered: Ordered, sender: Sender, signal: AbortSignal): Promise<Outcome | Applied> {
  const { command, shard } = ordered;
  const { kafka, waitMs } = sender;
  const sent = await sendCommand(kafka, shard, command, signal);
  ordered.onSent?.(sent);
  if (waitMs === 0) return queued(command, "its outcome was not waited for");
  const isAlone = (await kafka.members(signal)) === 0;
  const answer = isAlone ? null : await awaitAnswer(sender, sent, signal);
  if (answer !== null) return answer;
  // Whoever was killed is a member until its session is over.
  const members = await kafka.members(signal);
  if (members === 0) return await applied(ordered, sender, sent, signal);
  const who = `${counted(members, "replica")} of the connector ${members === 1 ? "runs" : "run"}`;
  return queued(command, `nobody has applied it within ${waitMs / 1_000} s, though ${who}: \`/status\` tells why`);
}

async function applied(ordered: Ordered, sender: Sender, sent: Sent, signal: AbortSignal): Promise<Outcome | Applied> {
  const { command } = ordered;
  const { kafka, clock, waitMs } = sender;
  const visit = await actAsOwner({ ...ordered, kafka, clock }, signal);
  if (visit.kind === "refused") return queued(command, visit.reason);
  const settled = visit.kind === "applied" ? visit.settled : [];
  const mine = settled.find((each) => each.command.id === command.id);
  if (mine !== undefined) {
    return { ...outcomeOf(mine), asOwner: true, earlier: settled.filter((each) => each !== mine).map(outcomeOf) };
  }
  // Whoever came in between has applied it, or is about to.
  const reason = visit.kind === "fenced" ? visit.reason : "somebody else took the shard over before";
  const answer = await awaitAnswer(sender, sent, signal);
  return answer ?? queued(command, `${reason}, and has not applied it within ${waitMs / 1_000} s`);
}

const outcomeOf = ({ command: { id }, outcome, message }: Settled): Outcome => ({ outcome, id, message });
