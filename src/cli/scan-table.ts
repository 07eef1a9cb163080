import { openProjection, type Projected } from "../activity/project.ts";
import { isJsonObject } from "../activity/read.ts";
import type { ReadActivity } from "../activity/reading.ts";
import { activitySchema } from "../activity/schema.ts";

interface Column {
  readonly head: string;
  /** In characters; the last column is as wide as it is. */
  readonly width: number;
  readonly text: (shown: Projected, id: string) => unknown;
}

const COLUMNS: readonly Column[] = [
  { head: "HAPPENED", width: 20, text: ({ timestamp }) => instant(timestamp) },
  { head: "APP", width: 24, text: ({ appName }) => appName },
  {
    head: "USER",
    width: 32,
    text: ({ user, failedUserData }) => member(user, "userName") ?? member(failedUserData, "userName"),
  },
  { head: "IP ADDRESS", width: 15, text: ({ device }) => member(device, "clientIP") },
  { head: "FROM", width: 4, text: ({ location }) => member(location, "countryCode") },
  { head: "ACTIVITY", width: 60, text: ({ description, eventTypeName }) => description ?? eventTypeName },
  { head: "ID", width: 0, text: (_, id) => id },
];

const SHOWN = ["timestamp", "appName", "user", "failedUserData", "device", "location", "description", "eventTypeName"];
const project = openProjection(
  { ...activitySchema, fields: activitySchema.fields.filter(({ name }) => SHOWN.includes(name)) },
  () => {},
);

export const TABLE_HEAD = Buffer.from(`${row(COLUMNS.map(({ head }) => head))}\n`);

/** One activity as a row, without its line end; null for what is no JSON object. Rows do not wait for each other. */
export function tableRow({ json, id }: ReadActivity): Buffer | null {
  if (json === null) return null;
  const shown = project(json);
  return Buffer.from(row(COLUMNS.map(({ text }) => String(text(shown, id) ?? "-"))));
}

function row(texts: readonly string[]): string {
  return texts
    .map((text, at) => cell(text, COLUMNS[at]?.width ?? 0))
    .join("  ")
    .trimEnd();
}

/** Control characters, which a terminal would obey, and line ends become spaces. */
function cell(text: string, width: number): string {
  const characters = [...text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")];
  if (width === 0 || characters.length <= width) return characters.join("").padEnd(width);
  return `${characters.slice(0, width - 1).join("")}…`;
}

function instant(value: unknown): string | null {
  const date = new Date(typeof value === "number" ? value : Number.NaN);
  return Number.isNaN(date.getTime()) ? null : `${date.toISOString().slice(0, 19)}Z`;
}

const member = (value: unknown, name: string): unknown => (isJsonObject(value) ? value[name] : null);
