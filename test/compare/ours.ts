import { MemoryCluster } from "../fakes/memory-kafka.ts";
import { publishedIds, SIM_CURSORS, simConfig, startSim } from "../fakes/sim-connector.ts";
import { ProcessClock } from "../fakes/virtual-clock.ts";
import type { Site } from "./site.ts";

const REQUEST_MS = 700;
const RESTART_MS = 60_000;

/** The connector itself against a site until `untilMs`; after its crash another process takes over. */
export async function runOurs(site: Site, untilMs: number): Promise<void> {
  const { clock } = site;
  const cluster = new MemoryCluster(SIM_CURSORS);
  const never = new AbortController();
  const start = () => {
    const own = new ProcessClock(clock, 0);
    const tenant = () => ({
      credentialExpiresAtMs: null,
      fetchPage: async (...[request, take, signal]: Parameters<Site["fetchPage"]>) => {
        await own.sleep(REQUEST_MS, signal);
        const answer = await site.fetchPage(request, take, signal);
        if (!site.isDeadly(answer)) return answer;
        process.kill();
        own.kill();
        void clock.sleep(RESTART_MS, never.signal).then(start);
        return new Promise<never>(() => undefined);
      },
      [Symbol.asyncDispose]: async () => undefined,
    });
    const begin = { kind: "instant", atMs: clock.nowMs() } as const;
    const catchUp = { afterMs: 900_000, order: "newest-first" } as const;
    const scan = {
      pollIntervalMs: 30_000,
      lookbacksMs: null,
      catchUp,
      ...(cluster.topic(SIM_CURSORS.name) === undefined ? { start: begin } : {}),
    };
    const process = startSim({ cluster, tenant, clock: own }, simConfig(scan, 20));
  };
  start();
  await clock.runUntil(() => clock.nowMs() >= untilMs, 1_000_000);
  site.published.push(...publishedIds(cluster));
}
