import type { CommandModule } from "yargs";
import type { CommandContext } from "./cli.ts";

export function cursorCommand(_context: CommandContext): CommandModule {
  return { command: "cursor", describe: "x", handler: () => {} };
}
