import { type Command, commandKey, encodeCommand } from "../../src/scan/command.ts";
import type { MemoryCluster } from "./memory-kafka.ts";

const never = new AbortController().signal;

/** A command without what says who gave it. */
export type Wish<C = Command> = C extends Command ? Omit<C, "version" | "id" | "at" | "by" | "scan" | "plan"> : never;

/** Sends a command for `contoso-all`, as the command line does. */
export async function giveCommand(cluster: MemoryCluster, id: string, wish: Wish, atMs: number): Promise<void> {
  const { port } = cluster.process();
  const head = { version: 2, id, at: new Date(atMs).toISOString(), by: "test", scan: "contoso-all" } as const;
  const command: Command = { ...wish, ...head };
  await port.sendCommand(port.shardOf("contoso"), commandKey(id), encodeCommand(command), never);
}
