import { setTimeout as delay } from "node:timers/promises";
import kafkajs, { type Admin } from "kafkajs";
import { type Cluster, startCluster3 } from "../real/broker.ts";
import { coordinatorOf, inSync, leadersOf } from "../real/cluster-view.ts";
import { Held } from "../real/held.ts";
import { eventually } from "../real/process.ts";
import { type Registry, startRegistry } from "../real/registry.ts";
import { Fleet, type Replica, SHARDS, shardOf, tenantNames } from "../real/replicas.ts";
import { type MockProcess, startMock } from "../real/stack.ts";
import { Links } from "./links.ts";
import { type Aim, type Form, REPLICAS } from "./schedule.ts";

export const TOPIC = "soaked";
const CURSORS = `${TOPIC}-cursors`;
/** Less than polls and lookbacks want, so that every tenant is always asked about as often as it allows. */
const REQUESTS_PER_MINUTE = 90;
/** At 6 s and 1 s, as the figures that these are compared with. */
const SESSION = { sessionTimeout: "6s", heartbeatInterval: "1s" };
/** Some activities are shown only this long after they were saved: less than the overlap of the tail. */
export const LATE_MS = 3_000;
const FAULTS = [
  ["--late-visible-share", "0.05", "--late-visible-max", `${LATE_MS / 1_000}s`],
  ["--fault-descending", "0.02", "--fault-duplicate", "0.03", "--tie-share", "0.05"],
  ["--fault-reset", "0.005", "--fault-truncate", "0.005", "--fault-500", "0.005", "--fault-error-body", "0.002"],
  ["--request-limit", String(REQUESTS_PER_MINUTE), "--request-window", "60s"],
].flat();
/** So many at once share a millisecond: far less than a page. */
const CROWD = 400;

export interface Tenant {
  readonly name: string;
  readonly shard: number;
  readonly mock: MockProcess;
}

/** Three brokers, a registry, tenants with faults and three replicas, all of them processes of this machine. */
export class Site implements AsyncDisposable {
  readonly form: Form;
  readonly cluster: Cluster;
  readonly links: Links;
  readonly registry: Registry;
  readonly tenants: readonly Tenant[];
  readonly fleet: Fleet;
  readonly admin: Admin;
  readonly #slots: Replica[] = [];
  readonly #held: Held;

  private constructor(parts: Parts, held: Held) {
    this.form = parts.form;
    this.cluster = parts.cluster;
    this.links = parts.links;
    this.registry = parts.registry;
    this.tenants = parts.tenants;
    this.#held = held;
    this.fleet = new Fleet({
      ...SESSION,
      brokers: this.cluster.brokers,
      registry: this.registry.url,
      topic: TOPIC,
      tenants: new Map(this.tenants.map(({ name, mock }) => [name, mock.url])),
      requestsPerMinute: REQUESTS_PER_MINUTE,
    });
    this.admin = new kafkajs.Kafka({ brokers: [...this.cluster.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
  }

  /** All but the replicas. @param seed of the tenants. */
  static async open(form: Form, seed: number): Promise<Site> {
    return await Held.by(async (held) => {
      const links = await held.use(Links.open(REPLICAS, 3));
      const cluster = await held.use(startCluster3({ properties: links.properties.bind(links) }));
      const registry = await held.use(startRegistry());
      const load = ["--backlog", String(form.backlog), "--rate", String(form.rate), ...FAULTS];
      const tenant = async (name: string, at: number): Promise<Tenant> => {
        const mock = await held.use(startMock(["--seed", String(seed + at), ...load], { built: true }));
        return { name, shard: shardOf(name), mock };
      };
      const tenants = await Promise.all(tenantNames(SHARDS).slice(0, form.tenants).map(tenant));
      const site = new Site({ form, cluster, links, registry, tenants }, held);
      await site.admin.connect();
      return site;
    });
  }

  async startIn(slot: number): Promise<Replica> {
    const replica = await this.fleet.start(this.links.brokersOf(slot));
    this.#slots[slot] = replica;
    return replica;
  }

  replica(slot: number): Replica {
    const replica = this.#slots[slot];
    if (replica === undefined) throw new Error(`there was never a replica in slot ${slot}`);
    return replica;
  }

  slotOf(replica: Replica): number {
    return this.#slots.indexOf(replica);
  }

  tenant(at: number): Tenant {
    return this.tenants[at % this.tenants.length] as Tenant;
  }

  async ownerOf(shard: number): Promise<Replica> {
    const find = async () => {
      for (const replica of this.fleet.running) if ((await replica.owned()).includes(shard)) return replica;
      return null;
    };
    return await eventually(find, 60_000, `shard ${shard} to be owned`);
  }

  /** The number of the broker that plays a role now. */
  async brokerOf({ role, tenant }: Aim): Promise<number> {
    const { shard } = this.tenant(tenant);
    const find = async () => {
      if (role === "transaction-coordinator") return await this.#transactionCoordinator(shard);
      if (role === "group-coordinator") return await coordinatorOf(this.admin, "groups", CURSORS);
      const leaders = await leadersOf(this.admin, role === "cursors-leader" ? CURSORS : TOPIC);
      return leaders.get(shard % leaders.size) ?? -1;
    };
    return await eventually(async () => Math.max(0, await find()), 30_000, `a ${role} of shard ${shard}`);
  }

  /** The shards with tenants whose transactions a broker coordinates. */
  async coordinatedBy(node: number): Promise<number[]> {
    const found: number[] = [];
    for (const { shard } of this.tenants) if ((await this.#transactionCoordinator(shard)) === node) found.push(shard);
    return found;
  }

  /** So many more activities of a tenant, created within milliseconds, so that they come as one large page. */
  async surge({ mock }: Tenant, count: number): Promise<void> {
    for (let left = count; left > 0; left -= CROWD) await mock.control({ add: Math.min(CROWD, left) });
  }

  async allInSync(): Promise<void> {
    await inSync(this.admin, [TOPIC, CURSORS]);
  }

  /** No more than there is by then, and all of it shown. */
  async endOfTraffic(): Promise<void> {
    await Promise.all(this.tenants.map(({ mock }) => mock.control({ rate: 0 })));
    await delay(LATE_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet[Symbol.asyncDispose]();
    await this.admin.disconnect().catch(() => undefined);
    await this.#held[Symbol.asyncDispose]();
  }

  async #transactionCoordinator(shard: number): Promise<number> {
    return await coordinatorOf(this.admin, "transactions", `${CURSORS}-${shard}`);
  }
}

type Parts = Pick<Site, "form" | "cluster" | "links" | "registry" | "tenants">;
