import { type Archive, at } from "./archive.ts";
import { type ColumnName, FILTER_FIELDS, type Operator, type Value } from "./filter-fields.ts";
import { operandsOf, passes } from "./filter-values.ts";
import { type TimeCondition, type TimeField, timeIntervals, within } from "./time-filters.ts";

/** The API's filters: field → operator → value; conditions are ANDed. */
export type Filters = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** One entry of a validation error, as the API words it. */
export interface FilterError {
  readonly error: string;
  readonly errorMessageCode: "CONSOLE_FORMS_NOT_VALID_VALUE";
  readonly errorMessageParams: { readonly value: unknown };
}

/** Filters made ready to be asked of many activities. */
export interface Conditions {
  readonly created: TimeCondition;
  readonly date: TimeCondition;
  /** Whether the activity at `index` passes all filters but those on time. */
  readonly passes: (archive: Archive, index: number) => boolean;
}

export function filterError(value: unknown): FilterError {
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return {
    error: `${shown} is not valid`,
    errorMessageCode: "CONSOLE_FORMS_NOT_VALID_VALUE",
    errorMessageParams: { value },
  };
}

type Masks = Partial<Record<ColumnName, Uint8Array>>;

interface Draft {
  readonly times: { readonly created: TimeCondition[number][]; readonly date: TimeCondition[number][] };
  readonly masks: Masks;
  readonly ids: ReadonlySet<Value>[];
  readonly errors: FilterError[];
  impossible: boolean;
}

/**
 * Checks filters against the documented fields, operators and types.
 *
 * @returns what to ask of each activity, or every error found.
 */
export function compileFilters(filters: Filters, nowMs: number): Conditions | FilterError[] {
  const draft: Draft = { times: { created: [], date: [] }, masks: {}, ids: [], errors: [], impossible: false };
  for (const [field, operators] of Object.entries(filters)) {
    if (typeof operators !== "object" || operators === null || Array.isArray(operators)) {
      draft.errors.push(filterError(field));
      continue;
    }
    for (const [operator, operand] of Object.entries(operators)) {
      if (!compileOne(draft, { field, operator, operand }, nowMs)) draft.errors.push(filterError(operand ?? operator));
    }
  }
  if (draft.errors.length > 0) return draft.errors;
  return { ...draft.times, passes: predicate(draft) };
}

interface Condition {
  readonly field: string;
  readonly operator: string;
  readonly operand: unknown;
}

/** Adds a condition to the draft; false when it is not valid. */
function compileOne(draft: Draft, { field, operator, operand }: Condition, nowMs: number): boolean {
  if (field === "created" || field === "date") {
    const union = timeIntervals(field satisfies TimeField, operator, operand, nowMs);
    if (union !== null) draft.times[field].push(union);
    return union !== null;
  }
  const rule = Object.hasOwn(FILTER_FIELDS, field) ? FILTER_FIELDS[field] : undefined;
  const known = rule?.operators.find((name) => name === operator);
  if (rule === undefined || known === undefined) return false;
  const operands = operandsOf(rule, known, operand);
  if (operands === null) return false;
  if (rule.column === "id") draft.ids.push(new Set(operands));
  else if (rule.column === null) draft.impossible ||= !passes(known, [], operands);
  else restrict(draft.masks, rule.column, rule.values, (values) => passes(known satisfies Operator, values, operands));
  return true;
}

function restrict(
  masks: Masks,
  column: ColumnName,
  values: readonly (readonly Value[])[],
  allows: (values: readonly Value[]) => boolean,
): void {
  const mask = masks[column] ?? new Uint8Array(values.length).fill(1);
  values.forEach((known, code) => {
    if (!allows(known)) mask[code] = 0;
  });
  masks[column] = mask;
}

function predicate({ masks, ids, impossible }: Draft): Conditions["passes"] {
  if (impossible) return () => false;
  const { kind, person, place } = masks;
  return (archive, index) =>
    (kind === undefined || kind[at(archive.kind, index)] === 1) &&
    (person === undefined || person[at(archive.person, index)] === 1) &&
    (place === undefined || place[at(archive.place, index)] === 1) &&
    ids.every((set) => set.has(archive.idOf(index)));
}

/** Whether queries at `nowMs` with these conditions show the activity. */
export function shows(archive: Archive, index: number, conditions: Conditions, nowMs: number): boolean {
  return (
    at(archive.visibleFrom, index) <= nowMs &&
    within(conditions.created, at(archive.created, index)) &&
    within(conditions.date, at(archive.timestamp, index)) &&
    conditions.passes(archive, index)
  );
}
