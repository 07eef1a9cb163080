import { giveCommand } from "./give-command.ts";
import type { MemoryCluster } from "./memory-kafka.ts";

export interface VerifyRange {
  /** Unlike any other command's. */
  readonly id: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Sends the command that has a stretch of `contoso-all` verified, as the command line does. */
export function askVerify(cluster: MemoryCluster, { id, fromMs, untilMs }: VerifyRange): Promise<void> {
  return giveCommand(cluster, id, { action: "verify_add", fromMs, untilMs }, untilMs);
}
