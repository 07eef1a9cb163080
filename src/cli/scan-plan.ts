import type { Config, Start } from "../config/config.ts";
import { parseStart } from "../config/units.ts";
import { canonicalJson } from "../kit/canonical.ts";
import { ConnectorError, configInvalid } from "../kit/errors.ts";
import type { OneShotPlan } from "./one-shot.ts";
import { type FilterSources, readFilters } from "./scan-filters.ts";
import type { FormatName } from "./scan-format.ts";
import type { AskedFor } from "./scan-state.ts";

/** Ten full pages: what spans cost in requests, by their last pages that are not full, stays small. */
const SPAN_ACTIVITIES = 50_000;

export interface PlanArgs {
  readonly since: string;
  readonly until: string | undefined;
  readonly filter: readonly string[];
  readonly file: FilterSources["file"];
  readonly cursorField: "auto" | "created" | "date";
  readonly pageSize: number;
  readonly limit: number | undefined;
}

/**
 * What the flags of `scan` ask for.
 * @throws ConnectorError `config_invalid` with every problem.
 */
export function readPlan(
  args: PlanArgs,
  { memory }: Pick<Config, "memory">,
): { readonly plan: OneShotPlan; readonly warnings: readonly string[] } {
  const problems: string[] = [];
  const since = readStart("--since", args.since, problems);
  const until = args.until === undefined ? null : readStart("--until", args.until, problems);
  checkWhole("--page-size", args.pageSize, { min: 500, max: 5_000 }, problems);
  if (args.limit !== undefined) checkWhole("--limit", args.limit, { min: 1, max: Number.MAX_SAFE_INTEGER }, problems);
  const { cursorField, file } = args;
  const read = collect(problems, () => readFilters({ flags: args.filter, file, cursorField }));
  if (read === null || problems.length > 0) {
    throw configInvalid(problems.join("\n"));
  }
  const plan: OneShotPlan = {
    filters: read.filters,
    cursorField,
    since,
    until,
    pageSize: args.pageSize,
    limit: args.limit ?? null,
    pagesBytes: memory.pagesBytes,
    idsBytes: memory.idsBytes,
    spanActivities: SPAN_ACTIVITIES,
  };
  return { plan, warnings: read.warnings };
}

/** What makes a scan another one, by the names of its flags: a state file goes with no other. */
export function askedFor(
  args: PlanArgs,
  { filters }: OneShotPlan,
  more: { readonly apiUrl: string; readonly format: FormatName; readonly out: string },
): AskedFor {
  return {
    "the API's address": more.apiUrl,
    "--out": more.out,
    "--format": more.format,
    "--since": args.since,
    ...(args.until === undefined ? {} : { "--until": args.until }),
    "the filters": canonicalJson(filters),
    "--cursor-field": args.cursorField,
    ...(args.limit === undefined ? {} : { "--limit": String(args.limit) }),
  };
}
function readStart(flag: string, text: string, problems: string[]): Start {
  const start = parseStart(text);
  if (start === null) {
    problems.push(`${flag}: found "${text}"; allowed: an age (1h, 1d) or an instant (2026-11-01T00:00:00Z)`);
  }
  return start ?? { kind: "now" };
}

function checkWhole(flag: string, value: number, range: { min: number; max: number }, problems: string[]): void {
  const { min, max } = range;
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  const allowed =
    max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min}` : `a whole number from ${min} to ${max}`;
  problems.push(`${flag}: found ${value}; allowed: ${allowed}`);
}

function collect<T>(problems: string[], read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    problems.push(error.message);
    return null;
  }
}
