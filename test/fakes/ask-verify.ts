import { commandKey, encodeCommand } from "../../src/scan/command.ts";
import type { MemoryCluster } from "./memory-kafka.ts";

const never = new AbortController().signal;

export interface VerifyRange {
  /** Unlike any other command's. */
  readonly id: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Sends the command that has a stretch of `contoso-all` verified, as the command line does. */
export async function askVerify(cluster: MemoryCluster, { id, fromMs, untilMs }: VerifyRange): Promise<void> {
  const { port } = cluster.process();
  const head = { version: 1, id, at: new Date(untilMs).toISOString(), by: "test", scan: "contoso-all" } as const;
  const command = encodeCommand({ ...head, action: "verify_add", fromMs, untilMs });
  await port.sendCommand(port.shardOf("contoso"), commandKey(id), command, never);
}
