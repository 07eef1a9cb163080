/** Where an option stands: `["tenants", "contoso", "apiUrl"]`. */
export type Path = readonly string[];

/** The file or overrides as plain data, before it is checked. */
export type Tree = { [key: string]: unknown };

/** For people and messages: `tenants.contoso.apiUrl`, `kafka.brokers[0]`, `filters["activity.id"]`. */
export function formatPath(path: Path): string {
  if (path.length === 0) return "the configuration";
  return path.reduce((text, key) => {
    if (/^\d+$/.test(key)) return `${text}[${key}]`;
    if (!/^[\w-]+$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path; undefined when there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)];
    return isTree(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }, root);
}

/** A copy of `root` with `value` at `path`; whatever stood in the way becomes a map. Undefined removes. */
export function withValueAt(root: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(root) && /^\d+$/.test(key)) {
    return root.map((item, index) => (index === Number(key) ? withValueAt(item, rest, value) : item));
  }
  const entries = new Map(Object.entries(isTree(root) ? root : {}));
  const next = withValueAt(entries.get(key), rest, value);
  if (next === undefined) entries.delete(key);
  else entries.set(key, next);
  return Object.fromEntries(entries);
}

/** A copy in which each string is what `replace` made of it. */
export function mapStrings(value: unknown, replace: (text: string, path: Path) => unknown, path: Path = []): unknown {
  if (typeof value === "string") return replace(value, path);
  if (Array.isArray(value)) return value.map((item, index) => mapStrings(item, replace, [...path, String(index)]));
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapStrings(item, replace, [...path, key])]),
  );
}
