import type { Outcome } from "./campaign.ts";

/** How often a shard may change owner while all replicas are restarted one by one. */
const MOVES_MAX = 2;
const FAULTS = ["missing", "duplicate", "altered", "unknown", "mistimed", "undecodable", "beyondLastStable"] as const;

/** What is wrong with a campaign, and where it proves less than it should; empty: it is green. */
export function faultsOf(outcome: Outcome): string[] {
  return [...broken(outcome), ...wrong(outcome), ...overBudget(outcome), ...hollow(outcome)];
}

function broken({ brokenOff }: Outcome): string[] {
  return brokenOff === null ? [] : [`broken off: ${brokenOff}`];
}

function wrong({ check, begunByZombies, moves, recovered }: Outcome): string[] {
  if (check === null) return ["the topic was not compared with the tenants' truth"];
  const faults = FAULTS.filter((kind) => check[kind] > 0).map((kind) => `${check[kind]} activities ${kind}`);
  if (check.published !== check.expected) faults.push(`${check.published} published of ${check.expected}`);
  if (begunByZombies > 0) faults.push(`${begunByZombies} requests begun by zombies`);
  const most = Math.max(0, ...moves.flat());
  if (most > MOVES_MAX) faults.push(`a shard moved ${most} times in a rolling restart`);
  for (const { worstMs } of [recovered.paused, recovered.again]) {
    if (worstMs === Number.POSITIVE_INFINITY) faults.push("a shard of a killed replica never committed again");
  }
  return faults;
}

function overBudget({ tenants }: Outcome): string[] {
  return tenants
    .filter(({ most, limit, throttled }) => most > limit || throttled > 0)
    .map(
      ({ tenant, most, limit, throttled }) => `${tenant}: ${most} requests of ${limit} allowed, ${throttled} refused`,
    );
}

/** A campaign that did less than its form says proves nothing. */
function hollow(outcome: Outcome): string[] {
  const { form, check, replicaKills, brokerKills, cuts, zombies, tenants, moves } = outcome;
  const counted: readonly (readonly [what: string, found: number, least: number])[] = [
    ["activities expected", check?.expected ?? 0, form.activities],
    ["kills of replicas", replicaKills.length, form.kills + form.killsAgain],
    ["kills of replicas with a page in hand", replicaKills.filter((kill) => kill.pagesInHand > 0).length, 1],
    ["zombies", zombies, form.zombies],
    ["kills of brokers", brokerKills.length, form.brokers],
    ["kills of brokers in a transaction they coordinated", inTransaction(outcome), form.name === "long" ? 2 : 0],
    ["cuts", cuts.length, form.cuts],
    ["rolling restarts", moves.length, form.rollings],
    ["tenants", tenants.length, form.tenants],
  ];
  return counted
    .filter(([, found, least]) => found < least)
    .map(([what, found, least]) => {
      return `only ${found} ${what}, not ${least}`;
    });
}

/** Kills of a broker while a transaction that it coordinated was under way. */
export function inTransaction({ brokerKills }: Outcome): number {
  return brokerKills.filter(({ underWay }) => underWay.some(({ coordinated }) => coordinated)).length;
}
