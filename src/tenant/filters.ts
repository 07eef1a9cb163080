import { ACTIVITY_FILTERS } from "../config/filters.ts";
import { PageCutter } from "./cutter.ts";
import type { CursorField, Filters } from "./request.ts";

const TIME_FIELDS: readonly CursorField[] = ["created", "date"];
/** Operators of the time fields that set the same bound. */
const LOWER: readonly string[] = ["gte", "gt", "gte_ndays", "eq", "range"];
const UPPER: readonly string[] = ["lte", "lt", "lte_ndays", "eq", "range"];
const FILTERS_MAX_BYTES = 8 * 1024 * 1024;

/** Filters that can be read: field → the exact JSON text of its conditions and their operators. */
type Legible = ReadonlyMap<string, { readonly text: string; readonly operators: readonly string[] }>;

/**
 * The filters text of a pass's next request. It is `nextText`, verbatim, unless that is a legible filters object in
 * which conditions of the pass's first request are visibly missing: those are then added, operator by operator.
 * What `nextText` says about an operator, or about the same bound of a time, stays. Opaque keys, strings and all
 * else that cannot be read are sent as they came.
 */
export function mergeNext(first: Filters, nextText: string): string {
  const next = readFilters(nextText);
  if (next === null) return nextText;
  const fields = new Map([...next].map(([field, { text }]) => [field, text]));
  let added = false;
  for (const [field, conditions] of Object.entries(first)) {
    const there = next.get(field);
    const missing = missingConditions(field, conditions, there?.operators ?? []);
    if (missing.length === 0) continue;
    fields.set(field, withMembers(there?.text ?? "{}", missing));
    added = true;
  }
  return added ? withMembers("{}", [...fields]) : nextText;
}

function missingConditions(
  field: string,
  conditions: Readonly<Record<string, unknown>>,
  there: readonly string[],
): [string, string][] {
  return Object.entries(conditions)
    .filter(([operator]) => !there.some((other) => coveredBy(field, operator, other)))
    .map(([operator, value]) => [operator, JSON.stringify(value)]);
}

function coveredBy(field: string, operator: string, other: string): boolean {
  if (operator === other) return true;
  if (!TIME_FIELDS.some((time) => time === field)) return false;
  // Whoever wrote a range or an instant has said all about this time.
  if (other === "range" || other === "eq") return true;
  return [LOWER, UPPER].some((bound) => bound.includes(operator) && bound.includes(other));
}

/** Null unless it is an object of documented filters, each an object of conditions, nothing said twice. */
function readFilters(text: string): Legible | null {
  const fields = membersOf(text);
  if (fields === null) return null;
  const legible = new Map<string, { text: string; operators: readonly string[] }>();
  for (const [field, conditions] of fields) {
    const operators = Object.hasOwn(ACTIVITY_FILTERS, field) ? membersOf(conditions) : null;
    if (operators === null) return null;
    legible.set(field, { text: conditions, operators: [...operators.keys()] });
  }
  return legible;
}

/** Name → exact text of the members of a JSON object; null when the text is not one. */
function membersOf(text: string): ReadonlyMap<string, string> | null {
  // A member "data" with elements is no filter, and makes the cut differ from a plain object.
  const cutter = new PageCutter(() => false, { elementMaxBytes: 0, envelopeMaxBytes: FILTERS_MAX_BYTES });
  cutter.push(Buffer.from(text));
  const cut = cutter.end();
  return cut.kind === "object" && !cut.hasData && cut.repeated.size === 0 ? cut.members : null;
}

/** `objectText` with members added at its end; all other bytes stay. */
function withMembers(objectText: string, members: readonly (readonly [string, string])[]): string {
  const open = objectText.trimEnd().slice(0, -1).trimEnd();
  const added = members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",");
  return `${open}${open.endsWith("{") ? "" : ","}${added}}`;
}
