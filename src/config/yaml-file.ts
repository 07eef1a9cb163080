import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parse,
  parseDocument,
  type YAMLError,
} from "yaml";
import type { Path } from "./path.ts";

export interface YamlFile {
  /** Null for an empty file; undefined when it cannot be read as YAML at all. */
  readonly value: unknown;
  /** The line of an option or, when it is missing, of what should hold it; null for the file as a whole. */
  lineOf(path: Path): number | null;
  /** One line each, without any of the file's text: a broken line may hold a secret. */
  readonly problems: readonly { readonly message: string; readonly line: number | null }[];
}

/** Reads YAML 1.2; a key that stands twice in one map is a problem. */
export function readYamlFile(text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    logLevel: "silent",
  });
  const problems = [...document.errors, ...document.warnings].map((error) => ({
    message: describe(error),
    line: lines.linePos(error.pos[0]).line,
  }));
  const lineOf = (path: Path) => lineOfPath(document, lines, path);
  const broken = document.errors.some((error) => error.code !== "DUPLICATE_KEY");
  if (broken) return { value: undefined, lineOf, problems };
  try {
    return { value: document.toJS(), lineOf, problems };
  } catch {
    return {
      value: undefined,
      lineOf,
      problems: [...problems, { message: "aliases that cannot be resolved", line: null }],
    };
  }
}

/** A value written as YAML: in an override. Throws what says nothing of the text. */
export function readYamlValue(text: string): unknown {
  try {
    return parse(text, { prettyErrors: false, logLevel: "error" });
  } catch {
    throw new Error("the value is not readable as YAML; quote it");
  }
}

/** The parser's own words up to where it begins to quote the file. */
function describe(error: YAMLError): string {
  if (error.code === "DUPLICATE_KEY") return "a key stands twice in one map";
  return `not readable as YAML: ${error.message.replace(/\s*[:"'`].*$/s, "")}`;
}

function lineOfPath(document: Document.Parsed, lines: LineCounter, path: Path): number | null {
  let node: unknown = document.contents;
  let offset: number | null = null;
  for (const key of path) {
    const next = stepInto(isAlias(node) ? node.resolve(document) : node, key);
    if (next === null) break;
    node = next.node;
    offset = next.offset ?? offset;
  }
  return offset === null ? null : lines.linePos(offset).line;
}

function stepInto(node: unknown, key: string): { node: unknown; offset: number | undefined } | null {
  if (isSeq(node)) {
    const item: unknown = node.items[Number(key)];
    return { node: item, offset: isNode(item) ? item.range?.[0] : undefined };
  }
  const pair = isMap(node)
    ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
    : undefined;
  return pair === undefined ? null : { node: pair.value, offset: isScalar(pair.key) ? pair.key.range?.[0] : undefined };
}
