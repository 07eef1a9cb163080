import type { z } from "zod";
import { keysAt } from "./json-schema.ts";
import { nearest } from "./nearest.ts";
import { formatPath, type Path, valueAt, withValueAt } from "./path.ts";
import { describeFound, isPrivate, type Problem } from "./problems.ts";
import { configSchema, type ParsedConfig } from "./schema.ts";

type Issue = z.core.$ZodIssue;

/** What a value was given as, before it was filled in or read as YAML. */
export interface Given {
  /** Text to try when another kind of value is needed, such as `"9464"` for a port; by formatted path. */
  readonly texts: ReadonlyMap<string, string>;
  /** What to show as the value found instead of the filled-in value; by formatted path. */
  readonly templates: ReadonlyMap<string, string>;
}

/** Checks kinds, ranges and keys of the whole tree; every problem at once. `parsed` is null when there is any. */
export function checkShape(tree: unknown, given: Given): { parsed: ParsedConfig | null; problems: readonly Problem[] } {
  const first = configSchema.safeParse(tree);
  if (first.success) return { parsed: first.data, problems: [] };
  const mended = mend(tree, first.error.issues, given.texts);
  const second = configSchema.safeParse(mended);
  if (second.success) return { parsed: second.data, problems: [] };
  return { parsed: null, problems: second.error.issues.flatMap((issue) => toProblems(issue, [], mended, given)) };
}

/** Where a text came from outside and another kind is needed, or the other way round: the kind that is needed. */
function mend(tree: unknown, issues: readonly Issue[], texts: ReadonlyMap<string, string>): unknown {
  return issues.reduce<unknown>((mended, issue) => {
    const path = issue.path.map(String);
    const text = texts.get(formatPath(path));
    if (text === undefined || issue.code !== "invalid_type") return mended;
    const value = asKind(text, issue.expected);
    return value === undefined ? mended : withValueAt(mended, path, value);
  }, tree);
}

function asKind(text: string, kind: string): unknown {
  if (kind === "string") return text;
  if ((kind === "number" || kind === "int") && /^-?\d+$/.test(text)) return Number(text);
  if (kind === "boolean" && (text === "true" || text === "false")) return text === "true";
  return undefined;
}

function toProblems(issue: Issue, above: Path, tree: unknown, given: Given): Problem[] {
  const path = [...above, ...issue.path.map(String)];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(key, path));
  }
  if (issue.code === "invalid_union") {
    const branch = issue.errors.find((errors) => errors.length > 0 && errors.every((error) => !isKindOfRoot(error)));
    if (branch !== undefined) return branch.flatMap((error) => toProblems(error, path, tree, given));
  }
  return [{ path, origin: null, message: describeLeaf(issue, path, tree, given) }];
}

function isKindOfRoot(issue: Issue): boolean {
  return issue.code === "invalid_type" && issue.path.length === 0;
}

/** Beside secrets a word out of place may be one: there only what is nearly an option is named. */
function unknownKey(key: string, above: Path): Problem {
  const message = `unknown option${nearest(key, keysAt(above))}`;
  if (!isPrivate(above) || message.includes("did you mean")) return { path: [...above, key], origin: null, message };
  return { path: above, origin: null, message: message.replace("option", "option (not shown)") };
}

function describeLeaf(issue: Issue, path: Path, tree: unknown, given: Given): string {
  const wantsMap = issue.code === "invalid_type" && (issue.expected === "object" || issue.expected === "record");
  const known = keysAt(path);
  const allowed = wantsMap && known.length > 0 ? `settings: ${known.join(", ")}` : issue.message;
  const value = valueAt(tree, path);
  if (value === undefined) return `missing; give ${allowed}`;
  const template = given.templates.get(formatPath(path));
  const found =
    template === undefined ? describeFound(value, path) : `${describeFound(template, path)} (its value is not shown)`;
  return `found ${found}; allowed: ${allowed}`;
}
