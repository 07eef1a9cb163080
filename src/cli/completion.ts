import { ACTIVITY_FILTERS } from "../config/filters.ts";
import { readConfig } from "./wiring.ts";

/** Flags whose value is a file: the shell completes those by itself where nothing else is offered. */
const FILE_FLAGS: readonly string[] = [
  "--config",
  "-c",
  "--token-file",
  "--filters-file",
  "--profile",
  "--file",
  "--out",
  "-o",
  "--resume",
  "--summary",
];

/**
 * What can follow on a command line, beside commands, flags and their choices: the API's filters, and the names of
 * scans and tenants of the configuration that is named on it. Nothing: the shell offers its file names. Null: that is
 * for others to say.
 *
 * @param words the command line without the program, the last the one that is being completed.
 */
export function completionsOf(words: readonly string[]): readonly string[] | null {
  const flag = words.at(-2) ?? "";
  if (FILE_FLAGS.includes(flag)) return [];
  if (flag === "--filter") return filterNames();
  if (flag === "--scan") return namesOf(words, "scans");
  return flag === "--tenant" ? namesOf(words, "tenants") : null;
}

/** `service.eq=`: each filter with each of its operators, but for the times, which have flags of their own. */
function filterNames(): string[] {
  return Object.entries(ACTIVITY_FILTERS)
    .filter(([field]) => field !== "created" && field !== "date")
    .flatMap(([field, operators]) => operators.map((operator) => `${field}.${operator}=`));
}

/** Of the configuration that the words name; none where there is none, or it has errors: those are for commands. */
function namesOf(words: readonly string[], which: "scans" | "tenants"): string[] {
  const at = words.findIndex((word) => word === "--config" || word === "-c");
  const file = at < 0 ? undefined : words[at + 1];
  if (file === undefined) return [];
  try {
    return readConfig({ config: file, set: [] }).config[which].map(({ name }) => name);
  } catch {
    return [];
  }
}
