/** The two times that scans sort and filter by, in the API's words. */
export type TimeField = "created" | "date";

/** A closed interval of epoch ms. */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

const DAY_MS = 86_400_000;
const START = Number.NEGATIVE_INFINITY;
const END = Number.POSITIVE_INFINITY;

/** As documented: `date` knows no strict bounds, `created` knows no ages in days. */
const TIME_OPERATORS: Readonly<Record<TimeField, readonly string[]>> = {
  date: ["lte", "gte", "range", "lte_ndays", "gte_ndays"],
  created: ["lte", "gte", "range", "gt", "lt", "eq"],
};

type Bound = (value: number, nowMs: number) => Interval;

const BOUNDS: Readonly<Record<string, Bound>> = {
  gte: (value) => ({ fromMs: value, toMs: END }),
  gt: (value) => ({ fromMs: Math.floor(value) + 1, toMs: END }),
  lte: (value) => ({ fromMs: START, toMs: value }),
  lt: (value) => ({ fromMs: START, toMs: Math.ceil(value) - 1 }),
  eq: (value) => ({ fromMs: value, toMs: value }),
  gte_ndays: (days, nowMs) => ({ fromMs: nowMs - days * DAY_MS, toMs: END }),
  lte_ndays: (days, nowMs) => ({ fromMs: START, toMs: nowMs - days * DAY_MS }),
};

/**
 * What one operator allows: the union of the intervals. Null when the operator does not exist for the field or
 * its operand is not a number (for `range`: not `{start, end}`, bare or in a list, with either end optional).
 */
export function timeIntervals(field: TimeField, operator: string, operand: unknown, nowMs: number): Interval[] | null {
  if (!TIME_OPERATORS[field].includes(operator)) return null;
  const list: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  if (list.length === 0) return null;
  const intervals = list.map((member) => (operator === "range" ? range(member) : bound(operator, member, nowMs)));
  return intervals.includes(null) ? null : (intervals as Interval[]);
}

function bound(operator: string, operand: unknown, nowMs: number): Interval | null {
  return typeof operand === "number" ? (BOUNDS[operator]?.(operand, nowMs) ?? null) : null;
}

function range(operand: unknown): Interval | null {
  if (typeof operand !== "object" || operand === null) return null;
  const { start = START, end = END } = operand as { start?: unknown; end?: unknown };
  return typeof start === "number" && typeof end === "number" ? { fromMs: start, toMs: end } : null;
}

/** Conditions on one time: every member (a union of intervals) must hold. */
export type TimeCondition = readonly (readonly Interval[])[];

/** Whether `timeMs` is in one interval of each union. */
export function within(condition: TimeCondition, timeMs: number): boolean {
  return condition.every((union) => union.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs));
}

/** The smallest interval that holds all that the condition allows. */
export function hull(condition: TimeCondition): Interval {
  const edges = condition.map((union) => ({
    fromMs: Math.min(...union.map((interval) => interval.fromMs)),
    toMs: Math.max(...union.map((interval) => interval.toMs)),
  }));
  return {
    fromMs: Math.max(START, ...edges.map((edge) => edge.fromMs)),
    toMs: Math.min(END, ...edges.map((edge) => edge.toMs)),
  };
}
