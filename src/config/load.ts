import { dirname } from "node:path";
import { ConnectorError, configInvalid } from "../kit/errors.ts";
import type { Config } from "./config.ts";
import { crossCheck } from "./cross-checks.ts";
import { interpolate } from "./interpolate.ts";
import { NAME } from "./leaves.ts";
import { applyOverrides, ENV_PREFIX, type Overridden } from "./overrides.ts";
import { formatPath, isTree, mapStrings, type Path, valueAt } from "./path.ts";
import { checkPems } from "./pems.ts";
import { formatProblem, type Problem } from "./problems.ts";
import type { Surroundings } from "./references.ts";
import { resolve } from "./resolve.ts";
import type { ParsedConfig } from "./schema.ts";
import { checkShape } from "./shape.ts";
import { readYamlFile } from "./yaml-file.ts";

export interface ConfigSource {
  /** Path of the YAML file; null: overrides alone. */
  readonly file: string | null;
  /** `--set` flags, each `option=value`. */
  readonly sets: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Loaded {
  readonly config: Config;
  /** One line each. */
  readonly warnings: readonly string[];
  /** The options that it was made of, with their defaults; never to be shown, since a secret may stand in them. */
  readonly options: ParsedConfig;
  /** By formatted path: a digest of what each secret held. */
  readonly secrets: ReadonlyMap<string, string>;
}

/**
 * Reads, overrides, fills in and checks the configuration.
 *
 * @throws ConnectorError `config_invalid` (fatal) with every problem on a line of its own: the option, where it
 *   stands, what was found (never a secret) and what is allowed.
 */
export function loadConfig(source: ConfigSource, readFile: (path: string) => string): Loaded {
  const { file, env, sets } = source;
  const yaml = readYamlFile(file === null ? "" : readConfigFile(file, readFile));
  const syntax = yaml.problems.map(({ message, line }) => ({ path: [], origin: atLine(line) ?? "the file", message }));
  if (yaml.value === undefined) throw invalid(file, syntax);
  const around: Surroundings = { env, readFile, folder: file === null ? "." : dirname(file) };

  const overridden = applyOverrides(yaml.value ?? {}, env, sets);
  const filled = interpolate(overridden.tree, around);
  const tree = withImpliedScans(filled.tree);
  const { templates } = filled;
  const shape = checkShape(tree, { texts: textsOf(overridden, tree, templates.keys()), templates });
  const cross = crossCheck(tree);

  const place = (problem: Problem): Problem => {
    const override = originOf(overridden, problem.path);
    return { ...problem, origin: problem.origin ?? override ?? atLine(yaml.lineOf(problem.path)) };
  };
  const found = [overridden, shape, filled, cross].flatMap(({ problems }) => problems);
  const problems = [...syntax, ...[...found, ...checkPems(tree, around)].map(place)];
  if (shape.parsed === null || problems.length > 0) throw invalid(file, problems);
  const warnings = [...filled.warnings, ...cross.warnings].map((warning) => formatProblem(place(warning)));
  return {
    config: resolve(shape.parsed, around),
    warnings: [...warnings, ...strayVariables(env)],
    options: shape.parsed,
    secrets: filled.secrets,
  };
}

function readConfigFile(file: string, readFile: (path: string) => string): string {
  try {
    return readFile(file);
  } catch (error) {
    const message = `cannot read the configuration file ${file}`;
    throw new ConnectorError("config_invalid", message, { disposition: "fatal", cause: error });
  }
}

/** Without `scans`, each tenant has one over everything. */
function withImpliedScans(tree: unknown): unknown {
  const tenants = valueAt(tree, ["tenants"]);
  if (!isTree(tree) || !isTree(tenants) || tree["scans"] !== undefined) return tree;
  const names = Object.keys(tenants).filter((name) => NAME.test(name));
  if (names.length === 0) return tree;
  return { ...tree, scans: Object.fromEntries(names.map((tenant) => [`${tenant}-all`, { tenant }])) };
}

/** The override that gave an option or the map around it; null when the file did. */
function originOf(overridden: Overridden, path: Path): string | null {
  for (let length = path.length; length > 0; length--) {
    const found = overridden.origins.get(formatPath(path.slice(0, length)));
    if (found !== undefined) return found.origin;
  }
  return null;
}

/** The texts behind values that came from outside: what they mean depends on the kind that is needed. */
function textsOf(overridden: Overridden, tree: unknown, filled: Iterable<string>): ReadonlyMap<string, string> {
  const texts = new Map([...overridden.origins].map(([path, { text }]) => [path, text]));
  const paths = new Set(filled);
  mapStrings(tree, (text, path) => {
    if (paths.has(formatPath(path))) texts.set(formatPath(path), text);
    return text;
  });
  return texts;
}

function atLine(line: number | null): string | null {
  return line === null ? null : `line ${line}`;
}

function invalid(file: string | null, problems: readonly Problem[]): ConnectorError {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const lines = problems.map((problem) => `\n  ${formatProblem(problem)}`);
  const message = `configuration ${file ?? "from overrides"}: ${count}${lines.join("")}`;
  return configInvalid(message);
}

/** Variables that look like overrides and are none. */
function strayVariables(env: ConfigSource["env"]): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith("MDCA_SOURCE") && !name.startsWith(ENV_PREFIX))
    .map((name) => `environment variable ${name} is not used: overrides are written ${ENV_PREFIX}A__B`);
}
