import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { MockTenantOptions } from "../../src/mock-tenant/settings.ts";
import { type MockTenant, startMockTenant } from "../../src/mock-tenant/start.ts";
import { discard, type Running, root, scratchDir, start } from "./process.ts";

/** A budget that holds up no test. */
export const FAST = ["--requests-per-minute", "60000"];

export async function mock(options: MockTenantOptions = {}): Promise<MockTenant> {
  const tenant = await startMockTenant({ backlog: 3_000, requestLimit: null, ...options });
  onTestFinished(() => tenant.close());
  return tenant;
}

/** A folder of the test's own, with the mock tenant's token in `token`. */
export function folder(): string {
  const dir = scratchDir("cli-scan");
  onTestFinished(() => discard(dir));
  writeFileSync(join(dir, "token"), "mock-token\n");
  return dir;
}

export interface Scanned {
  readonly code: number | null;
  readonly out: string;
  readonly stderr: string;
}

/** The command line of the compiled `scan`; `ensureBuilt` first. */
export const scanOf = (args: readonly string[]): string[] => [process.execPath, "dist/main.js", "scan", ...args];

/** `scan` with its standard output in a file of its own; what is logged is its standard error. */
export function begin(dir: string, args: readonly string[], env = {}): { running: Running; outFile: string } {
  const outFile = join(dir, "stdout");
  const argv = scanOf(args);
  const running = start(["/bin/sh", "-c", 'out=$1; shift; exec "$@" > "$out"', "sh", outFile, ...argv], {
    name: "cli-scan",
    cwd: root,
    env,
  });
  onTestFinished(async () => void (await running.kill9()));
  return { running, outFile };
}

export async function scan(dir: string, args: readonly string[], env = {}): Promise<Scanned> {
  const { running, outFile } = begin(dir, args, env);
  const { code } = await running.exited;
  return { code, out: readFileSync(outFile, "utf8"), stderr: running.log() };
}

export const direct = (tenant: { url: string }, dir: string) => [
  "--url",
  tenant.url,
  "--token-file",
  join(dir, "token"),
];

/** One activity: its id, and the SHA-256 of its exact JSON. */
export interface Line {
  readonly id: string;
  readonly sha256: string;
}

/** Every line parsed; fails on a line that is no whole activity. */
export function linesOf(text: string): Line[] {
  expect(text === "" || text.endsWith("\n")).toBe(true);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => ({
      id: (JSON.parse(line) as { _id: string })._id,
      sha256: createHash("sha256").update(line).digest("hex"),
    }));
}

export const byId = (a: Line, b: Line) => (a.id < b.id ? -1 : 1);

export const truthOf = (tenant: MockTenant, filters?: unknown): Line[] =>
  tenant
    .truth(filters)
    .map(({ id, sha256 }) => ({ id, sha256 }))
    .sort(byId);
