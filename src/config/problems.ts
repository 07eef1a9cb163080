import { isSecretAt, schemaAt } from "./json-schema.ts";
import { formatPath, type Path } from "./path.ts";

/** One thing that is wrong, or worth a warning. `origin` names an override or a line; null: only the path. */
export interface Problem {
  readonly path: Path;
  readonly origin: string | null;
  readonly message: string;
}

export function formatProblem(problem: Problem): string {
  const where = problem.path.length === 0 && problem.origin !== null ? problem.origin : formatPath(problem.path);
  const origin = problem.path.length === 0 || problem.origin === null ? "" : ` (${problem.origin})`;
  return `${where}${origin}: ${problem.message}`;
}

const SHOWN_MAX = 60;
const HIDDEN_KEYS = new Set(["auth", "sasl", "proxy"]);
const HIDDEN_NAME = /token|secret|password|passwd|credential|apikey|private/i;

/**
 * What was found, for a message. Of secrets, of everything below `auth`, `sasl` and `proxy`, and of a text where
 * settings belong only the kind is told; credentials inside an address are cut out.
 */
export function describeFound(value: unknown, path: Path): string {
  if (value === undefined) return "nothing";
  if (value === null) return "an empty value";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "settings (a map)";
  if (isHidden(path)) return `a ${kindOf(value)} (not shown)`;
  const text = JSON.stringify(value).replace(/[^/@"]*@/g, "…@");
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

/** Whether an option is a secret or stands beside one. */
export function isPrivate(path: Path): boolean {
  return isSecretAt(path) || path.some((key) => HIDDEN_KEYS.has(key) || HIDDEN_NAME.test(key));
}

function isHidden(path: Path): boolean {
  if (isPrivate(path)) return true;
  const schema = schemaAt(path);
  return schema === undefined || schema.anyOf !== undefined || schema.type === "object" || schema.type === "array";
}

function kindOf(value: unknown): string {
  return typeof value === "string" ? "text" : typeof value;
}
