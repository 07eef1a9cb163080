import { dirname, join } from "node:path/posix";
import ts from "typescript";
import type { Rule, SourceFile } from "./text.ts";

/** In the order that data flows: a room imports itself and earlier ones, never a later one. */
const order = ["kit", "config", "tenant", "scan", "activity", "kafka", "connector", "cli"];
/** Beside the order: what they may import of it. */
const sideRooms: Readonly<Record<string, readonly string[]>> = {
  observe: ["kit", "config"],
  "mock-tenant": ["kit"],
};
/** What any room may import of a side room; the rest of it belongs to those who compose. */
const openSideFiles = ["observe/events.ts"];
/** The page runs in the browser and knows of the rest what `/status` and `/history` say, as types; nobody knows it. */
const pageImports = ["observe/events.ts", "observe/status.ts"];
const composers = ["connector", "cli"];

/** The rooms that know a package; replacing it touches nothing else. zod also decodes the state that was stored. */
const importers: Readonly<Record<string, readonly string[]>> = {
  yargs: ["cli"],
  "cli-progress": ["cli"],
  zod: ["config", "scan"],
  yaml: ["config"],
  undici: ["tenant"],
  avsc: ["activity"],
  "@kafkajs/confluent-schema-registry": ["activity"],
  kafkajs: ["kafka"],
  "prom-client": ["observe"],
  pino: ["observe"],
  "pino-pretty": ["observe"],
  uplot: ["page"],
  "@opentelemetry/api": ["observe"],
  "@opentelemetry/exporter-trace-otlp-http": ["observe"],
  "@opentelemetry/resources": ["observe"],
  "@opentelemetry/sdk-trace-base": ["observe"],
};

/** Rooms import in the direction that data flows. */
export const importDirection: Rule = (file) => {
  const room = roomOf(file.path);
  if (room === null) return [];
  return imports(file)
    .filter((target) => target.startsWith("."))
    .map((target) => join(dirname(file.path), target).replace(/^src\//, ""))
    .filter((target) => !mayImport(room, target))
    .map((target) => `${file.path} imports ${target}: ${room} may not know it`);
};

/** A third-party package is known to its room only; Node's own modules are named `node:`. */
export const packageImporters: Rule = (file) => {
  const room = roomOf(file.path);
  if (room === null) return [];
  return imports(file)
    .filter((target) => !target.startsWith(".") && !target.startsWith("node:"))
    .map((target) =>
      target
        .split("/")
        .slice(0, target.startsWith("@") ? 2 : 1)
        .join("/"),
    )
    .filter((name) => importers[name]?.includes(room) !== true)
    .map((name) => `${file.path} imports ${name}: ${importers[name]?.join(", ") ?? "no room"} may`);
};

/** The page is served without the rooms beside it: what it takes of them, and of packages, is gone once compiled. */
export const pageTakesTypes: Rule = ({ path, text }) => {
  if (roomOf(path) !== "page") return [];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  return source.statements
    .filter((each) => ts.isImportDeclaration(each))
    .filter(({ importClause }) => importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword)
    .map(({ moduleSpecifier }) => (ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : ""))
    .filter((target) => !target.startsWith("./"))
    .map((target) => `${path} imports ${target} as more than a type: the browser has no such file`);
};

/** Room of a file of src; "main" for the process edge, which imports the command line alone. */
function roomOf(path: string): string | null {
  const parts = path.split("/");
  if (parts[0] !== "src" || !path.endsWith(".ts")) return null;
  return parts.length === 2 ? "main" : (parts[1] ?? null);
}

function mayImport(room: string, target: string): boolean {
  const other = target.split("/")[0] ?? "";
  if (room === other) return true;
  if (room === "main") return other === "cli" || other === "kit";
  if (room === "page") return pageImports.includes(target);
  if (other === "page") return false;
  const side = sideRooms[room];
  if (side !== undefined) return side.includes(other) || openSideFiles.includes(target);
  if (other in sideRooms) {
    return openSideFiles.includes(target) || (composers.includes(room) && other === "observe") || room === "cli";
  }
  return order.includes(room) && order.includes(other) && order.indexOf(other) < order.indexOf(room);
}

/** Everything a file imports or re-exports, statically or not. */
function imports(file: SourceFile): string[] {
  return ts.preProcessFile(file.text, true, true).importedFiles.map((each) => each.fileName);
}
