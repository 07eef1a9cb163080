import { ensureBuilt } from "../real/built.ts";
import { type CheckReport, checkTopic } from "../real/checker.ts";
import { type Silence, type Spread, silencesOf, spreadOf } from "../real/fleet-acts.ts";
import { type KafkaVersions, kafkaVersions, type Machine, machine } from "../real/machine.ts";
import { ShardStory } from "../real/shard-story.ts";
import { add, type BrokerKill, type CutDone, Deeds, perform, type ReplicaKill } from "./acts.ts";
import { type Act, actText, type Form, REPLICAS, schedule } from "./schedule.ts";
import { LATE_MS, Site, TOPIC } from "./site.ts";

/** What a campaign came to, as it is written to a file. Times in ms; null: it never came to that. */
export interface Outcome {
  readonly form: Form;
  readonly seed: number;
  readonly machine: Machine;
  readonly versions: KafkaVersions;
  readonly minutes: number;
  readonly acts: readonly Act[];
  /** Why it broke off. */
  readonly brokenOff: string | null;
  readonly check: CheckReport | null;
  readonly tenants: readonly TenantTraffic[];
  readonly replicaKills: readonly ReplicaKill[];
  readonly brokerKills: readonly (BrokerKill & { readonly underWay: readonly UnderWay[] })[];
  readonly cuts: readonly CutDone[];
  readonly zombies: number;
  readonly begunByZombies: number;
  /** Of each rolling restart: how often each shard changed owner. */
  readonly moves: readonly (readonly number[])[];
  /** From a SIGKILL to the next commit of each shard that was the dead replica's. */
  readonly recovered: { readonly paused: Spread; readonly again: Spread };
  readonly silences: readonly Silence[];
  /** The median time between two commits of a shard, over the whole campaign; null without any. */
  readonly ordinaryMs: number | null;
}

/** A transaction that was under way when a broker was killed. */
export interface UnderWay {
  readonly shard: number;
  readonly result: string;
  /** Whether the broker coordinated it. */
  readonly coordinated: boolean;
}

/** As the tenant counted. */
export interface TenantTraffic {
  readonly tenant: string;
  readonly activities: number;
  readonly requests: number;
  readonly limit: number;
  readonly most: number;
  readonly throttled: number;
}

/** Plays the acts of a seed against real parts, to the end or to where it breaks off; judges nothing. */
export async function campaign(form: Form, seed: number, say: (line: string) => void): Promise<Outcome> {
  await ensureBuilt();
  const on = machine(["src", "test"]);
  const acts = schedule(form, seed);
  const begunMs = Date.now();
  const tell = (line: string) => say(`${((Date.now() - begunMs) / 1_000).toFixed(0).padStart(5)} s  ${line}`);
  const deeds = new Deeds();
  await using site = await Site.open(form, seed);
  let brokenOff: string | null = null;
  let check: CheckReport | null = null;
  try {
    await play(site, acts, { deeds, tell });
    tell("all is done: waiting until nothing is left");
    await settle(site);
    tell("comparing with the tenants' truth");
    check = await compared(site);
  } catch (error) {
    brokenOff = error instanceof Error ? `${error.message}${causeOf(error)}` : String(error);
    tell(`broken off: ${brokenOff}`);
  }
  const tenants = await Promise.all(site.tenants.map(trafficOf));
  const minutes = Math.round((Date.now() - begunMs) / 6_000) / 10;
  const run = { form, seed, machine: on, versions: kafkaVersions(), minutes, acts, brokenOff, check, tenants };
  return { ...run, ...told(deeds, new ShardStory(site.fleet.all)) };
}

interface Playing {
  readonly deeds: Deeds;
  readonly tell: (line: string) => void;
}

async function play(site: Site, acts: readonly Act[], { deeds, tell }: Playing): Promise<void> {
  tell("start the replicas");
  await site.startIn(0);
  await site.fleet.balanced(site.fleet.running);
  for (let slot = 1; slot < REPLICAS; slot++) await add(site, slot, deeds);
  for (const [at, act] of acts.entries()) {
    tell(`${at + 1}/${acts.length} ${actText(act)}`);
    await perform(site, act, deeds);
  }
  await site.fleet.balanced(site.fleet.running, 120_000);
  await site.fleet.allCommit(Date.now());
}

/** Brings about what is missing of the activities, and waits until all there is has been published. */
async function settle(site: Site): Promise<void> {
  const counts = await Promise.all(site.tenants.map(async ({ mock }) => (await mock.stats()).activities));
  const missing = site.form.activities - counts.reduce((sum, count) => sum + count, 0);
  for (const tenant of site.tenants) await site.surge(tenant, Math.ceil(missing / site.tenants.length));
  await site.endOfTraffic();
  await site.fleet.caughtUp(Date.now() + LATE_MS, 240_000);
}

async function compared(site: Site): Promise<CheckReport> {
  const { report } = await checkTopic({
    bootstrap: site.cluster.bootstrap,
    registry: site.registry.url,
    topics: [TOPIC],
    truth: site.tenants.map(({ mock }) => `${mock.url}/_truth`),
    dlq: `${TOPIC}-dlq`,
  });
  return report;
}

async function trafficOf({ name, mock }: Site["tenants"][number]): Promise<TenantTraffic> {
  const { activities, requests, requestLimit, maxInWindow, byStatus } = await mock.stats();
  return {
    tenant: name,
    activities,
    requests,
    limit: requestLimit,
    most: maxInWindow,
    throttled: byStatus["429"] ?? 0,
  };
}

/** What the replicas' logs tell of the deeds. */
function told(deeds: Deeds, story: ShardStory) {
  const { chapters, replicaKills, brokerKills, cuts, rollings, zombies, begunByZombies } = deeds;
  const recoveries = (again: boolean) =>
    spreadOf(
      replicaKills.filter((kill) => kill.again === again).flatMap((kill) => story.recoveries(kill.by, kill.atMs)),
    );
  return {
    replicaKills,
    brokerKills: brokerKills.map((kill) => {
      const of = story.underWay(kill.atMs);
      const underWay = of.map((each) => ({ ...each, coordinated: kill.coordinated.includes(each.shard) }));
      return { ...kill, underWay };
    }),
    cuts,
    zombies,
    begunByZombies,
    moves: rollings.map(({ fromMs, untilMs }) => story.moves(fromMs, untilMs)),
    recovered: { paused: recoveries(false), again: recoveries(true) },
    silences: silencesOf(story, chapters),
    ordinaryMs: spreadOf(story.pauses()).medianMs,
  };
}

function causeOf(error: Error): string {
  return error.cause instanceof Error ? ` (${error.cause.message})` : "";
}
