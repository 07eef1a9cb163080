import type { Cut } from "../real/tcp-relay.ts";
import { Seeded } from "../simulation/seeded.ts";

/** Why a broker is chosen: what it does for one shard, or for the group of the replicas. */
export const ROLES = ["transaction-coordinator", "cursors-leader", "activities-leader", "group-coordinator"] as const;
export type Role = (typeof ROLES)[number];

/** The broker that plays the role for the shard of the tenant of that number when its turn comes. */
export interface Aim {
  readonly role: Role;
  readonly tenant: number;
}

/** One thing that is done. Replicas are named by their slot, from 0. */
export type Act =
  /** SIGKILL while it commits; when its shards have found another owner it is replaced. */
  | { readonly kind: "kill"; readonly slot: number; readonly delayMs: number }
  /** SIGKILL so long after the last act, replaced at once, and on to the next. */
  | { readonly kind: "kill-again"; readonly slot: number; readonly delayMs: number }
  | { readonly kind: "zombie"; readonly slot: number }
  /** SIGKILL of a broker so long after the first records of a large page of the tenant; started again later. */
  | { readonly kind: "broker"; readonly aim: Aim; readonly delayMs: number; readonly downMs: number }
  | { readonly kind: "cut"; readonly slot: number; readonly aim: Aim; readonly how: Cut; readonly cutMs: number }
  | { readonly kind: "rolling" };

/** How much of everything. */
export interface Form {
  readonly name: "short" | "long";
  /** A whole multiple of the replicas. */
  readonly tenants: number;
  readonly backlog: number;
  /** New activities a second, of each tenant. */
  readonly rate: number;
  /** At least so many in all; what is missing at the end is brought about then. */
  readonly activities: number;
  readonly kills: number;
  readonly killsAgain: number;
  readonly zombies: number;
  readonly stoppedMs: number;
  readonly brokers: number;
  readonly downMs: number;
  readonly cuts: number;
  readonly cutMs: number;
  readonly rollings: number;
}

export const REPLICAS = 3;

export const FORMS: Readonly<Record<Form["name"], Form>> = {
  short: {
    name: "short",
    tenants: 6,
    backlog: 500,
    rate: 10,
    activities: 8_000,
    kills: 1,
    killsAgain: 1,
    zombies: 1,
    stoppedMs: 8_000,
    brokers: 1,
    downMs: 4_000,
    cuts: 1,
    cutMs: 8_000,
    rollings: 0,
  },
  long: {
    name: "long",
    tenants: 12,
    backlog: 8_000,
    rate: 16,
    activities: 300_000,
    kills: 6,
    killsAgain: 6,
    zombies: 5,
    stoppedMs: 30_000,
    brokers: 5,
    downMs: 10_000,
    cuts: 4,
    cutMs: 20_000,
    rollings: 1,
  },
};

/** How long a page is encoded, sent and committed, or a large one is sent. */
const COMMITTING_MAX_MS = 120;
const AGAIN_MAX_MS = 2_500;

/** The same form and seed give the same acts. Those without a pause come last. */
export function schedule(form: Form, seed: number): Act[] {
  const random = new Seeded(seed);
  const slot = () => random.int(0, REPLICAS - 1);
  const aim = (role: Role): Aim => ({ role, tenant: random.int(0, form.tenants - 1) });
  const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
  // Where not all roles have their turn, the group's has: all replicas depend on it.
  const first = form.brokers < ROLES.length ? ROLES.indexOf("group-coordinator") : random.int(0, ROLES.length - 1);
  const acts: Act[] = [
    ...times(form.kills, (): Act => ({ kind: "kill", slot: slot(), delayMs: random.int(0, COMMITTING_MAX_MS) })),
    ...times(form.zombies, (): Act => ({ kind: "zombie", slot: slot() })),
    ...times(form.brokers, (at): Act => {
      const delayMs = random.int(0, COMMITTING_MAX_MS);
      return { kind: "broker", aim: aim(roleAt(first + at)), delayMs, downMs: form.downMs };
    }),
    ...times(form.cuts, (at): Act => {
      const how = random.chance(0.75) ? "silent" : "refused";
      return { kind: "cut", slot: slot(), aim: aim(roleAt(first + at + 1)), how, cutMs: form.cutMs };
    }),
    ...times(form.rollings, (): Act => ({ kind: "rolling" })),
  ];
  const last = times(form.killsAgain, (at): Act => {
    return { kind: "kill-again", slot: (at + random.int(0, 1)) % REPLICAS, delayMs: random.int(0, AGAIN_MAX_MS) };
  });
  return [...shuffled(acts, random), ...last];
}

/** One after the other. */
function roleAt(at: number): Role {
  return ROLES[at % ROLES.length] ?? "transaction-coordinator";
}

function shuffled<T>(list: readonly T[], random: Seeded): T[] {
  const left = [...list];
  return list.map(() => left.splice(random.int(0, left.length - 1), 1)[0] as T);
}

/** For a person, on one line. */
export function actText(act: Act): string {
  switch (act.kind) {
    case "kill":
      return `SIGKILL replica ${act.slot}, ${act.delayMs} ms after a page has come to it`;
    case "kill-again":
      return `SIGKILL replica ${act.slot} without a pause, ${act.delayMs} ms after the last act`;
    case "zombie":
      return `SIGSTOP and SIGCONT replica ${act.slot}`;
    case "broker":
      return `SIGKILL ${aimText(act.aim)} ${act.delayMs} ms into a transaction, down for ${act.downMs / 1_000} s`;
    case "cut":
      return `cut replica ${act.slot} from ${aimText(act.aim)} for ${act.cutMs / 1_000} s, ${act.how}`;
    case "rolling":
      return "rolling restart of all replicas";
  }
}

function aimText({ role, tenant }: Aim): string {
  const of = role === "group-coordinator" ? "the replicas" : `tenant ${tenant}'s shard`;
  return `the ${role.replace("-", " ")} of ${of}`;
}
