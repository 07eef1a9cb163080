import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import type { Reporter, SerializedError, TestModule } from "vitest/node";
import type { Tally } from "./tally.ts";

/** Writes what a run came to, with the reason of every skipped test, to the file named by `TALLY_FILE`. */
class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const file = process.env["TALLY_FILE"];
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(tallyOf(modules, unhandled), null, 2));
  }
}

function tallyOf(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Tally {
  const failed: string[] = unhandled.map((error) => `outside of any test: ${error.message}`);
  const skipped: Tally["skipped"][number][] = [];
  let passed = 0;
  for (const module of modules) {
    const path = relative(process.cwd(), module.moduleId);
    for (const error of module.errors()) failed.push(`${path}: ${error.message}`);
    for (const test of module.children.allTests()) {
      const result = test.result();
      const name = `${path} > ${test.fullName}`;
      if (result.state === "passed") passed += 1;
      else if (result.state === "failed") failed.push(name);
      else skipped.push({ name, reason: result.state === "skipped" ? (result.note ?? "none given") : "never ran" });
    }
    for (const suite of module.children.allSuites()) {
      for (const error of suite.errors()) failed.push(`${path} > ${suite.fullName}: ${error.message}`);
    }
  }
  return { passed, failed, skipped };
}

export default TallyReporter;
