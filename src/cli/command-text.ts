import type { Command } from "../scan/command.ts";
import { iso } from "./instant.ts";

/** What a command wants, in a few words for people. */
export function whatOf(command: Command): string {
  switch (command.action) {
    case "backfill_add":
      return `backfill ${iso(command.fromMs)} to ${iso(command.untilMs)}`;
    case "verify_add":
      return `verify ${iso(command.fromMs)} to ${iso(command.untilMs)}`;
    case "repair_add":
      return `repair ${iso(command.fromMs)} to ${iso(command.untilMs)}`;
    case "cursor_reset":
      return `reset to ${iso(command.toMs)}`;
    case "cursor_import":
      return `import of ${command.source.exportedAt}`;
    case "scan_pause":
    case "scan_resume":
      return `${command.action.replace("scan_", "")} the scan`;
    case "job_pause":
    case "job_resume":
    case "job_cancel":
      return `${command.action.replace("job_", "")} ${command.reader}`;
  }
}
