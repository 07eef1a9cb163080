import { isJsonObject } from "../activity/read.ts";
import { checkFilters } from "../config/filters.ts";
import { configInvalid, describeError } from "../kit/errors.ts";
import type { Filters } from "../tenant/request.ts";

/** Operators whose values the API takes as a list. */
const LIST_OPERATORS: readonly string[] = ["eq", "neq"];
const TIME_FIELDS: readonly string[] = ["created", "date"];

interface Condition {
  readonly field: string;
  readonly operator: string;
  readonly value: unknown;
}

export interface FilterSources {
  /** `field.operator=value`, in the order given. */
  readonly flags: readonly string[];
  /** The text of a file of filters in the API's own form, and its name; null without one. */
  readonly file: { readonly name: string; readonly text: string } | null;
  readonly cursorField: "auto" | "created" | "date";
}

/**
 * The filters that flags and a file give together, checked against the documented list. A field's operator may be
 * given several times where it takes a list. `warnings` are for filters that the API may still take.
 *
 * @throws ConnectorError `config_invalid` with every problem on a line of its own.
 */
export function readFilters(sources: FilterSources): { readonly filters: Filters; readonly warnings: string[] } {
  const problems: string[] = [];
  const filters = sources.file === null ? emptyDraft() : fileFilters(sources.file, problems);
  for (const flag of sources.flags) {
    const condition = parseFlag(flag);
    if (condition === null) {
      problems.push(`--filter ${flag}: must be field.operator=value, such as service.eq=20893`);
    } else {
      const problem = add(filters, condition);
      if (problem !== null) problems.push(`--filter ${flag}: ${problem}`);
    }
  }
  const warnings: string[] = [];
  for (const { path, message, warning } of checkFilters(filters, sources.cursorField)) {
    const here = TIME_FIELDS.includes(path[0] ?? "") ? " (here: --since and --until)" : "";
    (warning ? warnings : problems).push(`filter ${path.join(".")}: ${message}${here}`);
  }
  if (problems.length > 0) throw configInvalid(problems.join("\n"));
  return { filters, warnings };
}

/** Without a prototype, so that a field of whatever name is an entry like others. */
type Draft = Record<string, Record<string, unknown>>;

const emptyDraft = (): Draft => Object.create(null) as Draft;

function parseFlag(flag: string): Condition | null {
  const equals = flag.indexOf("=");
  const dot = flag.lastIndexOf(".", equals);
  if (equals < 0 || dot <= 0 || dot + 1 === equals) return null;
  const [field, operator] = [flag.slice(0, dot), flag.slice(dot + 1, equals)];
  const value = readValue(flag.slice(equals + 1));
  const listed = LIST_OPERATORS.includes(operator) && !TIME_FIELDS.includes(field) && typeof value !== "boolean";
  return { field, operator, value: listed && !Array.isArray(value) ? [value] : value };
}

/** JSON where it is JSON, else the text itself; a number that would lose digits stays text. */
function readValue(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "number" && String(value) !== text ? text : value;
  } catch {
    return text;
  }
}

function add(filters: Draft, { field, operator, value }: Condition): string | null {
  const conditions = filters[field] ?? {};
  filters[field] = conditions;
  const before = conditions[operator];
  if (before === undefined) conditions[operator] = value;
  else if (Array.isArray(before) && Array.isArray(value)) conditions[operator] = [...before, ...value];
  else return "given twice, and it takes one value";
  return null;
}

function fileFilters({ name, text }: { name: string; text: string }, problems: string[]): Draft {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    problems.push(`${name}: not JSON: ${describeError(error)}`);
    return emptyDraft();
  }
  if (!isJsonObject(json)) {
    problems.push(`${name}: must hold an object of filters, such as { "service": { "eq": [20893] } }`);
    return emptyDraft();
  }
  const draft = emptyDraft();
  for (const [field, conditions] of Object.entries(json)) {
    if (isJsonObject(conditions)) draft[field] = { ...conditions };
    else problems.push(`${name}: ${field} must hold operators, such as { "eq": [20893] }`);
  }
  return draft;
}
