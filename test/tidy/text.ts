/** A file of the repository: its path from the root, with slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Looks at one file; gives a sentence for each thing that is wrong with it. */
export type Rule = (file: SourceFile) => readonly string[];

const LINES_MAX = 300;
const WIDTH_MAX = 120;

/** A text or pattern that long is not broken for the sake of a margin. */
const unbreakable = /(["'`/]).{40,}\1/;
const code = /\.(ts|mjs|java|sh)$/;
const banned = /(^|[-./])(utils?|helpers?|common|manager|service|misc|index)\.ts$/;
/** In pieces, so that this file may hold them. */
const hosts = [
  "registry.npm" + "js.org",
  "repo.maven." + "apache.org",
  "repo1." + "maven.org",
  "pypi" + ".org",
  "proxy." + "golang.org",
  "deb." + "debian.org",
];
const machinePath = /(^|[^.\w-])\/(work|root|farm)\//;
const narrowed = /\b(it|test|describe)\.(only|todo|skip)\b/;
const unfinished = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].join("|")})\\b`);

/** What is written by a script says so in its first line; nobody reads it in one go. */
const generated = /^\/\/ .*: do not edit\.\n/;

/** One noun a file: short enough to be read in one go. */
export const fileLength: Rule = ({ path, text }) => {
  const lines = text.trimEnd().split("\n").length;
  return code.test(path) && !generated.test(text) && lines > LINES_MAX
    ? [`${path} has ${lines} lines, more than ${LINES_MAX}`]
    : [];
};

export const lineWidth: Rule = (file) =>
  eachLine(file, code, (line) => {
    const isTooWide = [...line].length > WIDTH_MAX && !unbreakable.test(line);
    return isTooWide ? `is wider than ${WIDTH_MAX} columns` : null;
  });

/** A name says what is in it; these say nothing, and `index` is a barrel. */
export const fileName: Rule = ({ path }) =>
  banned.test(path) ? [`${path}: the name says nothing about what is in it`] : [];

export const noDefaultExport: Rule = (file) =>
  eachLine(file, /^src\/.*\.ts$/, (line) => (/^export default\b/.test(line) ? "has a default export" : null));

/** What is true of one machine only has no place in the repository. */
export const noMachines: Rule = (file) =>
  eachLine(file, /./, (line) => {
    if (machinePath.test(line)) return "has a path of one machine";
    return hosts.some((host) => line.includes(host)) ? "names the host of a package registry" : null;
  });

/** A test that cannot run says so while it runs, by `context.skip(reason)`: then the reason is counted and printed. */
export const noNarrowedTests: Rule = (file) =>
  eachLine(file, /^test\/(?!tidy).*\.ts$/, (line) =>
    narrowed.test(line) ? "switches tests off or narrows them" : null,
  );

export const nothingUnfinished: Rule = (file) =>
  eachLine(file, /^(src|deploy|schemas|test)\//, (line) => (unfinished.test(line) ? "is marked as unfinished" : null));

/** Every file of unit tests stands where the file that it tests stands. */
export function unitTestsMirror(paths: readonly string[]): readonly string[] {
  const all = new Set(paths);
  return paths
    .filter((path) => path.startsWith("test/unit/") && path.endsWith(".test.ts"))
    .filter((path) => !all.has(path.replace("test/unit/", "src/").replace(".test.ts", ".ts")))
    .map((path) => `${path} tests no file of src by that name`);
}

function eachLine(file: SourceFile, where: RegExp, judge: (line: string) => string | null): string[] {
  if (!where.test(file.path)) return [];
  return file.text.split("\n").flatMap((line, at) => {
    const wrong = judge(line);
    return wrong === null ? [] : [`${file.path}:${at + 1} ${wrong}`];
  });
}
