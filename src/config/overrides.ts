import { describeError } from "../kit/errors.ts";
import { hasNamesAt, isSecretAt, keysAt } from "./json-schema.ts";
import { nearest } from "./nearest.ts";
import { formatPath, isTree, type Path, valueAt, withValueAt } from "./path.ts";
import type { Problem } from "./problems.ts";
import { readYamlValue } from "./yaml-file.ts";

export const ENV_PREFIX = "MDCA_SOURCE__";

/** One option's value from the environment or a flag. */
interface Override {
  /** `MDCA_SOURCE__HTTP__PORT` or `--set http.port`; for messages. */
  readonly origin: string;
  readonly segments: readonly string[];
  readonly text: string;
  /** What stands for the value of a secret: read anew each time, when it comes from the environment. */
  readonly secret: string;
}

export interface Overridden {
  readonly tree: unknown;
  /** By formatted path: which override the value comes from, and its text as it was given. */
  readonly origins: ReadonlyMap<string, { readonly origin: string; readonly text: string }>;
  readonly problems: readonly Problem[];
}

/**
 * Lays overrides over the file's tree, the environment first, flags last. A segment of the path matches a known
 * option, or a tenant or scan of the file, whatever its capitals, hyphens, dots and underscores; an environment
 * variable that matches no name makes one: lower case, with `-` for `_`. Values are YAML; `null` removes.
 */
export function applyOverrides(
  tree: unknown,
  env: Readonly<Record<string, string | undefined>>,
  sets: readonly string[],
): Overridden {
  const problems: Problem[] = [];
  const origins = new Map<string, { origin: string; text: string }>();
  let result = tree;
  for (const override of [...fromEnvironment(env), ...fromFlags(sets, problems)]) {
    try {
      const path = resolvePath(result, override);
      const secret = isSecretAt(path);
      const value = secret ? override.secret : readYamlValue(override.text);
      result = withValueAt(result, path, value ?? undefined);
      origins.set(formatPath(path), { origin: override.origin, text: override.text });
    } catch (error) {
      problems.push({ path: [], origin: override.origin, message: describeError(error) });
    }
  }
  return { tree: result, origins, problems };
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Override[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(ENV_PREFIX) && env[name] !== "")
    .sort()
    .map((name) => {
      const text = env[name] ?? "";
      const refers = /\$\{(env|file):/.test(text);
      const segments = name.slice(ENV_PREFIX.length).split("__");
      return { origin: name, segments, text, secret: refers ? text : `\${env:${name}}` };
    });
}

function fromFlags(sets: readonly string[], problems: Problem[]): Override[] {
  return sets.flatMap((set) => {
    const at = set.indexOf("=");
    if (at > 0) {
      const [path, text] = [set.slice(0, at), set.slice(at + 1)];
      return [{ origin: `--set ${path}`, segments: path.split("."), text, secret: text }];
    }
    problems.push({ path: [], origin: "--set", message: "needs option=value, such as --set http.port=9465" });
    return [];
  });
}

function resolvePath(tree: unknown, override: Override): Path {
  const path: string[] = [];
  for (const segment of override.segments) path.push(resolveSegment(tree, path, segment, override.origin));
  return path;
}

function resolveSegment(tree: unknown, above: Path, segment: string, origin: string): string {
  const there = valueAt(tree, above);
  const known = [...new Set([...keysAt(above), ...(isTree(there) ? Object.keys(there) : [])])];
  if (known.includes(segment)) return segment;
  const matches = known.filter((key) => plain(key) === plain(segment));
  if (matches.length > 1) throw new Error(`ambiguous: ${segment} may be ${matches.join(" or ")}`);
  if (matches[0] !== undefined) return matches[0];
  if (hasNamesAt(above) && /^\w[\w-]*$/.test(segment) && segment !== "__proto__") {
    return origin.startsWith(ENV_PREFIX) ? segment.toLowerCase().replaceAll("_", "-") : segment;
  }
  throw new Error(`unknown option ${segment} in ${formatPath(above)}${nearest(segment, known)}`);
}

function plain(key: string): string {
  return key.toLowerCase().replaceAll(/[._-]/g, "");
}
