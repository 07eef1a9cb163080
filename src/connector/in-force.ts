import { type Config, idsBytesPerScan, type ScanConfig, type TenantConfig } from "../config/config.ts";

/** A tenant and its scans as they are configured, until another configuration of it takes their place, or none. */
export class TenantPlan {
  readonly tenant: TenantConfig;
  readonly scans: readonly ScanConfig[];
  readonly #retired = new AbortController();
  readonly #runs = new Set<Promise<unknown>>();

  constructor({ tenants, scans }: Config, name: string) {
    const tenant = tenants.find((each) => each.name === name);
    if (tenant === undefined) throw new Error(`invariant broken: tenant ${name} is not configured`);
    this.tenant = tenant;
    this.scans = scans.filter((scan) => scan.tenant === name);
  }

  /** Aborted once nothing is to be done by this plan any more. */
  get retired(): AbortSignal {
    return this.#retired.signal;
  }

  /** Something is done by this plan, which `retire` has to wait for. `run` must not reject. */
  carries(run: Promise<void>): void {
    this.#runs.add(run);
    void run.finally(() => this.#runs.delete(run));
  }

  /** Resolves once nothing is done by this plan any more: a transaction in flight has decided itself. */
  async retire(): Promise<void> {
    this.#retired.abort(new Error(`tenant ${this.tenant.name}: another configuration takes its place`));
    await Promise.all(this.#runs);
  }
}

/** The configuration in force, and what of it has to run: what was not touched runs on through any change. */
export class InForce {
  /** Names of all configured scans; follows every change. */
  readonly scanNames: ReadonlySet<string>;
  /** Shards that tenants live in; follows every change. */
  readonly shards: ReadonlySet<number>;
  readonly #scanNames = new Set<string>();
  readonly #shards = new Set<number>();
  readonly #shardOf: (tenant: string) => number;
  readonly #plans = new Map<string, TenantPlan>();
  #config: Config;
  #change: { readonly made: Promise<void>; readonly make: () => void } = newChange();

  constructor(config: Config, shardOf: (tenant: string) => number) {
    this.scanNames = this.#scanNames;
    this.shards = this.#shards;
    this.#shardOf = shardOf;
    this.#config = config;
    this.#take(config);
  }

  get config(): Config {
    return this.#config;
  }

  /** What the remembered ids of one scan may occupy. */
  get idsBytesPerScan(): number {
    return idsBytesPerScan(this.#config);
  }

  /** Resolves at the next change. */
  get changed(): Promise<void> {
    return this.#change.made;
  }

  plansOf(shard: number): TenantPlan[] {
    return [...this.#plans.values()].filter(({ tenant }) => this.#shardOf(tenant.name) === shard);
  }

  /**
   * Puts another configuration in force. First everything ends that is done for the tenants it touches; `between` is
   * called when nothing of the old one runs any more, and nothing of the new one does yet.
   *
   * @param touched tenants that it adds, removes or changes, in themselves or in their scans.
   */
  async replace(config: Config, touched: ReadonlySet<string>, between: () => Promise<void>): Promise<void> {
    const retired = [...this.#plans.values()].filter(({ tenant }) => touched.has(tenant.name));
    for (const { tenant } of retired) this.#plans.delete(tenant.name);
    await Promise.all(retired.map((plan) => plan.retire()));
    await between();
    this.#take(config);
    const { make } = this.#change;
    this.#change = newChange();
    make();
  }

  #take(config: Config): void {
    this.#config = config;
    for (const { name } of config.tenants) {
      if (!this.#plans.has(name)) this.#plans.set(name, new TenantPlan(config, name));
    }
    refill(
      this.#scanNames,
      config.scans.map(({ name }) => name),
    );
    refill(
      this.#shards,
      config.tenants.map(({ name }) => this.#shardOf(name)),
    );
  }
}

function newChange() {
  let make = (): void => undefined;
  const made = new Promise<void>((resolve) => {
    make = resolve;
  });
  return { made, make };
}

function refill<T>(set: Set<T>, items: readonly T[]): void {
  set.clear();
  for (const item of items) set.add(item);
}
