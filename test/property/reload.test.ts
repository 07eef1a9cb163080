import fc from "fast-check";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { MemoryCluster } from "../fakes/memory-kafka.ts";
import { ReloadingSim, type ReloadWorld } from "../fakes/reloading-sim.ts";
import { SIM_CURSORS, SIM_TOPIC } from "../fakes/sim-connector.ts";
import { SimTenant } from "../fakes/sim-tenant.ts";
import { VirtualClock } from "../fakes/virtual-clock.ts";
import { propertyRuns } from "./runs.ts";

const NOW_MS = Date.UTC(2026, 10, 23, 9);
const TENANTS = ["north", "south", "east"] as const;

interface ScanModel {
  readonly pollInterval: string;
  readonly cursorField: string;
  readonly lookbacks: readonly string[];
  readonly pageSize: number;
}
interface TenantModel {
  readonly requestsPerMinute: number;
  readonly scans: Readonly<Record<string, ScanModel>>;
}
/** By tenant; undefined: not configured. */
type Model = Readonly<Partial<Record<(typeof TENANTS)[number], TenantModel>>>;

interface Step {
  readonly model: Model;
  /** `broken` cannot be read, `restart` changes what holds from a start to the next. */
  readonly how: "good" | "broken" | "restart";
  readonly rotates: boolean;
  readonly bySignal: boolean;
  readonly waitMs: number;
}

const scan = fc.record<ScanModel>({
  pollInterval: fc.constantFrom("2s", "10s"),
  cursorField: fc.constantFrom("created", "created", "created", "date"),
  lookbacks: fc.constantFrom([], ["5s"], ["5s", "20s"]),
  pageSize: fc.constantFrom(500, 1_000),
});
const tenant = fc.record<TenantModel>({
  requestsPerMinute: fc.constantFrom(60, 120, 600),
  scans: fc.record({ all: scan, some: scan }, { requiredKeys: ["all"] }) as fc.Arbitrary<Record<string, ScanModel>>,
});
const model = fc
  .record({ north: tenant, south: tenant, east: tenant }, { requiredKeys: [] })
  .filter((each) => Object.keys(each).length > 0) as fc.Arbitrary<Model>;
const step = fc.record<Step>({
  model,
  how: fc.constantFrom("good", "good", "good", "broken", "restart"),
  rotates: fc.boolean(),
  bySignal: fc.boolean(),
  // From less than it takes to be seen on.
  waitMs: fc.constantFrom(300, 3_000, 12_000, 40_000, 90_000),
});

function yamlOf(of: Model, how: Step["how"] = "good"): string {
  const entries = Object.entries(of);
  const start = new Date(NOW_MS - 3_600_000).toISOString();
  const text = JSON.stringify({
    tenants: Object.fromEntries(
      entries.map(([name, { requestsPerMinute }]) => [
        name,
        { apiUrl: `https://${name}.example.com`, auth: { token: `\${file:/run/token}` }, requestsPerMinute },
      ]),
    ),
    scans: Object.fromEntries(
      entries.flatMap(([name, { scans }]) =>
        Object.entries(scans).map(([own, options]) => [`${name}-${own}`, { tenant: name, start, ...options }]),
      ),
    ),
    topics: { activities: { name: SIM_TOPIC }, cursors: SIM_CURSORS, dlq: { name: "sim-dlq" } },
    ...(how === "restart" ? { memory: { pages: "65MiB" } } : {}),
  });
  return how === "broken" ? text.slice(0, -20) : text;
}

class World implements ReloadWorld {
  readonly clock = new VirtualClock(NOW_MS);
  readonly cluster = new MemoryCluster(SIM_CURSORS);
  readonly tenants = new Map<string, SimTenant>();

  constructor() {
    for (const name of TENANTS) {
      const tenant = new SimTenant({ clock: this.clock, pageCeiling: 10 });
      this.tenants.set(name, tenant);
      // Before it begins, and all along.
      for (let at = 0; at < 120; at++) {
        const createdMs = NOW_MS - 600_000 + at * 10_000;
        tenant.activities.push({ id: `${name}-${at}`, createdMs, dateMs: createdMs - 1_000, visibleMs: createdMs });
      }
    }
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs() + ms;
    void this.clock.sleep(ms, new AbortController().signal);
    await this.clock.runUntil(() => this.clock.nowMs() >= untilMs, 100_000);
  }
}

/** What can be told from outside of a connector that has settled. */
async function outside(sim: ReloadingSim, world: World) {
  const { tenants, scans, shards } = sim.status;
  const beforeMs = world.clock.nowMs();
  await world.pass(60_000);
  const asked = [...world.tenants].filter(([, { arrivalsMs }]) => arrivalsMs.some((atMs) => atMs > beforeMs));
  return {
    tenants: tenants.map(({ tenant, requestsPerMinute: { limit } }) => ({ tenant, limit })),
    scans: scans.map(({ tenant, scan, state, reason }) => ({ tenant, scan, state, reason })),
    owned: shards.filter(({ owned }) => owned).map(({ shard, tenants: own }) => ({ shard, own })),
    asked: asked.map(([name]) => name),
    series: await sim.series(),
  };
}

async function play(first: Model, steps: readonly Step[]): Promise<void> {
  const world = new World();
  const running = new ReloadingSim(world, yamlOf(first), { "/run/token": "token 0" });
  let last = first;
  for (const [at, { model: next, how, rotates, bySignal, waitMs }] of steps.entries()) {
    const isLast = at === steps.length - 1;
    running.write(yamlOf(next, how));
    if (rotates) running.write(`token ${at}`, "/run/token");
    if (bySignal) running.watch.ask();
    await world.pass(isLast ? 90_000 : waitMs);
    // A file that was there for less than it takes to be seen may have been passed over.
    const isSeen = isLast || bySignal || waitMs >= 12_000;
    if (how === "good" && (isSeen || isInForce(running, next))) last = next;
  }
  await world.pass(120_000);
  const followed = await outside(running, world);
  running.process.kill();
  world.clock.forget();
  const fresh = new ReloadingSim(world, yamlOf(last), { "/run/token": "token" });
  await world.pass(120_000);
  expect(followed).toEqual(await outside(fresh, world));
  expectOnceEach(world, followed.scans);
}

const isInForce = ({ inForce }: ReloadingSim, of: Model): boolean => {
  const { config } = loadConfig({ file: "/f", sets: [], env: {} }, (path) => (path === "/f" ? yamlOf(of) : "token"));
  return JSON.stringify([inForce.tenants, inForce.scans]) === JSON.stringify([config.tenants, config.scans]);
};

function expectOnceEach(world: World, scans: readonly { tenant: string; scan: string; state: string }[]): void {
  const published = world.cluster.committed(SIM_TOPIC).map(({ headers, key }) => `${headers["scan"]} ${key}`);
  expect(published.length).toBe(new Set(published).size);
  for (const { tenant, scan } of scans.filter(({ state }) => state !== "blocked")) {
    const shown = world.tenants
      .get(tenant)!
      .activities.filter(({ visibleMs }) => visibleMs < world.clock.nowMs() - 60_000);
    const own = new Set(published);
    expect(shown.filter(({ id }) => !own.has(`${scan} ${id}`)).map(({ id }) => id)).toEqual([]);
  }
}

test("after any sequence of files the connector is as one that was started with the last good one", async () => {
  const steps = fc.array(step, { minLength: 1, maxLength: 6 });
  await fc.assert(fc.asyncProperty(model, steps, play), propertyRuns(10));
}, 900_000);
