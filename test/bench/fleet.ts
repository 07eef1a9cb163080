import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startBroker } from "../real/broker.ts";
import { ensureBuilt } from "../real/built.ts";
import { eventually, freePort, root, scratchDir, start, startConnector, tail } from "../real/process.ts";
import { startRegistry } from "../real/registry.ts";
import { cpuMicrosOf, peakRssMb } from "./usage.ts";

/** What many quiet tenants cost one process. */
export interface FleetCost {
  readonly tenants: number;
  /** The ages of each scan's lookbacks; none: []. */
  readonly lookbacks: readonly string[];
  /** Of one core; user and system, over the measured time. */
  readonly cpuShare: number;
  /** Of the whole process, from its start. */
  readonly peakRssMb: number;
  /** In the measured time, a second. */
  readonly requests: number;
  readonly activities: number;
  readonly transactions: number;
}

export interface FleetSetting {
  readonly tenants: number;
  readonly aMinute: number;
  readonly pollInterval: string;
  readonly measuredMs: number;
}

/** Until all tenants are asked in their turn, and the first lookback of two minutes is due. */
const SETTLE_MS = { without: 45_000, with: 180_000 };

/** One process that reads `tenants` mock tenants, of few activities each, for as long as it takes to be sure. */
export async function measureFleet(
  setting: FleetSetting,
  lookbacks: readonly (readonly string[])[],
): Promise<FleetCost[]> {
  await ensureBuilt();
  await using broker = await startBroker({ heapMb: 512 });
  await using registry = await startRegistry();
  const script = join(root, "test/bench/fleet-tenants.ts");
  const argv = [process.execPath, "--import", "tsx", script, String(setting.tenants), String(setting.aMinute)];
  await using mocks = start(argv, { name: "fleet-tenants" });
  const urls = await eventually(
    () => Promise.resolve(JSON.parse(tail(mocks.log(), 1)) as string[]),
    60_000,
    "the mock tenants to listen",
  );
  const costs: FleetCost[] = [];
  for (const [at, ages] of lookbacks.entries()) {
    const parts = { urls, bootstrap: broker.bootstrap, registry: registry.url, topic: `fleet-${at}` };
    costs.push(await measure(setting, ages, parts));
  }
  return costs;
}

interface Parts {
  readonly urls: readonly string[];
  readonly bootstrap: string;
  readonly registry: string;
  readonly topic: string;
}

async function measure(setting: FleetSetting, lookbacks: readonly string[], parts: Parts): Promise<FleetCost> {
  const port = await freePort();
  const file = join(scratchDir("fleet"), "connector.yaml");
  writeFileSync(file, JSON.stringify(configOf(setting, lookbacks, parts, port)));
  await using connector = startConnector(["run", "--config", file], { name: parts.topic, built: true });
  const at = (path: string) => new URL(`http://127.0.0.1:${port}${path}`);
  await connector.waitFor(at("/readyz"), 60_000);
  await delay(lookbacks.length === 0 ? SETTLE_MS.without : SETTLE_MS.with);
  const moment = async () => {
    const text = await (await fetch(at("/metrics"))).text();
    return { text, cpuMicros: cpuMicrosOf(connector.pid), atMs: performance.now() };
  };
  const before = await moment();
  await delay(setting.measuredMs);
  const after = await moment();
  const seconds = (after.atMs - before.atMs) / 1_000;
  const rate = (name: string) => (sum(after.text, name) - sum(before.text, name)) / seconds;
  return {
    tenants: setting.tenants,
    lookbacks,
    cpuShare: (after.cpuMicros - before.cpuMicros) / 1e6 / seconds,
    peakRssMb: peakRssMb(connector.pid),
    requests: rate("mdca_source_requests_total"),
    activities: rate("mdca_source_activities_published_total"),
    transactions: rate("mdca_source_transactions_total"),
  };
}

function sum(exposition: string, name: string): number {
  const lines = exposition.split("\n").filter((line) => line.startsWith(`${name}{`));
  return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" "))), 0);
}

function configOf({ pollInterval }: FleetSetting, lookbacks: readonly string[], parts: Parts, port: number): object {
  const named = parts.urls.map((apiUrl, at) => [`tenant-${at}`, apiUrl] as const);
  const tenant = (apiUrl: string) => ({ apiUrl, auth: { token: "mock-token" }, requestsPerMinute: 20 });
  return {
    tenants: Object.fromEntries(named.map(([name, apiUrl]) => [name, tenant(apiUrl)])),
    scans: Object.fromEntries(
      named.map(([name]) => [name, { tenant: name, start: "now", pollInterval, lookbacks: [...lookbacks] }]),
    ),
    kafka: { brokers: [parts.bootstrap] },
    schemaRegistry: { url: parts.registry },
    topics: { activities: { name: parts.topic } },
    http: { port },
  };
}

/** Two lines of text. */
export function fleetLine(cost: FleetCost): string[] {
  const { tenants, lookbacks, cpuShare, requests, activities, transactions } = cost;
  const ages = lookbacks.length === 0 ? "no lookbacks" : `lookbacks ${lookbacks.join(", ")}`;
  const each = [`${requests.toFixed(1)} requests`, `${activities.toFixed(1)} activities`];
  const share = `${(100 * cpuShare).toFixed(0)} % of a core, peak RSS ${cost.peakRssMb.toFixed(0)} MB`;
  return [
    `${tenants} quiet tenants, ${ages}: ${share}`,
    `  a second: ${each.join(", ")}, ${transactions.toFixed(1)} transactions`,
  ];
}
