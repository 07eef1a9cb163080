import type { CommandModule } from "yargs";
import type { CommandContext } from "./cli.ts";

export function scanCommand(_context: CommandContext): CommandModule {
  return { command: "scan", describe: "x", handler: () => {} };
}
