import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startBroker } from "../real/broker.ts";
import { ensureBuilt } from "../real/built.ts";
import { root, scratchDir, start, tail } from "../real/process.ts";
import { startRegistry } from "../real/registry.ts";
import { startMock } from "../real/stack.ts";
import { type FullPath, measureFullPath } from "./full-path.ts";
import type { PartOrder, PartResult } from "./part.ts";
import { PART_NAMES, type PartName, type PartSetting } from "./parts.ts";
import { type Row, rowOf } from "./usage.ts";

export interface BenchOptions {
  /** What the mock tenant holds, and the full path publishes. */
  readonly activities: number;
  readonly pageSize: number;
  /** Of one repeat. */
  readonly pages: number;
  readonly repeats: number;
  /** Where CPU profiles of the full path go; null: none are made. */
  readonly profileDir: string | null;
  say(line: string): void;
}

export interface BenchResult {
  readonly fullPaths: readonly FullPath[];
  readonly parts: readonly (Row & { readonly part: PartName })[];
  /** Activities that the mock tenant held, by its own count. */
  readonly truth: number;
  /** Mean size of one activity's JSON on the measured pages, its comma included. */
  readonly activityBytes: number;
  readonly pageSize: number;
}

const BACKLOG_SPAN = "2h";
const PART_MAX_MS = 120_000;
/** On a machine that is busy otherwise, the parts that are left by then are measured once each. */
const HURRY_AFTER_MS = 120_000;

/** Everything that the bench needs is started here, measured and stopped. @throws when a part does. */
export async function runBench(options: BenchOptions): Promise<BenchResult> {
  if (process.platform !== "linux") throw new Error("the bench reads CPU time and memory from /proc: it needs Linux");
  const { activities, pageSize, pages, repeats, say } = options;
  await ensureBuilt();
  const begunMs = performance.now();
  say("starting Kafka, the schema registry and a mock tenant …");
  const fromMs = Date.now() - 3 * 3_600_000;
  await using broker = await startBroker({ jvm: [], heapMb: 512 });
  await using registry = await startRegistry();
  // Dense enough that an hour, which the tail takes at once while behind, fills its pages.
  const flags = ["--backlog", String(activities), "--backlog-span", BACKLOG_SPAN, "--request-limit", "1000000"];
  await using mock = await startMock(flags, { built: true });

  const fullPaths: FullPath[] = [];
  for (const compression of ["gzip", "none"] as const) {
    say(`the full path, ${compression} …`);
    const { profileDir } = options;
    const repeat = pages * pageSize;
    const { url } = registry;
    const pathOptions = { mock, broker, registry: url, compression, pageSize, activities, warmUp: repeat, repeat };
    fullPaths.push(await measureFullPath({ ...pathOptions, profileDir }));
  }
  const setting: PartSetting = { tenantUrl: mock.url, bootstrap: broker.bootstrap, pageSize, fromMs };
  const { pageFiles, bytes } = await savePages(setting, pages);
  const parts: (Row & { part: PartName })[] = [];
  for (const part of Object.keys(PART_NAMES) as PartName[]) {
    say(`${PART_NAMES[part]} …`);
    const hurried = performance.now() - begunMs > HURRY_AFTER_MS;
    const { samples, peakRssMb } = await runPart({ part, setting, pageFiles, repeats: hurried ? 1 : repeats });
    parts.push({ part, ...rowOf(PART_NAMES[part], samples, peakRssMb) });
  }
  const { activities: truth } = await mock.stats();
  return { fullPaths, parts, truth, activityBytes: bytes / (pages * pageSize), pageSize };
}

/** The first pages of the tenant, as they come over the wire. */
async function savePages({ tenantUrl, pageSize, fromMs }: PartSetting, pages: number) {
  const dir = scratchDir("bench-pages");
  const pageFiles: string[] = [];
  let filters: unknown = { created: { gte: fromMs } };
  let bytes = 0;
  for (let page = 0; page < pages; page++) {
    const answer = await fetch(`${tenantUrl}/api/v1/activities/`, {
      method: "POST",
      headers: { authorization: "Token mock-token", "content-type": "application/json" },
      body: JSON.stringify({ filters, isScan: true, sortField: "created", sortDirection: "asc", limit: pageSize }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    const { data, nextQueryFilters } = JSON.parse(body.toString("utf8")) as {
      data: unknown[];
      nextQueryFilters: unknown;
    };
    if (data.length < pageSize / 2) throw new Error(`page ${page} of the bench has only ${data.length} activities`);
    const file = join(dir, `page-${page}.json`);
    writeFileSync(file, body);
    pageFiles.push(file);
    filters = nextQueryFilters;
    bytes += body.length;
  }
  return { pageFiles, bytes };
}

async function runPart(order: PartOrder): Promise<PartResult> {
  const script = join(root, "test/bench/part.ts");
  const argv = [process.execPath, "--expose-gc", "--import", "tsx", script, JSON.stringify(order)];
  await using child = start(argv, { name: `bench-${order.part}` });
  const late = setTimeout(() => child.signal("SIGKILL"), PART_MAX_MS);
  const exit = await child.exited;
  clearTimeout(late);
  if (exit.code !== 0) {
    throw new Error(`${PART_NAMES[order.part]} ended with ${exit.code ?? exit.signal}:\n${tail(child.log())}`);
  }
  return JSON.parse(tail(child.log(), 1)) as PartResult;
}
