import type { CommandModule } from "yargs";
import type { CommandContext } from "./cli.ts";

export function checkCommand(_context: CommandContext): CommandModule {
  return { command: "check", describe: "x", handler: () => {} };
}
