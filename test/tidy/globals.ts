import ts from "typescript";
import type { Rule } from "./text.ts";

/**
 * What reaches out of the program or makes a run differ from the last: only edges do it, everything else is handed a
 * clock, a source of randomness, a transport.
 */
const outside = [
  "process.env",
  "process.argv",
  "process.exit",
  "Date.now",
  "new Date()",
  "performance.now",
  "Math.random",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "fetch",
  "node:timers",
  "node:timers/promises",
];

/** Edges: a file, or a room by its name and a slash, and what it may use. */
const edges: readonly (readonly [where: string, names: readonly string[]])[] = [
  ["src/main.ts", ["process.env", "process.argv", "process.exit", "Math.random"]],
  ["src/cli/", ["process.env", "process.argv", "process.exit", "Math.random", "setTimeout"]],
  ["src/kit/clock.ts", ["Date.now", "performance.now", "node:timers/promises"]],
  // A socket's deadline and the grace of a stop are of real time, whatever clock the connector lives by.
  ["src/tenant/deadline.ts", ["setTimeout"]],
  ["src/connector/connector.ts", ["setTimeout"]],
  ["src/activity/exchange.ts", ["setTimeout"]],
  ["src/observe/log.ts", ["new Date()"]],
  ["src/page/main.ts", ["Date.now", "setInterval", "fetch"]],
  // A server that stands for another party has a clock of its own.
  [
    "src/mock-tenant/",
    ["Date.now", "performance.now", "setTimeout", "setInterval", "setImmediate", "node:timers/promises"],
  ],
];

export const globalsAtEdges: Rule = ({ path, text }) => {
  if (!path.startsWith("src/") || !path.endsWith(".ts")) return [];
  const allowed = edges.filter(([where]) => (where.endsWith("/") ? path.startsWith(where) : path === where));
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const problems: string[] = [];
  const visit = (node: ts.Node): void => {
    const name = usedName(node);
    if (name !== null && outside.includes(name) && !allowed.some(([, names]) => names.includes(name))) {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      problems.push(`${path}:${line} uses ${name}, which only edges may`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return problems;
};

function usedName(node: ts.Node): string | null {
  if (ts.isPropertyAccessExpression(node)) {
    const object = node.expression.getText().replace(/^globalThis\./, "");
    return object === "globalThis" ? node.name.text : `${object}.${node.name.text}`;
  }
  if (ts.isNewExpression(node) && node.expression.getText() === "Date" && (node.arguments?.length ?? 0) === 0) {
    return "new Date()";
  }
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) return node.moduleSpecifier.text;
  return ts.isIdentifier(node) && isValue(node) ? node.text : null;
}

/** The identifier stands for the global: it is neither a member's name nor declared here nor only a type. */
function isValue(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  if (ts.isTypeQueryNode(parent) || ts.isImportSpecifier(parent) || ts.isQualifiedName(parent)) return false;
  return !("name" in parent && parent.name === node);
}
