import { canonicalJson } from "../kit/canonical.ts";
import type { Config } from "./config.ts";
import { isSecretAt } from "./json-schema.ts";
import type { Loaded } from "./load.ts";
import { formatPath, isTree, type Path } from "./path.ts";

/** Names, each in the order of its file. */
export interface Difference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** What differs between two configurations, as far as a running connector can follow. */
export interface Changes {
  readonly tenants: Difference;
  readonly scans: Difference;
  /** Paths of secrets that hold something else now. */
  readonly secrets: readonly string[];
  /** Tenants that are added, removed or changed, in themselves, in their secrets or in their scans. */
  readonly touched: ReadonlySet<string>;
}

/** `restart`: the paths of options that hold from a start to the next. */
export type Comparison =
  | { readonly kind: "changes"; readonly changes: Changes }
  | { readonly kind: "restart"; readonly paths: readonly string[] };

/** What a running connector follows; all else holds from a start to the next. */
const FOLLOWED: ReadonlySet<string> = new Set(["tenants", "scans", "log"]);

/** Compares what a connector runs by with what it is to run by. */
export function changesBetween(before: Loaded, after: Loaded): Comparison {
  const sections = Object.keys(after.options).filter((key) => !FOLLOWED.has(key)) as (keyof Config)[];
  const paths = sections.flatMap((section) => differingOptions(before, after, section));
  if (paths.length > 0) return { kind: "restart", paths };
  const tenants = difference(tenantTexts(before), tenantTexts(after));
  const scans = difference(scanTexts(before), scanTexts(after));
  const ofScans = new Set(Object.values(scans).flat());
  const owners = [before, after].flatMap(({ config }) => config.scans.filter(({ name }) => ofScans.has(name)));
  const touched = new Set([...Object.values(tenants).flat(), ...owners.map(({ tenant }) => tenant)]);
  const secrets = [...after.secrets]
    .filter(([path, digest]) => before.secrets.has(path) && before.secrets.get(path) !== digest)
    .map(([path]) => path);
  return { kind: "changes", changes: { tenants, scans, secrets, touched } };
}

/**
 * The options of a section that say something else. A secret that is referred to as before says the same, whatever it
 * holds: it is read at each use. A certificate is not: it is read at the start.
 */
function differingOptions(before: Loaded, after: Loaded, section: keyof Config): string[] {
  const written = pathsApart(before.options[section], after.options[section], [section]);
  const [was, is] = [plain(before.config[section]), plain(after.config[section])];
  const meant = pathsApart(was, is, [section]);
  const apart = meant.length === 0 ? written.filter(isSecretAt) : written.length === 0 ? meant : written;
  return apart.map(formatPath);
}

/** Where two trees differ: the deepest paths that one of them has, or the list as a whole. */
function pathsApart(one: unknown, other: unknown, path: Path): Path[] {
  if (!isTree(one) || !isTree(other)) return canonicalText(one) === canonicalText(other) ? [] : [path];
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].flatMap((key) => pathsApart(one[key], other[key], [...path, key]));
}

/** By name, all that a tenant is made of: what was written, what it means, what its secrets hold. */
function tenantTexts({ config, options, secrets }: Loaded): Map<string, string> {
  return new Map(
    config.tenants.map((tenant) => {
      const prefix = `${formatPath(["tenants", tenant.name])}.`;
      const own = [...secrets].filter(([path]) => path.startsWith(prefix));
      return [tenant.name, canonicalText([options.tenants[tenant.name], plain(tenant), own])];
    }),
  );
}

const scanTexts = ({ config }: Loaded): Map<string, string> =>
  new Map(config.scans.map((scan) => [scan.name, canonicalText(scan)]));

function difference(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Difference {
  return {
    added: [...after.keys()].filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
    changed: [...after.keys()].filter((name) => before.has(name) && before.get(name) !== after.get(name)),
  };
}

/** As plain data, in which a secret is the word for it. */
const plain = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

const canonicalText = (value: unknown): string => canonicalJson(value === undefined ? null : value);
