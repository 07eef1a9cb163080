import { Reload } from "../../src/cli/reload.ts";
import type { Config } from "../../src/config/config.ts";
import { ConfigWatch, type Look, lookAt } from "../../src/config/watch.ts";
import { ConnectorError } from "../../src/kit/errors.ts";
import type { Event } from "../../src/observe/events.ts";
import { type Metrics, openMetrics } from "../../src/observe/metrics.ts";
import { openStatus, type StatusKeeper } from "../../src/observe/status-keeper.ts";
import type { MemoryCluster, Step } from "./memory-kafka.ts";
import { SIM_CURSORS, type SimProcess, startSim } from "./sim-connector.ts";
import type { SimTenant } from "./sim-tenant.ts";
import type { VirtualClock } from "./virtual-clock.ts";

const FILE = "/etc/mdca.yaml";

/** The world around connectors that follow their files: brokers, tenants by name, and those files. */
export interface ReloadWorld {
  readonly clock: VirtualClock;
  readonly cluster: MemoryCluster;
  readonly tenants: ReadonlyMap<string, SimTenant>;
}

/** A connector on simulated parts that follows a file in memory, by all of the production's own code from there on. */
export class ReloadingSim {
  readonly process: SimProcess;
  readonly metrics: Metrics;
  readonly watch: ConfigWatch;
  readonly #world: ReloadWorld;
  readonly #status: StatusKeeper;
  readonly #reload: Reload;
  readonly #files: Map<string, string>;

  /** @param files by path; without a path, the configuration. @throws where the first configuration is wrong. */
  constructor(world: ReloadWorld, text: string, files: Readonly<Record<string, string>> = {}, step?: Step) {
    this.#world = world;
    this.#files = new Map([[FILE, text], ...Object.entries(files)]);
    const { clock } = world;
    const look = (): Look => lookAt({ file: FILE, sets: [], env: {} }, (path) => this.#read(path));
    const { result, files: seen } = look();
    if (result instanceof ConnectorError) throw result;
    const { config } = result;
    const shown = { ...config, version: "sim" };
    this.metrics = openMetrics({ ...shown, configuredAtMs: clock.nowMs(), shards: SIM_CURSORS.partitions });
    this.#status = openStatus({ ...shown, startedAtMs: clock.nowMs() });
    this.watch = new ConfigWatch({ look, readFile: async (path) => this.#read(path), clock }, result, seen);
    const emit = (event: Event) => {
      this.metrics.record(event);
      this.#status.record(event, clock.nowMs());
    };
    const configure = async (configured: Config) => {
      await this.metrics.configure(configured);
      this.#status.configure(configured, clock.nowMs());
    };
    const told = (event: Event) => {
      this.process.events.push(event);
      emit(event);
    };
    this.#reload = new Reload(this.watch, { configure, warn: () => undefined, emit: told, clock }, config);
    const tenant = (name: string) => world.tenants.get(name) ?? fail(name);
    const reconfigured: NonNullable<Parameters<typeof startSim>[0]["reconfigured"]> = (reconfigure, stop) =>
      this.#reload.run(reconfigure, stop);
    const parts = { cluster: world.cluster, clock, tenant, reconfigured, emit };
    this.process = startSim(step === undefined ? parts : { ...parts, step }, config);
  }

  get inForce(): Config {
    return this.#reload.inForce;
  }

  get status() {
    return this.#status.status(this.#world.clock.nowMs());
  }

  /** Names and labels of every sample. */
  async series(): Promise<string[]> {
    const lines = (await this.metrics.registry.metrics()).split("\n").filter((line) => /^mdca/.test(line));
    return lines.map((line) => line.slice(0, line.lastIndexOf(" "))).sort();
  }

  /** Other contents of a file; by default of the configuration. */
  write(text: string, path = FILE): void {
    this.#files.set(path, text);
  }

  of<T extends Event["type"]>(type: T): Extract<Event, { type: T }>[] {
    return this.process.events.filter((event): event is Extract<Event, { type: T }> => event.type === type);
  }

  #read(path: string): string {
    const text = this.#files.get(path);
    if (text === undefined) throw Object.assign(new Error(`no file ${path}`), { code: "ENOENT" });
    return text;
  }
}

function fail(tenant: string): never {
  throw new Error(`there is no tenant ${tenant}`);
}
