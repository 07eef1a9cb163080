import { beforeAll, expect, onTestFinished, test } from "vitest";
import { type MockTenant, startMockTenant } from "../../src/mock-tenant/start.ts";
import { ensureBuilt } from "../real/built.ts";
import { checkTopic } from "../real/checker.ts";
import { JsonLog } from "../real/json-log.ts";
import { MountedFiles } from "../real/mounted-files.ts";
import { discard, eventually, freePort, scratchDir, startConnector } from "../real/process.ts";
import { type Downstream, startDownstream, statusOf } from "../real/stack.ts";

beforeAll(ensureBuilt);

const TOPIC = "reloaded";
const [FULL, LOWERED] = [60, 12];

/** What is configured, and changed from step to step. */
interface Wanted {
  readonly tenants: Record<string, { url: string; token: string; requestsPerMinute: number }>;
  readonly brokers: string;
}

/** A connector whose configuration and secrets are files that are swapped under it. */
class Story implements AsyncDisposable {
  readonly tenants = new Map<string, MockTenant>();
  readonly #files: MountedFiles;
  readonly #downstream: Downstream;
  readonly #connector: ReturnType<typeof startConnector>;
  readonly log: JsonLog;
  readonly port: number;
  #wanted: Wanted;

  private constructor(downstream: Downstream, port: number, tenants: ReadonlyMap<string, MockTenant>) {
    this.#downstream = downstream;
    this.port = port;
    this.tenants = new Map(tenants);
    this.#wanted = { tenants: {}, brokers: downstream.bootstrap };
    for (const name of ["alpha", "beta"]) this.#wanted.tenants[name] = this.tenant(name);
    const dir = scratchDir("reload");
    onTestFinished(() => discard(dir));
    this.#files = new MountedFiles(dir, this.#texts(this.#wanted));
    const options = { name: "reload", built: true };
    this.#connector = startConnector(["run", "--config", `${dir}/mdca.yaml`], options);
    this.log = new JsonLog(this.#connector.logFile);
  }

  static async begin(): Promise<Story> {
    const downstream = await startDownstream();
    const tenants = new Map<string, MockTenant>();
    for (const [at, name] of ["alpha", "beta", "gamma"].entries()) {
      tenants.set(name, await startMockTenant({ seed: at + 1, backlog: 300, rate: 3, requestLimit: FULL }));
    }
    return new Story(downstream, await freePort(), tenants);
  }

  tenant(name: string) {
    return { url: this.tenants.get(name)?.url ?? "", token: "mock-token", requestsPerMinute: FULL };
  }

  /** Another configuration, by a swapped link; with `signal` it is asked for at once. */
  async change(change: (wanted: Wanted) => Wanted, how: { signal?: boolean } = {}): Promise<void> {
    const before = this.log.of("config_reloaded").length;
    this.#wanted = change(structuredClone(this.#wanted));
    this.#files.swap(this.#texts(this.#wanted));
    if (how.signal === true) this.#connector.signal("SIGHUP");
    await eventually(() => this.log.of("config_reloaded").length > before, 30_000, "the configuration to be in force");
  }

  /** What cannot be taken: the event that says so. */
  async refused(text: (good: string) => string, how: { signal?: boolean } = {}) {
    const before = this.log.of("config_refused").length;
    this.#files.swap({ ...this.#texts(this.#wanted), "mdca.yaml": text(this.#texts(this.#wanted)["mdca.yaml"] ?? "") });
    if (how.signal === true) this.#connector.signal("SIGHUP");
    await eventually(() => this.log.of("config_refused").length > before, 30_000, "the configuration to be refused");
    return this.log.of("config_refused").at(-1);
  }

  async published(name: string): Promise<number> {
    return (await statusOf(this.port))?.scans.find(({ scan }) => scan === `${name}-all`)?.counts.published ?? 0;
  }

  /** More of a tenant is published than is now. */
  async goesOn(name: string): Promise<void> {
    const before = await this.published(name);
    await eventually(async () => (await this.published(name)) > before, 60_000, `${name} to go on`);
  }

  async metrics(): Promise<string> {
    return await (await fetch(`http://127.0.0.1:${this.port}/metrics`)).text();
  }

  async status() {
    return (await (await fetch(`http://127.0.0.1:${this.port}/status`)).json()) as {
      config: { tenants: { name: string }[] };
      configuration: { refused: { message: string } | null };
    };
  }

  /** Nothing new, and all that there is published. */
  async settled(): Promise<void> {
    for (const tenant of this.tenants.values()) tenant.change({ rate: 0 });
    const sinceMs = Date.now() + 1_000;
    const isCaughtUp = async () => {
      const scans = (await statusOf(this.port))?.scans ?? [];
      return (
        scans.length === 3 && scans.every((scan) => Date.parse(scan.caughtUp ?? "") >= sinceMs && !scan.jobs.length)
      );
    };
    await eventually(isCaughtUp, 120_000, "every scan to be caught up");
  }

  async check() {
    const { bootstrap, registry } = this.#downstream;
    const truth = [...this.tenants.values()].map(({ url }) => `${url}/_truth`);
    return (await checkTopic({ bootstrap, registry, topics: [TOPIC], truth, dlq: `${TOPIC}-dlq` })).report;
  }

  #texts({ tenants, brokers }: Wanted): Record<string, string> {
    const entries = Object.entries(tenants);
    const tenant = (name: string) => ({
      apiUrl: tenants[name]?.url,
      auth: { token: `\${file:${name}-token}` },
      requestsPerMinute: tenants[name]?.requestsPerMinute,
    });
    const scan = (name: string) => ({ tenant: name, start: "25h", pollInterval: "1s", lookbacks: ["5s"] });
    const config = {
      tenants: Object.fromEntries(entries.map(([name]) => [name, tenant(name)])),
      scans: Object.fromEntries(entries.map(([name]) => [`${name}-all`, scan(name)])),
      kafka: { brokers: [brokers], sessionTimeout: "6s", heartbeatInterval: "500ms" },
      schemaRegistry: { url: this.#downstream.registry },
      topics: { activities: { name: TOPIC }, cursors: { partitions: 2 } },
      http: { port: this.port },
    };
    const tokens = ["alpha", "beta", "gamma"].map((name) => [`${name}-token`, `${tenants[name]?.token ?? "none"}\n`]);
    return { "mdca.yaml": JSON.stringify(config, null, 2), ...Object.fromEntries(tokens) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connector.stop();
    await Promise.all([...this.tenants.values()].map((tenant) => tenant[Symbol.asyncDispose]()));
    await this.#downstream[Symbol.asyncDispose]();
  }
}

const without = ({ tenants, ...rest }: Wanted, name: string): Wanted => {
  const { [name]: _, ...others } = tenants;
  return { ...rest, tenants: others };
};

test("tenants, budgets and secrets change under a connector that publishes: nothing lost, repeated or asked too often", async () => {
  await using story = await Story.begin();
  const [alpha, beta] = [story.tenants.get("alpha")!, story.tenants.get("beta")!];
  await story.goesOn("alpha");
  await story.goesOn("beta");

  await eventually(() => alpha.stats().requests > LOWERED, 30_000, "more requests than the lowered budget allows");
  // A lowered budget holds at once: what was sent before counts, and the tenant throttles whoever sends more.
  await story.change((wanted) => {
    wanted.tenants["alpha"]!.requestsPerMinute = LOWERED;
    return { ...wanted, tenants: { ...wanted.tenants, gamma: story.tenant("gamma") } };
  });
  alpha.change({ requestLimit: LOWERED });
  await story.goesOn("gamma");
  expect(story.log.of("config_reloaded").at(-1)).toMatchObject({
    cause: "file",
    tenants: { added: ["gamma"], removed: [], changed: ["alpha"] },
    scans: { added: ["gamma-all"], removed: [], changed: [] },
  });

  // The old secret is refused, the new one is in its file.
  beta.change({ tokens: ["rotated"] });
  const isRefused = async () => (await statusOf(story.port))?.scans.some(({ state }) => state === "unauthorized");
  await eventually(async () => (await isRefused()) === true, 30_000, "the old token to be refused");
  await story.change((wanted) => {
    wanted.tenants["beta"]!.token = "rotated";
    return wanted;
  });
  expect(story.log.of("config_reloaded").at(-1)?.["secrets"]).toEqual(["tenants.beta.auth.token"]);
  await story.goesOn("beta");

  const unreadable = await story.refused((good) =>
    good.replace('"requestsPerMinute": 60', '"requestsPerMinute": 1, "x": 2'),
  );
  expect(unreadable?.["reason"]).toMatch(/2 problems\n.*requestsPerMinute.*\n.*unknown option/);
  expect(await story.metrics()).toContain("\nmdca_source_config_last_reload_successful 0\n");
  const kafka = await story.refused((good) => good.replace('"sessionTimeout": "6s"', '"sessionTimeout": "9s"'), {
    signal: true,
  });
  expect(kafka?.["reason"]).toMatch(/kafka\.sessionTimeout: restart needed/);
  expect((await story.status()).configuration.refused?.message).toMatch(/restart needed/);
  await story.goesOn("gamma");

  await story.change((wanted) => without(wanted, "beta"), { signal: true });
  const asked = beta.stats().requests;
  expect(story.log.of("config_reloaded").at(-1)?.["cause"]).toBe("signal");
  await story.goesOn("gamma");
  expect(beta.stats().requests).toBe(asked);
  const metrics = await story.metrics();
  expect(metrics).not.toContain("beta");
  expect(metrics).toContain("\nmdca_source_config_last_reload_successful 1\n");
  expect((await story.status()).config.tenants.map(({ name }) => name)).toEqual(["alpha", "gamma"]);

  await story.change(
    (wanted) => {
      wanted.tenants["beta"] = { ...story.tenant("beta"), token: "rotated" };
      return wanted;
    },
    { signal: true },
  );
  await story.settled();
  const report = await story.check();
  console.log(JSON.stringify(report));
  expect(report).toMatchObject({ missing: 0, duplicate: 0, altered: 0, unknown: 0, mistimed: 0, undecodable: 0 });
  expect(report.published).toBe(report.expected);
  expect(report.published).toBeGreaterThan(900);
  for (const tenant of story.tenants.values()) expect(tenant.stats().byStatus[429] ?? 0).toBe(0);
}, 300_000);
