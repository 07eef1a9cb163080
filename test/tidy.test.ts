import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { root } from "./real/process.ts";
import { failures, type StageResult, summary } from "./run/tally.ts";
import { globalsAtEdges } from "./tidy/globals.ts";
import { importDirection, packageImporters, pageTakesTypes } from "./tidy/rooms.ts";
import {
  fileLength,
  fileName,
  lineWidth,
  noDefaultExport,
  noMachines,
  noNarrowedTests,
  nothingUnfinished,
  type Rule,
  type SourceFile,
  unitTestsMirror,
} from "./tidy/text.ts";

interface House {
  readonly says: string;
  readonly rule: Rule;
  /** Each breaks the rule. */
  readonly bad: readonly SourceFile[];
  /** Look alike, and are right. */
  readonly good: readonly SourceFile[];
}

const ts = (path: string, text: string): SourceFile => ({ path, text });

const house: readonly House[] = [
  {
    says: "rooms import in the direction that data flows",
    rule: importDirection,
    bad: [
      ts("src/scan/a.ts", 'import { b } from "../kafka/b.ts";'),
      ts("src/kit/a.ts", 'import type { b } from "../config/b.ts";'),
      ts("src/tenant/a.ts", 'export { b } from "../scan/b.ts";'),
      ts("src/activity/a.ts", 'const b = await import("../connector/b.ts");'),
      ts("src/scan/a.ts", 'import { b } from "../observe/metrics.ts";'),
      ts("src/mock-tenant/a.ts", 'import { b } from "../tenant/b.ts";'),
      ts("src/connector/a.ts", 'import { b } from "../mock-tenant/b.ts";'),
      ts("src/kafka/a.ts", 'import { b } from "../../test/b.ts";'),
      ts("src/main.ts", 'import { b } from "./connector/b.ts";'),
      ts("src/observe/a.ts", 'import { b } from "../connector/b.ts";'),
      ts("src/page/a.ts", 'import type { b } from "../kit/b.ts";'),
      ts("src/cli/a.ts", 'import { b } from "../page/b.ts";'),
    ],
    good: [
      ts("src/kafka/a.ts", 'import { b } from "../scan/b.ts"; import { c } from "./c.ts"; import "../kit/d.ts";'),
      ts("src/scan/a.ts", 'import type { E } from "../observe/events.ts";'),
      ts("src/cli/a.ts", 'import { b } from "../mock-tenant/b.ts"; import { c } from "../observe/log.ts";'),
      ts("src/kit/a.ts", '// import { b } from "../kafka/b.ts";'),
      ts("test/unit/kit/a.test.ts", 'import { b } from "../../../src/kafka/b.ts";'),
    ],
  },
  {
    says: "the page takes nothing but types from beside its room",
    rule: pageTakesTypes,
    bad: [
      ts("src/page/a.ts", 'import { SCAN_STATES } from "../observe/events.ts";'),
      ts("src/page/a.ts", 'import uPlot from "uplot";'),
    ],
    good: [ts("src/page/a.ts", 'import type { Status } from "../observe/status.ts"; import { b } from "./b.ts";')],
  },
  {
    says: "a third-party package is known to its room only",
    rule: packageImporters,
    bad: [
      ts("src/connector/a.ts", 'import { Kafka } from "kafkajs";'),
      ts("src/kafka/a.ts", 'import x from "@kafkajs/confluent-schema-registry";'),
      ts("src/kit/a.ts", 'import x from "left-pad";'),
      ts("src/kit/a.ts", 'import fs from "fs";'),
      ts("src/main.ts", 'import yargs from "yargs/yargs";'),
    ],
    good: [ts("src/kafka/a.ts", 'import { Kafka } from "kafkajs"; import { x } from "node:fs";')],
  },
  {
    says: "only edges touch the environment, clocks, timers, randomness and the network",
    rule: globalsAtEdges,
    bad: [
      ts("src/scan/a.ts", "const now = Date.now();"),
      ts("src/scan/a.ts", "const now = new Date();"),
      ts("src/scan/a.ts", "const a = Math.random;"),
      ts("src/kafka/a.ts", "setTimeout(() => {}, 1);"),
      ts("src/kafka/a.ts", "const f = { fetch };"),
      ts("src/connector/a.ts", "await globalThis.fetch(url);"),
      ts("src/config/a.ts", 'const a = process.env["HOME"];'),
      ts("src/tenant/a.ts", 'import { setTimeout as delay } from "node:timers/promises";'),
    ],
    good: [
      ts("src/kit/clock.ts", "export const now = () => Date.now();"),
      ts("src/scan/a.ts", '// Date.now()\nconst a = "Math.random()"; const d = new Date(5); deps.fetch(1);'),
      ts("src/scan/a.ts", "interface A { fetch(url: string): void } const a: A = { fetch: b };"),
      ts("src/cli/a.ts", "const a = process.env;"),
    ],
  },
  {
    says: "a file has at most 300 lines",
    rule: fileLength,
    bad: [ts("src/kit/a.ts", "x\n".repeat(301)), ts("src/kit/a.ts", `// Made by hand.\n${"x\n".repeat(300)}`)],
    good: [
      ts("src/kit/a.ts", "x\n".repeat(300)),
      ts("src/kit/a.ts", `// Made of b by c: do not edit.\n${"x\n".repeat(300)}`),
      ts("README.md", "x\n".repeat(1000)),
    ],
  },
  {
    says: "a line has at most 120 columns",
    rule: lineWidth,
    bad: [ts("test/a.ts", "x".repeat(121)), ts("deploy/a.sh", `#\n${"x".repeat(130)}`)],
    good: [
      ts("test/a.ts", `const a = "${"x".repeat(130)}";`),
      ts("test/a.ts", "é".repeat(120)),
      ts("package-lock.json", "x".repeat(500)),
    ],
  },
  {
    says: "a file's name says what is in it",
    rule: fileName,
    bad: ["src/kit/utils.ts", "src/scan/scan-helper.ts", "test/common.ts", "src/kafka/index.ts"].map((p) => ts(p, "")),
    good: ["src/kafka/services-seen.ts", "src/scan/indexed.ts"].map((path) => ts(path, "")),
  },
  {
    says: "there are no default exports in src",
    rule: noDefaultExport,
    bad: [ts("src/kit/a.ts", "const a = 1;\nexport default a;")],
    good: [ts("vitest.config.ts", "export default 1;")],
  },
  {
    says: "no file names a machine's paths or a registry's host",
    rule: noMachines,
    bad: [
      ts("README.md", `see ${"/"}work/x`),
      ts("deploy/a.sh", `cd "${"/"}root/x"`),
      ts("package-lock.json", `"${"resolved"}": "https://registry.${"npmjs"}.org/x"`),
    ],
    good: [ts("README.md", "in /run/secrets, ./work/x and test/real/root/y")],
  },
  {
    says: "no test is switched off or narrowed",
    rule: noNarrowedTests,
    bad: [`test.${"only"}('a')`, `  describe.${"skip"}('a')`, `it.${"todo"}('a')`].map((text) =>
      ts("test/unit/kit/a.test.ts", text),
    ),
    good: [ts("test/unit/kit/a.test.ts", "test('a', (context) => context.skip('no such file'))")],
  },
  {
    says: "nothing is marked as unfinished",
    rule: nothingUnfinished,
    bad: [ts("src/kit/a.ts", `// ${"TO"}DO later`), ts("deploy/a.sh", `# ${"FIX"}ME`)],
    good: [ts("src/kit/a.ts", "const mastodon = 1;")],
  },
];

const binary = /\.(png|gz|ico|woff2)$/;

/** What is or would be committed: deleted files are left out, new ones are in. */
function repository(): SourceFile[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root });
  return listed
    .toString()
    .split("\n")
    .filter((path) => !binary.test(path) && isFile(`${root}/${path}`))
    .map((path) => ({ path, text: readFileSync(`${root}/${path}`, "utf8") }));
}

/** A link to a folder, as the chart's, is none: what it leads to is listed by itself. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

const files = repository();

const named = house.map((each) => [each.says, each] as const);

test.each(named)("%s", (_, { rule }) => {
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap(rule)).toEqual([]);
});

test.each(named)("a breach is seen, and nothing else: %s", (_, { rule, bad, good }) => {
  for (const file of bad) expect(rule(file), `${file.path}: ${file.text.slice(0, 80)}`).not.toEqual([]);
  for (const file of good) expect(rule(file), `${file.path}: ${file.text.slice(0, 80)}`).toEqual([]);
});

test("every file of unit tests stands where the file that it tests stands", () => {
  expect(unitTestsMirror(files.map((file) => file.path))).toEqual([]);
  expect(unitTestsMirror(["test/unit/kit/a.test.ts", "src/kit/b.ts"])).toHaveLength(1);
  expect(unitTestsMirror(["test/unit/kit/a.test.ts", "src/kit/a.ts"])).toEqual([]);
});

test("the closing line counts every failure: a failed test, a stage that fell, a crash behind passed tests", () => {
  const stage = (name: string, more: Partial<StageResult>): StageResult => ({
    stage: name,
    exitCode: 0,
    seconds: 1,
    tally: null,
    ...more,
  });
  const skipped = [{ name: "a > b", reason: "no second machine" }];
  const results = [
    stage("types", {}),
    stage("lint", { exitCode: 1 }),
    stage("unit", { tally: { passed: 7, failed: [], skipped } }),
    stage("contract", { exitCode: 1, tally: { passed: 2, failed: ["c > d", "c > e"], skipped: [] } }),
    stage("integration", { exitCode: null }),
    stage("node22", { exitCode: 1, tally: { passed: 3, failed: [], skipped: [] } }),
  ];
  expect(results.map(failures)).toEqual([0, 1, 0, 2, 1, 1]);
  const lines = summary(results).split("\n");
  expect(lines.at(-1)).toBe("12 passed, 5 failed");
  expect(lines).toContain("  unit: a > b (no second machine)");
  expect(lines).toContain("FAILED contract: c > d");
});
