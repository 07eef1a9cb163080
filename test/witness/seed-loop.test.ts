import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/kit/clock.ts";
import { startMockTenant } from "../../src/mock-tenant/start.ts";

const run = promisify(execFile);
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const LOOP = fileURLToPath(new URL("seed_loop.py", import.meta.url));

const works = (python: string, code: string): boolean =>
  spawnSync(python, ["-c", code], { timeout: 60_000 }).status === 0;

/** A Python that has `requests`: the system's, or one set up under .cache; null when there is no Python. */
function pythonWithRequests(): string | null {
  if (!works("python3", "pass")) return null;
  if (works("python3", "import requests")) return "python3";
  const folder = join(PROJECT, ".cache", "witness-python");
  const python = join(folder, "bin", "python");
  if (existsSync(python) && works(python, "import requests")) return python;
  for (const args of [
    ["python3", "-m", "venv", folder],
    [python, "-m", "pip", "install", "--quiet", "requests"],
  ]) {
    const { status, stderr } = spawnSync(args[0]!, args.slice(1), { encoding: "utf8", timeout: 180_000 });
    if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
  }
  return python;
}

const python = pythonWithRequests();
if (python === null) console.warn("skipped: the witness needs python3, and there is none");

describe.skipIf(python === null)("the documentation's own loop, in Python", () => {
  for (const nextFilters of ["echo", "opaque", "string"] as const) {
    test(`${nextFilters}: finds exactly the ids of /_truth, none twice`, async () => {
      // The clock stands still, so that what is a day old does not change between the loop and the truth.
      const nowMs = Date.now();
      const options = {
        backlog: 7_000,
        backlogSpanMs: 23 * 3_600_000,
        // These happened more than a day ago, so that they must not come.
        slowSavingShare: 0.05,
        slowSavingMaxMs: 72 * 3_600_000,
        tieShare: 0.3,
        nextFilters,
      };
      await using mock = await startMockTenant(options, { clock: { ...systemClock, nowMs: () => nowMs } });
      const { stdout } = await run(python!, [LOOP, mock.url, "mock-token"], { maxBuffer: 64 * 1024 * 1024 });
      const ids = stdout.trim().split("\n");
      const filters = { date: { gte_ndays: 1 }, service: { eq: [20893] } };
      const query = encodeURIComponent(JSON.stringify(filters));
      const truth = (await (await fetch(`${mock.url}/_truth?filters=${query}`)).text()).trim().split("\n");
      const expected = truth.map((line) => (JSON.parse(line) as { id: string }).id);
      expect(expected.length).toBeGreaterThan(2_000);
      expect(mock.truth({ service: { eq: [20893] } }).length).toBeGreaterThan(expected.length);
      expect(mock.stats().byOutcome["page"]).toBeGreaterThan(4);
      expect(new Set(ids).size).toBe(ids.length);
      expect([...ids].sort()).toEqual([...expected].sort());
    });
  }
});
