import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { extname } from "node:path";

/** A file of the status page as it is served. */
export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
  /** Of these very bytes, quoted as the header wants it. */
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** What the build makes of `src/page`; src and dist lie at the same depth. */
const built = new URL("../../dist/page/", import.meta.url);

/** The chart library, from its installed package. */
const CHARTS = { "uplot.js": "uplot/dist/uPlot.iife.min.js", "uplot.css": "uplot/dist/uPlot.min.css" };

/**
 * Everything that the status page consists of, by its path: `/` and `/page/…`. Read once and kept, some 150 KB, so that
 * a request costs no look at the disk. Without a build, as when run from its sources, there is none.
 */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  if (!existsSync(built)) return new Map();
  const { resolve } = createRequire(import.meta.url);
  const own = readdirSync(built).map((name) => [name, new URL(name, built)] as const);
  const charts = Object.entries(CHARTS).map(([name, path]) => [name, resolve(path)] as const);
  return new Map([...own, ...charts].flatMap(([name, path]) => fileOf(name, readFileSync(path))));
}

function fileOf(name: string, body: Buffer): [path: string, file: PageFile][] {
  const contentType = TYPES[extname(name)];
  if (contentType === undefined) return [];
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  return [[name === "index.html" ? "/" : `/page/${name}`, { contentType, body, etag }]];
}
