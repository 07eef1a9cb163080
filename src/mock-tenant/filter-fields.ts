import { KINDS } from "./kinds.ts";
import { PEOPLE, PLACES } from "./people.ts";

/** What a filter compares with: an activity has none, one or several values for it. */
export type Value = string | number | boolean;

export type Operator =
  | "eq"
  | "neq"
  | "contains"
  | "ncontains"
  | "startswith"
  | "startswithsingle"
  | "doesnotstartwith"
  | "endswith"
  | "text"
  | "isset"
  | "isnotset";

/** Which column of the archive decides: the values of a filter are known for each of its codes. */
export type ColumnName = "kind" | "person" | "place";

export interface FieldRule {
  readonly type: "string" | "int" | "bool" | "any";
  readonly operators: readonly Operator[];
  /** Null where no activity of the mock tenant has a value; `id` is asked of each activity. */
  readonly column: ColumnName | "id" | null;
  /** By code of the column. */
  readonly values: readonly (readonly Value[])[];
}

const EQUALITY = ["eq", "neq"] as const;
const PRESENCE = ["isset", "isnotset"] as const;

type Shape = Pick<FieldRule, "type" | "operators">;

const text = (...operators: readonly Operator[]): Shape => ({ type: "string", operators });
const int = (...operators: readonly Operator[]): Shape => ({ type: "int", operators });
const any = (...operators: readonly Operator[]): Shape => ({ type: "any", operators });

const ofKind = (shape: Shape, valuesOf: (kind: (typeof KINDS)[number]) => readonly Value[]): FieldRule => ({
  ...shape,
  column: "kind",
  values: KINDS.map(valuesOf),
});
const ofPerson = (shape: Shape, valuesOf: (person: (typeof PEOPLE)[number]) => readonly Value[]): FieldRule => ({
  ...shape,
  column: "person",
  values: PEOPLE.map(valuesOf),
});
const ofPlace = (shape: Shape, valuesOf: (place: (typeof PLACES)[number]) => readonly Value[]): FieldRule => ({
  ...shape,
  column: "place",
  values: PLACES.map(valuesOf),
});
const unset = (shape: Shape): FieldRule => ({ ...shape, column: null, values: [] });

const EVENT_TYPE = ofKind(text(...EQUALITY), (kind) => [kind.eventTypeName, kind.eventTypeValue]);

/** The documented filters of activities and their operators; the two time filters are apart. */
export const FILTER_FIELDS: Readonly<Record<string, FieldRule>> = {
  service: ofKind(int(...EQUALITY), (kind) => [kind.service]),
  instance: ofKind(int(...EQUALITY), () => [0]),
  actionType: ofKind(text("contains", ...EQUALITY, ...PRESENCE), (kind) => [
    `${kind.service}:${kind.eventTypeValue}:${kind.operation}`,
  ]),
  "activity.eventActionType": EVENT_TYPE,
  "activity.eventType": EVENT_TYPE,
  "activity.id": { ...text("eq"), column: "id", values: [] },
  "activity.impersonated": ofKind({ type: "bool", operators: ["eq"] }, () => [false]),
  "activity.type": ofKind({ type: "bool", operators: ["eq"] }, (kind) => [kind.admin]),
  "activity.takenAction": ofKind(text(...EQUALITY), (kind) => (kind.family === "proxy" ? ["block"] : [])),
  "device.type": ofKind(text(...EQUALITY), (kind) => [kind.family === "audit" ? "OTHER" : "DESKTOP"]),
  "device.tags": unset(text(...EQUALITY)),
  "userAgent.userAgent": ofKind(text("contains", "ncontains"), (kind) => [
    kind.family === "login" ? ";Windows 10;Chrome 142.0;" : "OneDriveMpc-Transform_Thumbnail/1.0",
  ]),
  "userAgent.tags": ofKind(text(...EQUALITY), (kind) => (kind.family === "audit" ? ["000000000000000000000000"] : [])),
  "location.country": ofPlace(text(...EQUALITY, ...PRESENCE), (place) => [place.countryCode]),
  "location.organizations": ofPlace(text(...EQUALITY, ...PRESENCE, "contains"), (place) => [place.organization]),
  "ip.address": ofPlace(text("eq", "startswith", "doesnotstartwith", ...PRESENCE, "neq"), (place) => [place.ip]),
  "ip.category": ofPlace(int(...EQUALITY), (place) => [place.category]),
  "ip.tags": ofPlace(text(...EQUALITY), (place) => place.tags),
  text: ofKind(text("eq", "startswithsingle", "text"), (kind) => [kind.description, kind.appName, kind.operation]),
  "user.username": ofPerson(any(...EQUALITY, ...PRESENCE, "startswith"), (person) => [person.userName]),
  "user.domain": ofPerson(text(...EQUALITY, ...PRESENCE), (person) => [person.domain]),
  "user.tags": ofPerson(any(...EQUALITY, ...PRESENCE, "startswith"), (person) => [person.tag]),
  "user.orgUnit": unset(text(...EQUALITY, ...PRESENCE)),
  entity: ofPerson(any(...EQUALITY, ...PRESENCE, "startswith"), (person) => [person.userName, person.objectId]),
  policy: unset(text(...EQUALITY, ...PRESENCE)),
  source: unset(any(...EQUALITY)),
  fileSelector: unset(any(...EQUALITY)),
  fileId: unset(any("eq")),
  office365url: unset(text("startswith", "eq", "endswith")),
  "activity.alertId": unset(text("eq")),
  activityObject: unset(any(...EQUALITY)),
};
