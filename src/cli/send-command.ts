import { hostname, userInfo } from "node:os";
import type { KafkaPort } from "../kafka/port.ts";
import type { Clock } from "../kit/clock.ts";
import { type Command, commandKey, decodeHistory, encodeCommand, historyKey } from "../scan/command.ts";

/** What became of a command within the time that was waited for it. */
export interface Outcome {
  readonly outcome: "done" | "refused" | "queued";
  readonly id: string;
  readonly message: string;
}

export interface Sender {
  readonly kafka: KafkaPort;
  readonly clock: Clock;
  /** How long the owner's answer is waited for; 0: not at all. */
  readonly waitMs: number;
}

/** What a command says beside what is wanted. */
export type CommandHead = Pick<Command, "version" | "id" | "at" | "by" | "scan">;

/** A command on its way, and where it lies. */
export interface Sent {
  readonly command: Command;
  readonly shard: number;
  readonly offset: bigint;
}

/**
 * Sends a command to the owner of a shard; it stays in the shard's state until an owner applies it.
 * @throws ConnectorError when it cannot be sent; the reason of `signal`.
 */
export async function sendCommand(
  kafka: KafkaPort,
  shard: number,
  command: Command,
  signal: AbortSignal,
): Promise<Sent> {
  const offset = await kafka.sendCommand(shard, commandKey(command.id), encodeCommand(command), signal);
  return { command, shard, offset };
}

/** Waits for the owner's answer; null: there is none yet. @throws the reason of `signal`. */
export async function awaitAnswer(
  { kafka, clock, waitMs }: Sender,
  { command: { id }, shard, offset }: Sent,
  signal: AbortSignal,
): Promise<Outcome | null> {
  if (waitMs === 0) return null;
  const answered = new AbortController();
  const answers: Outcome[] = [];
  const late = clock.sleep(waitMs, AbortSignal.any([signal, answered.signal])).then(
    () => answered.abort(),
    () => undefined,
  );
  const onRecord = (key: string, value: Buffer | null): void => {
    if (key !== historyKey(id) || value === null) return;
    answers.push(answerOf(id, value));
    answered.abort();
  };
  await kafka.followFrom(shard, offset, onRecord, AbortSignal.any([signal, answered.signal]));
  await late;
  signal.throwIfAborted();
  return answers[0] ?? null;
}

function answerOf(id: string, value: Buffer): Outcome {
  const history = decodeHistory(value);
  if (history.kind === "read") return { outcome: history.value.outcome, id, message: history.value.message };
  return { outcome: "refused", id, message: `the owner answered, but ${history.reason}` };
}

/** Not applied, and why not yet. */
export const queued = ({ id }: Command, reason: string): Outcome => ({
  outcome: "queued",
  id,
  message: `${reason}; it waits in the cursors topic until a connector applies it`,
});

/** The operator, for people: the user and the machine, as far as the system tells. */
export function operator(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container's user may have no name.
    return `${process.env["USER"] ?? "unknown"}@${hostname()}`;
  }
}
