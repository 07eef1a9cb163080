import type { FieldRule, Operator, Value } from "./filter-fields.ts";

const folded = (value: Value): string => String(value).toLowerCase();

const TESTS: Readonly<Record<Operator, (value: Value, operand: Value) => boolean>> = {
  eq: (value, operand) => folded(value) === folded(operand),
  neq: (value, operand) => folded(value) === folded(operand),
  contains: (value, operand) => folded(value).includes(folded(operand)),
  ncontains: (value, operand) => folded(value).includes(folded(operand)),
  text: (value, operand) => folded(value).includes(folded(operand)),
  startswith: (value, operand) => folded(value).startsWith(folded(operand)),
  startswithsingle: (value, operand) => folded(value).startsWith(folded(operand)),
  doesnotstartwith: (value, operand) => folded(value).startsWith(folded(operand)),
  endswith: (value, operand) => folded(value).endsWith(folded(operand)),
  isset: () => true,
  isnotset: () => true,
};

const NEGATIVE: readonly Operator[] = ["neq", "ncontains", "doesnotstartwith", "isnotset"];

/** Whether an activity with these values passes `operator` with any (for negative operators: none) of the operands. */
export function passes(operator: Operator, values: readonly Value[], operands: readonly Value[]): boolean {
  const negative = NEGATIVE.includes(operator);
  if (operator === "isset" || operator === "isnotset") return values.length > 0 !== negative;
  const found = values.some((value) => operands.some((operand) => TESTS[operator](value, operand)));
  return found !== negative;
}

/** The operands as a list, or null when they are not of the field's type. A scalar counts as a list of one. */
export function operandsOf(rule: FieldRule, operator: Operator, operand: unknown): readonly Value[] | null {
  if (operator === "isset" || operator === "isnotset") return [];
  const list: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  if (list.length === 0) return null;
  const values = list.map((member) => operandOf(rule, member));
  return values.includes(null) ? null : (values as Value[]);
}

function operandOf(rule: FieldRule, operand: unknown): Value | null {
  if (rule.type === "any") return anyOperand(operand);
  // A listed null means "has none"; no value is equal to it.
  if (operand === null && rule.type === "string") return "";
  if (rule.type === "int") return Number.isSafeInteger(operand) ? (operand as number) : null;
  if (rule.type === "bool") return typeof operand === "boolean" ? operand : null;
  return typeof operand === "string" ? operand : null;
}

/** Entities come as texts or as objects with an `id`. */
function anyOperand(operand: unknown): Value | null {
  if (typeof operand === "object" && operand !== null && "id" in operand && typeof operand.id === "string") {
    return operand.id;
  }
  return typeof operand === "object" ? JSON.stringify(operand) : (operand as Value);
}
