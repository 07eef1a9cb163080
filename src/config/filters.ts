import { nearest } from "./nearest.ts";

/** Operators that the API documents for any filter. */
export const FILTER_OPERATORS = [
  "contains",
  "deq",
  "descendantof",
  "doesnotstartwith",
  "endswith",
  "eq",
  "gt",
  "gte",
  "gte_ndays",
  "isnotset",
  "isset",
  "lt",
  "lte",
  "lte_ndays",
  "ncontains",
  "ndescendantof",
  "neq",
  "range",
  "startswith",
  "startswithsingle",
  "text",
] as const;

const EQ = ["eq", "neq"];
const EQ_SET = [...EQ, "isset", "isnotset"];
const ENTITY = [...EQ_SET, "startswith"];
const CALENDAR = ["lte", "gte", "range"];

/** The documented filters of activities and their documented operators (Microsoft's page "Activities API"). */
export const ACTIVITY_FILTERS: Readonly<Record<string, readonly string[]>> = {
  service: EQ,
  instance: EQ,
  "user.orgUnit": EQ_SET,
  actionType: ["contains", ...EQ_SET],
  "activity.eventActionType": EQ,
  // The older documented name of the one above; clients in use still send it.
  "activity.eventType": EQ,
  "activity.id": ["eq"],
  "activity.impersonated": ["eq"],
  "activity.type": ["eq"],
  "activity.takenAction": EQ,
  "device.type": EQ,
  "device.tags": EQ,
  "userAgent.userAgent": ["contains", "ncontains"],
  "userAgent.tags": EQ,
  "location.country": EQ_SET,
  "location.organizations": [...EQ_SET, "contains"],
  "ip.address": [...EQ_SET, "startswith", "doesnotstartwith"],
  "ip.category": EQ,
  "ip.tags": EQ,
  fileSelector: EQ,
  fileId: ["eq"],
  office365url: ["startswith", "eq", "endswith"],
  text: ["eq", "startswithsingle", "text"],
  date: [...CALENDAR, "lte_ndays", "gte_ndays"],
  created: [...CALENDAR, "gt", "lt", "eq"],
  policy: EQ_SET,
  source: EQ,
  "activity.alertId": ["eq"],
  activityObject: EQ,
  entity: ENTITY,
  "user.username": ENTITY,
  "user.tags": ENTITY,
  "user.domain": EQ_SET,
};

/** What is wrong with one filter; `path` is the field, or the field and its operator. */
export interface FilterProblem {
  readonly path: readonly string[];
  readonly message: string;
  /** The API may still take it: for operators that exist but are not documented for this field. */
  readonly warning: boolean;
}

type CursorField = "auto" | "created" | "date";

/**
 * Checks filters against the documented list. The cursor field belongs to the scan: a filter on it would cut
 * off what the scan is meant to find; with `auto` that is both time fields.
 */
export function checkFilters(filters: Readonly<Record<string, unknown>>, cursorField: CursorField): FilterProblem[] {
  return Object.entries(filters).flatMap(([field, conditions]) => {
    const own = checkField(field, cursorField);
    if (own !== null) return [{ path: [field], message: own, warning: false }];
    if (typeof conditions !== "object" || conditions === null || Array.isArray(conditions)) return [];
    return Object.keys(conditions).flatMap((operator) => checkOperator(field, operator));
  });
}

function checkField(field: string, cursorField: CursorField): string | null {
  if (!Object.hasOwn(ACTIVITY_FILTERS, field)) {
    return `unknown filter${nearest(field, Object.keys(ACTIVITY_FILTERS))}`;
  }
  if (field === cursorField || (cursorField === "auto" && (field === "date" || field === "created"))) {
    const because = cursorField === "auto" ? "with cursorField auto either time may be" : "it is";
    return `not allowed: ${because} the field that the scan moves along; say where it begins with "start"`;
  }
  return null;
}

function checkOperator(field: string, operator: string): FilterProblem[] {
  const path = [field, operator];
  if (operator.endsWith("_ndays")) {
    const message =
      'not allowed: relative to each request, it would move under the scan; use "start", such as start: 1d';
    return [{ path, message, warning: false }];
  }
  const documented = ACTIVITY_FILTERS[field] ?? [];
  if (documented.includes(operator)) return [];
  if (FILTER_OPERATORS.some((known) => known === operator)) {
    const message = `not documented for this filter (${documented.join(", ")} are); the API may refuse it`;
    return [{ path, message, warning: true }];
  }
  return [{ path, message: `unknown operator${nearest(operator, documented)}`, warning: false }];
}
