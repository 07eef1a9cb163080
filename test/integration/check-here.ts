import { expect, vi } from "vitest";
import { runCli } from "../../src/cli/cli.ts";

/** What `check` or the like finds, by the whole command line but in this process, which saves starting another. */
export async function runHere(...args: string[]): Promise<{ code: number; out: string }> {
  let out = "";
  const said = (text: unknown) => {
    out += String(text);
    return true;
  };
  // Help comes by the console, which the test runner has made its own.
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(said),
    vi.spyOn(console, "log").mockImplementation(said),
  ];
  try {
    const code = await runCli(args, new AbortController().signal);
    expect(out).not.toMatch(/^\s+at /m);
    expect(out).not.toContain("mock-token");
    return { code, out };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** The lines of what is wrong. */
export const failures = (out: string): string[] => out.split("\n").filter((line) => line.startsWith("FAIL"));
export const warnings = (out: string): string[] => out.split("\n").filter((line) => line.startsWith("warn"));
