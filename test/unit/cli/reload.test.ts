import { expect, test } from "vitest";
import { MemoryCluster } from "../../fakes/memory-kafka.ts";
import { ReloadingSim, type ReloadWorld } from "../../fakes/reloading-sim.ts";
import { SIM_CURSORS, SIM_TOPIC } from "../../fakes/sim-connector.ts";
import { SimTenant } from "../../fakes/sim-tenant.ts";
import { VirtualClock } from "../../fakes/virtual-clock.ts";
import { backlog, MINUTE_MS, NOW_MS, saved } from "../connector/scene.ts";

interface Told {
  readonly requestsPerMinute?: number;
  readonly host?: string;
  readonly scans?: Readonly<Record<string, object>>;
}

/** One scan over everything, unless `scans` says otherwise. */
function yaml(tenants: Readonly<Record<string, Told>>, more: object = {}): string {
  const scan = {
    start: new Date(NOW_MS - 60 * MINUTE_MS).toISOString(),
    lookbacks: [],
    catchUp: { order: "in-order" },
  };
  const entries = Object.entries(tenants);
  return JSON.stringify({
    tenants: Object.fromEntries(
      entries.map(([name, { requestsPerMinute = 600, host = `${name}.example.com` }]) => [
        name,
        { apiUrl: `https://${host}`, auth: { token: `\${file:/run/${name}}` }, requestsPerMinute },
      ]),
    ),
    scans: Object.fromEntries(
      entries.flatMap(([name, { scans = { [`${name}-all`]: {} } }]) =>
        Object.entries(scans).map(([own, options]) => [own, { tenant: name, ...scan, ...options }]),
      ),
    ),
    topics: { activities: { name: SIM_TOPIC }, cursors: SIM_CURSORS, dlq: { name: "sim-dlq" } },
    ...more,
  });
}

const SECRETS = { "/run/contoso": "one", "/run/fabrikam": "two", "/run/renamed": "three" };

class World implements ReloadWorld {
  readonly clock = new VirtualClock(NOW_MS);
  readonly cluster = new MemoryCluster(SIM_CURSORS);
  readonly contoso = new SimTenant({ clock: this.clock, pageCeiling: 500 });
  readonly fabrikam = new SimTenant({ clock: this.clock, pageCeiling: 500 });
  readonly tenants = new Map([
    ["contoso", this.contoso],
    ["renamed", this.contoso],
    ["fabrikam", this.fabrikam],
  ]);

  constructor() {
    this.contoso.activities.push(...backlog(20));
    this.fabrikam.activities.push(...backlog(20).map((activity) => ({ ...activity, id: `f-${activity.id}` })));
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs() + ms;
    // The clock jumps from one who waits to the next: here somebody does.
    void this.clock.sleep(ms, new AbortController().signal);
    await this.clock.runUntil(() => this.clock.nowMs() >= untilMs, 50_000);
  }

  /** The ids that a scan has published, sorted. */
  published(scan: string): string[] {
    const own = this.cluster.committed(SIM_TOPIC).filter(({ headers }) => headers["scan"] === scan);
    return own.map(({ key }) => String(key)).sort();
  }
}

/** Of the backlog and what came later, sorted. */
const ids = (prefix: string, ...later: string[]) =>
  [...Array.from({ length: 20 }, (_, at) => `${prefix}${at}`), ...later].sort();

test("a tenant comes, with its scan, on a shard that had none; who was there is not touched", async () => {
  const world = new World();
  const sim = new ReloadingSim(world, yaml({ contoso: {} }), SECRETS);
  await world.pass(MINUTE_MS);
  sim.write(yaml({ contoso: {}, fabrikam: {} }));
  await world.pass(MINUTE_MS);
  expect(sim.of("config_reloaded")).toMatchObject([{ cause: "file", tenants: { added: ["fabrikam"] } }]);
  expect(world.published("fabrikam-all")).toEqual(ids("f-a"));
  expect(world.published("contoso-all")).toEqual(ids("a"));
  const [first, second, ...others] = sim.of("shard_opened");
  expect([first?.tenants, second?.tenants, others]).toEqual([["contoso"], ["fabrikam"], []]);
  expect(sim.status.tenants.map(({ tenant }) => tenant)).toEqual(["contoso", "fabrikam"]);
});

test("a scan that goes keeps its state, and goes on where it was when it comes again", async () => {
  const world = new World();
  const two = { "contoso-all": {}, second: {} };
  const sim = new ReloadingSim(world, yaml({ contoso: { scans: two } }), SECRETS);
  await world.pass(MINUTE_MS);
  sim.write(yaml({ contoso: {} }));
  await world.pass(MINUTE_MS);
  expect((await sim.series()).filter((line) => line.includes(`scan="second"`))).toEqual([]);
  world.contoso.activities.push(saved("between", NOW_MS + 2 * MINUTE_MS));
  await world.pass(2 * MINUTE_MS);
  expect(world.published("second")).toEqual(ids("a"));
  expect(world.published("contoso-all")).toEqual(ids("a", "between"));
  sim.write(yaml({ contoso: { scans: two } }));
  await world.pass(MINUTE_MS);
  expect(world.published("second")).toEqual(ids("a", "between"));
  expect((await sim.series()).filter((line) => line.includes('scan="second"')).length).toBeGreaterThan(20);
});

test("a removed tenant is not asked any more, its shard is given up and none of its series is left", async () => {
  const world = new World();
  const sim = new ReloadingSim(world, yaml({ contoso: {}, fabrikam: {} }), SECRETS);
  await world.pass(MINUTE_MS);
  sim.write(yaml({ contoso: {} }));
  await world.pass(10_000);
  const asked = world.fabrikam.arrivalsMs.length;
  await world.pass(MINUTE_MS);
  expect(world.fabrikam.arrivalsMs).toHaveLength(asked);
  expect(sim.of("shard_released")).toMatchObject([{ reason: "no tenant that lives in it is configured any more" }]);
  expect((await sim.series()).filter((line) => line.includes("fabrikam"))).toEqual([]);
  expect(sim.status.tenants.map(({ tenant }) => tenant)).toEqual(["contoso"]);
});

test.each([
  ["filters", { filters: { service: { eq: [1] } } }, /set (it|them) back, or give the scan a new name/],
  ["a cursor field", { cursorField: "date" }, /set (it|them) back, or give the scan a new name/],
])(
  "a scan with other %s is blocked as at a start, and names its way out; others of its tenant go on",
  async (_, other, way) => {
    const world = new World();
    const sim = new ReloadingSim(world, yaml({ contoso: { scans: { one: {}, two: {} } } }), SECRETS);
    await world.pass(MINUTE_MS);
    sim.write(yaml({ contoso: { scans: { one: other, two: {} } } }));
    await world.pass(MINUTE_MS);
    expect(sim.of("config_reloaded")).toMatchObject([{ scans: { changed: ["one"] } }]);
    expect(sim.status.scans[0]).toMatchObject({ scan: "one", state: "blocked", reason: expect.stringMatching(way) });
    world.contoso.activities.push(saved("later", NOW_MS + 2 * MINUTE_MS));
    await world.pass(MINUTE_MS);
    expect(world.published("two")).toEqual(ids("a", "later"));
    sim.write(yaml({ contoso: { scans: { one: {}, two: {} } } }));
    await world.pass(MINUTE_MS);
    expect(world.published("one")).toEqual(ids("a", "later"));
  },
);

/** The most arrivals within any minute that ends at or after a moment. */
function busiest(arrivalsMs: readonly number[], fromMs: number): number {
  const late = arrivalsMs.filter((atMs) => atMs >= fromMs);
  return Math.max(
    ...late.map((atMs) => arrivalsMs.filter((other) => other <= atMs && other > atMs - MINUTE_MS).length),
  );
}

test.each([
  ["a lowered budget holds at once, whatever was sent before", "contoso"],
  ["so it does where the tenant has got another name as well", "renamed"],
])("%s", async (_, name) => {
  const world = new World();
  const polls = { scans: { all: { pollInterval: "1s" } }, host: "api.example.com" };
  const sim = new ReloadingSim(world, yaml({ contoso: { ...polls, requestsPerMinute: 30 } }), SECRETS);
  await world.pass(3 * MINUTE_MS);
  expect(busiest(world.contoso.arrivalsMs, NOW_MS + MINUTE_MS)).toBeGreaterThan(20);
  sim.write(yaml({ [name]: { ...polls, scans: { [`${name}-x`]: { pollInterval: "1s" } }, requestsPerMinute: 6 } }));
  await world.clock.runUntil(() => sim.of("config_reloaded").length === 1, 10_000);
  const fromMs = world.clock.nowMs();
  await world.pass(5 * MINUTE_MS);
  expect(busiest(world.contoso.arrivalsMs, fromMs + 1)).toBeLessThanOrEqual(6);
  expect(busiest(world.contoso.arrivalsMs, fromMs + 3 * MINUTE_MS)).toBeGreaterThanOrEqual(5);
});

test("a raised budget is paced evenly from the first request on: no burst", async () => {
  const world = new World();
  const polls = { scans: { all: { pollInterval: "1s" } } };
  const sim = new ReloadingSim(world, yaml({ contoso: { ...polls, requestsPerMinute: 6 } }), SECRETS);
  await world.pass(3 * MINUTE_MS);
  sim.write(yaml({ contoso: { ...polls, requestsPerMinute: 30 } }));
  await world.pass(3 * MINUTE_MS);
  const { arrivalsMs } = world.contoso;
  const gaps = arrivalsMs.slice(1).map((atMs, at) => atMs - (arrivalsMs[at] ?? 0));
  expect(Math.min(...gaps.slice(3))).toBeGreaterThanOrEqual(60_000 / 29 - 1);
  expect(busiest(arrivalsMs, world.clock.nowMs() - MINUTE_MS)).toBeGreaterThan(25);
});

test("with more scans each may remember less: what does not fit any more is said", async () => {
  const world = new World();
  const every = (at: number) => saved(`id-${at}`, NOW_MS - 30 * MINUTE_MS + at * 100);
  world.contoso.activities.push(...Array.from({ length: 16_000 }, (_, at) => every(at)));
  const looking = { "contoso-all": { lookbacks: ["2m", "24h"] } };
  const memory = { ids: "1MiB" };
  const sim = new ReloadingSim(world, yaml({ contoso: { scans: looking } }, { memory }), SECRETS);
  const refused = () => sim.of("anomaly").filter(({ kind }) => kind === "lookbacks_refused");
  const isBlocked = () => sim.status.scans[0]?.state === "blocked";
  await world.pass(3 * MINUTE_MS);
  expect([refused(), isBlocked()]).toEqual([[], false]);
  const others = { one: {}, two: {}, three: {} };
  sim.write(yaml({ contoso: { scans: looking }, fabrikam: { scans: others } }, { memory }));
  await world.pass(3 * MINUTE_MS);
  expect(refused().length > 0 || isBlocked()).toBe(true);
});

test("a transaction in flight decides itself before its tenant begins anew: nothing is published twice", async () => {
  const world = new World();
  let ends = 0;
  // The first begins the scan, the second is its first page.
  const slow = async (step: string) => {
    if (step === "commit.end" && ++ends === 2) await world.clock.sleep(20_000, new AbortController().signal);
  };
  const sim = new ReloadingSim(world, yaml({ contoso: {} }), SECRETS, slow);
  await world.clock.runUntil(() => ends === 2, 5_000);
  sim.write(yaml({ contoso: { requestsPerMinute: 500 } }));
  sim.watch.ask();
  await world.pass(10_000);
  expect(sim.of("config_reloaded")).toEqual([]);
  await world.pass(MINUTE_MS);
  expect(sim.of("config_reloaded")).toHaveLength(1);
  expect(world.published("contoso-all")).toEqual(ids("a"));
  expect(sim.of("transaction_ended").filter(({ result }) => result !== "committed")).toEqual([]);
});

test("a topic that cannot be used has the configuration refused, and the one before goes on", async () => {
  const world = new World();
  world.cluster.createTopic("narrow", 1, "activities");
  const sim = new ReloadingSim(world, yaml({ contoso: {} }), SECRETS);
  await world.pass(MINUTE_MS);
  sim.write(yaml({ contoso: { scans: { "contoso-all": { topic: "narrow" } } } }));
  await world.pass(MINUTE_MS);
  expect(sim.of("config_refused")).toMatchObject([{ reason: expect.stringMatching(/topic narrow.*1 partition/) }]);
  world.contoso.activities.push(saved("later", world.clock.nowMs()));
  await world.pass(MINUTE_MS);
  expect(world.published("contoso-all")).toEqual(ids("a", "later"));
  expect(sim.inForce.scans[0]?.topic).toBe(SIM_TOPIC);
});

test("another replica with the file of before neither fights nor loses: its shards follow what it has itself", async () => {
  const world = new World();
  const both = yaml({ contoso: {}, fabrikam: {} });
  const old = new ReloadingSim(world, both, SECRETS);
  const other = new ReloadingSim(world, both, SECRETS);
  await world.pass(MINUTE_MS);
  // Whichever has fabrikam's shard is told of it last.
  const hasIt = (sim: ReloadingSim) =>
    sim.status.shards.some((each) => each.owned && each.tenants.includes("fabrikam"));
  const [owner, bystander] = hasIt(old) ? [old, other] : [other, old];
  bystander.write(yaml({ contoso: {} }));
  await world.pass(MINUTE_MS);
  world.fabrikam.activities.push(saved("f-1", world.clock.nowMs()));
  await world.pass(MINUTE_MS);
  expect(world.published("fabrikam-all")).toEqual(ids("f-a", "f-1"));
  owner.write(yaml({ contoso: {} }));
  bystander.write(both);
  await world.pass(MINUTE_MS);
  world.fabrikam.activities.push(saved("f-2", world.clock.nowMs()));
  await world.pass(2 * MINUTE_MS);
  expect(world.published("fabrikam-all")).toEqual(ids("f-a", "f-1"));
  owner.write(both);
  await world.pass(MINUTE_MS);
  expect(world.published("fabrikam-all")).toEqual(ids("f-a", "f-1", "f-2"));
  const fenced = [old, other].flatMap((sim) => sim.of("transaction_ended").filter(({ result }) => result === "fenced"));
  expect(fenced).toEqual([]);
});
