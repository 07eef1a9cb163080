import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import type { MockTenant } from "../../src/mock-tenant/start.ts";
import { ensureBuilt } from "../real/built.ts";
import { readContainers } from "../real/container.ts";
import { eventually, start } from "../real/process.ts";
import { byId, direct, FAST, folder, linesOf, mock, scanOf, truthOf } from "../real/scan-run.ts";

beforeAll(ensureBuilt, 240_000);

const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);

interface Paths {
  readonly file: string;
  readonly state: string;
}

/** Bytes of the output that the state knows; 0: there is no state. */
const knownBytes = ({ state }: Paths): number =>
  existsSync(state) ? (JSON.parse(readFileSync(state, "utf8")) as { output: { bytes: number } }).output.bytes : 0;

function begin(args: readonly string[]) {
  const running = start(scanOf(args), { name: "cli-scan-resume" });
  onTestFinished(async () => void (await running.kill9()));
  return running;
}

const KILLS = 6;

/** Starts the same scan again and again, and kills it at any moment behind its first page, until it comes to its end. */
async function killed(tenant: MockTenant, args: readonly string[], paths: Paths) {
  let kills = 0;
  for (; kills < KILLS; kills++) {
    const running = begin(args);
    const before = Math.max(sizeOf(paths.file), knownBytes(paths));
    await eventually(() => !running.isRunning() || sizeOf(paths.file) > before, 60_000, "a page in the output");
    await delay(Math.random() * 250);
    if ((await running.kill9()).code !== null) break;
  }
  tenant.change({ latencyMs: 0 });
  const last = begin(args);
  const exit = await last.exited;
  return { exit, log: last.log(), kills };
}

test("a scan that is killed at any moment goes on without loss or repeat, as NDJSON and as Avro", async () => {
  const dir = folder();
  const run = async (format: "ndjson" | "avro") => {
    const tenant = await mock({ backlog: 24_000, pageCeiling: 500, latencyMs: 200, faults: { duplicate: 0.2 } });
    const paths = { file: join(dir, `out.${format}`), state: join(dir, `${format}.state`) };
    const args = [...direct(tenant, dir), "--since", "2d", "--out", paths.file, "--resume", paths.state, ...FAST];
    return { tenant, paths, ...(await killed(tenant, args, paths)) };
  };
  const [ndjson, avro] = await Promise.all([run("ndjson"), run("avro")]);
  for (const { exit, log, paths, kills } of [ndjson, avro]) {
    expect(exit, log).toEqual({ code: 0, signal: null });
    expect(log).toMatch(/goes on behind [\d,]+ activities, by .*state\nscan done: 24,000 activities/);
    expect(existsSync(paths.state)).toBe(false);
    expect(kills).toBeGreaterThanOrEqual(3);
  }
  const [container] = await readContainers([avro.paths.file]);
  expect([...(container?.activities ?? [])].sort(byId)).toEqual(truthOf(avro.tenant));
  expect(linesOf(readFileSync(ndjson.paths.file, "utf8")).sort(byId)).toEqual(truthOf(ndjson.tenant));
});

test("a scan that was stopped goes on by the same command, and by no other", async () => {
  const tenant = await mock({ backlog: 12_000, pageCeiling: 500, latencyMs: 50 });
  const dir = folder();
  const file = join(dir, "out.ndjson");
  const state = join(dir, "state");
  const args = [...direct(tenant, dir), "--since", "2d", "--out", file, "--resume", state, ...FAST];
  const first = begin(args);
  await eventually(() => knownBytes({ file, state }) > 0, 30_000, "a page");
  first.signal("SIGTERM");
  expect(await first.exited).toEqual({ code: 143, signal: null });
  expect(readFileSync(state, "utf8")).not.toContain("mock-token");

  const other = begin([...args, "--filter", "service.eq=20893"]);
  expect(await other.exited).toEqual({ code: 2, signal: null });
  expect(other.log()).toMatch(
    /is of a scan with other flags.*\n {2}the filters: was \{\}, is \{"service":\{"eq":\[20893\]\}\}/,
  );

  const kept = readFileSync(file);
  writeFileSync(file, "something else");
  const spoilt = begin(args);
  expect(await spoilt.exited).toEqual({ code: 2, signal: null });
  expect(spoilt.log()).toMatch(/is not the file of \d+ bytes that the scan had written/);
  expect(readFileSync(file, "utf8")).toBe("something else");

  writeFileSync(file, kept);
  const last = begin(args);
  expect(await last.exited, last.log()).toEqual({ code: 0, signal: null });
  expect(linesOf(readFileSync(file, "utf8")).sort(byId)).toEqual(truthOf(tenant));
});

test("a disk that is full leaves whole lines, and the scan goes on once there is room", async () => {
  const tenant = await mock({ backlog: 5_000, pageCeiling: 500 });
  const dir = folder();
  const file = join(dir, "out.ndjson");
  const args = [...direct(tenant, dir), "--since", "2d", "--out", file, "--resume", join(dir, "state"), ...FAST];
  const cramped = start(["/bin/bash", "-c", 'ulimit -f 3000; exec "$@"', "bash", ...scanOf(args)], {
    name: "cli-scan",
  });
  onTestFinished(async () => void (await cramped.kill9()));
  expect(await cramped.exited, cramped.log()).toEqual({ code: 1, signal: null });
  expect(cramped.log()).toMatch(/cannot write to .*out\.ndjson: EFBIG; it holds what had been written before/);
  const written = linesOf(readFileSync(file, "utf8"));
  expect(written.length).toBeGreaterThan(500);
  expect(new Set(written.map(({ id }) => id)).size).toBe(written.length);

  const roomy = begin(args);
  expect(await roomy.exited, roomy.log()).toEqual({ code: 0, signal: null });
  expect(linesOf(readFileSync(file, "utf8")).sort(byId)).toEqual(truthOf(tenant));
});
