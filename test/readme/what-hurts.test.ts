import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test, vi } from "vitest";
import { runCli } from "../../src/cli/cli.ts";
import { root } from "../real/process.ts";

/** A row of the README's table: what hurts, the commands that answer it, and the test that tries them. */
interface Row {
  readonly hurts: string;
  /** By words: a command, its sub-command, a flag. */
  readonly commands: readonly (readonly string[])[];
  readonly test: string;
}

const COMMAND = /`((?:run|scan|check|probe|plan|status|cursor|backfill|verify|topics|schema|config)(?: [a-z-]+)*)`/g;

function rows(): Row[] {
  const text = readFileSync(join(root, "README.md"), "utf8").split("### What hurts elsewhere")[1] ?? "";
  const table = text.split("\n\n").find((part) => part.startsWith("| what hurts")) ?? "";
  return table
    .split("\n")
    .slice(2)
    .map((line) => {
      const [, hurts = "", , here = "", tried = ""] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
      const commands = [...here.matchAll(COMMAND)].map(([, words = ""]) => words.split(" "));
      return { hurts, commands, test: tried.replace(/`/g, "") };
    });
}

/** Of a test, and of the helpers that it imports. */
function sourceOf(name: string): string {
  const file = join(root, "test", `${name}.test.ts`);
  if (!existsSync(file)) return "";
  const own = readFileSync(file, "utf8");
  const imported = [...own.matchAll(/from "(\.[^"]+\.ts)"/g)].map(([, path = ""]) => join(dirname(file), path));
  const helpers = imported.filter((path) => path.startsWith(join(root, "test")));
  return [own, ...helpers.map((path) => readFileSync(path, "utf8"))].join("\n");
}

async function helpOf(names: readonly string[]): Promise<string> {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  expect(await runCli([...names, "--help"], new AbortController().signal)).toBe(0);
  const text = log.mock.calls.flat().join("\n");
  log.mockRestore();
  return text;
}

test("there are as many rows as there are complaints that a command can answer", () => {
  expect(rows().length).toBeGreaterThanOrEqual(15);
});

test.each(rows())("$hurts: each command is one, and is given in its test", async ({ commands, test: name }) => {
  expect(commands).not.toEqual([]);
  const source = sourceOf(name);
  expect(source, `test/${name}.test.ts`).not.toBe("");
  for (const words of commands) {
    const names = words.filter((word) => !word.startsWith("-"));
    const flags = words.filter((word) => word.startsWith("-"));
    expect(await helpOf(names)).toContain(`mdca-kafka-source ${names.join(" ")}`);
    const given = new RegExp(names.map((word) => `"${word}"`).join(",\\s*"));
    expect([given.source, given.test(source)]).toEqual([given.source, true]);
    for (const flag of flags) expect([flag, source.includes(`"${flag}"`)]).toEqual([flag, true]);
  }
});
