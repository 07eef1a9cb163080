import { setTimeout as delay } from "node:timers/promises";
import { type Chapter, chapter, roll, zombie } from "../real/fleet-acts.ts";
import type { LogLine } from "../real/json-log.ts";
import type { Replica } from "../real/replicas.ts";
import type { Act } from "./schedule.ts";
import type { Site, Tenant } from "./site.ts";

/** What the acts have done, for what is counted at the end. */
export class Deeds {
  readonly chapters: Chapter[] = [];
  readonly replicaKills: ReplicaKill[] = [];
  readonly brokerKills: BrokerKill[] = [];
  readonly cuts: CutDone[] = [];
  readonly rollings: { readonly fromMs: number; readonly untilMs: number }[] = [];
  zombies = 0;
  /** Requests that zombies began before they were told what they had lost. */
  begunByZombies = 0;
}

export interface ReplicaKill {
  readonly by: string;
  readonly atMs: number;
  /** Whether the next act came without waiting for anything. */
  readonly again: boolean;
  /** Tenants of which a page had come that was not committed yet. */
  readonly pagesInHand: number;
}

export interface BrokerKill {
  readonly node: number;
  readonly role: string;
  readonly atMs: number;
  /** The shards with tenants whose transactions it coordinated. */
  readonly coordinated: readonly number[];
}

export interface CutDone {
  readonly slot: number;
  readonly node: number;
  readonly role: string;
  readonly how: string;
  readonly seconds: number;
}

type ActOf<K extends Act["kind"]> = Extract<Act, { kind: K }>;

/** A large page: its records are on their way for some hundred milliseconds. */
const SURGE = 2_000;
/** Of compressed records: more than other shards send meanwhile, and a part of the large page's. */
const SURGE_BYTES = 200_000;

/** Does one act, and waits until the replicas have found their order again (but for `kill-again`). */
export async function perform(site: Site, act: Act, deeds: Deeds): Promise<void> {
  switch (act.kind) {
    case "kill":
      return await kill(site, act, deeds);
    case "kill-again":
      return await killAgain(site, act, deeds);
    case "zombie": {
      const { chapters, begun } = await zombie(site.fleet, site.replica(act.slot), site.form.stoppedMs);
      deeds.chapters.push(...chapters);
      deeds.zombies += 1;
      deeds.begunByZombies += begun.length;
      return;
    }
    case "broker":
      return await killBroker(site, act, deeds);
    case "cut":
      return await cut(site, act, deeds);
    case "rolling": {
      const fromMs = Date.now();
      deeds.chapters.push(...(await roll(site.fleet, (old) => site.startIn(site.slotOf(old)))));
      deeds.rollings.push({ fromMs, untilMs: Date.now() });
    }
  }
}

/** A replica more, in its slot. */
export async function add(site: Site, slot: number, deeds: Deeds): Promise<void> {
  deeds.chapters.push(
    await chapter(site.fleet, "add", async () => {
      await site.startIn(slot);
      return site.fleet.running;
    }),
  );
}

const isPage = (line: LogLine) => line.event === "request_answered" && line["verdict"] === "page";

async function kill(site: Site, { slot, delayMs }: ActOf<"kill">, deeds: Deeds): Promise<void> {
  const victim = site.replica(slot);
  deeds.chapters.push(
    await chapter(site.fleet, "kill", async () => {
      await victim.log.next(isPage);
      await delay(delayMs);
      deeds.replicaKills.push(await killed(site, victim, false));
      return site.fleet.running;
    }),
  );
  await add(site, slot, deeds);
}

async function killAgain(site: Site, { slot, delayMs }: ActOf<"kill-again">, deeds: Deeds): Promise<void> {
  await delay(delayMs);
  deeds.replicaKills.push(await killed(site, site.replica(slot), true));
  await site.startIn(slot);
}

async function killed(site: Site, victim: Replica, again: boolean): Promise<ReplicaKill> {
  const atMs = Date.now();
  const exit = await victim.process.kill9();
  if (exit.signal !== "SIGKILL") throw new Error(`${victim.name} had ended before it was killed: ${exit.code}`);
  const inHand = site.tenants.filter((tenant) => isInHand(victim, tenant));
  return { by: victim.name, atMs, again, pagesInHand: inHand.length };
}

/** By a dead replica's last words of a tenant: a page that no end of a transaction followed. */
function isInHand({ log }: Replica, { name, shard }: Tenant): boolean {
  const last = log.lines.findLast(
    (line) =>
      (line.event === "request_answered" && line["tenant"] === name) ||
      (line.event === "transaction_ended" && line["shard"] === shard),
  );
  return last !== undefined && isPage(last);
}

async function killBroker(site: Site, act: ActOf<"broker">, deeds: Deeds): Promise<void> {
  const { aim, delayMs, downMs } = act;
  const node = await site.brokerOf(aim);
  const coordinated = await site.coordinatedBy(node);
  const tenant = site.tenant(aim.tenant);
  deeds.chapters.push(
    await chapter(site.fleet, "broker", async () => {
      const owner = await site.ownerOf(tenant.shard);
      await Promise.all([site.links.sends(site.slotOf(owner), SURGE_BYTES), site.surge(tenant, SURGE)]);
      await delay(delayMs);
      const atMs = Date.now();
      await site.cluster.kill9(node);
      deeds.brokerKills.push({ node, role: aim.role, atMs, coordinated });
      await delay(downMs);
      await site.cluster.start(node);
      return site.fleet.running;
    }),
  );
  await site.allInSync();
}

async function cut(site: Site, { slot, aim, how, cutMs }: ActOf<"cut">, deeds: Deeds): Promise<void> {
  const node = await site.brokerOf(aim);
  deeds.chapters.push(
    await chapter(site.fleet, `cut, ${how}`, async () => {
      site.links.cut(slot, node, how);
      await delay(cutMs);
      site.links.heal(slot, node);
      deeds.cuts.push({ slot, node, role: aim.role, how, seconds: cutMs / 1_000 });
      return site.fleet.running;
    }),
  );
}
