import { silenceText, spreadText } from "../real/fleet-acts.ts";
import type { Outcome } from "./campaign.ts";
import { inTransaction } from "./judge.ts";

/** For a person at a terminal. */
export function outcomeText(outcome: Outcome): string {
  const { check, tenants, replicaKills, brokerKills, cuts, zombies, begunByZombies, moves, recovered } = outcome;
  const again = replicaKills.filter((kill) => kill.again).length;
  const over = tenants.filter(({ most, limit }) => most > limit).length;
  return [
    `seed ${outcome.seed}, ${outcome.minutes} minutes`,
    `replicas killed ${replicaKills.length} times (${again} without a pause, ` +
      `${replicaKills.filter((kill) => kill.pagesInHand > 0).length} with a page in hand)`,
    `brokers killed ${brokerKills.length} times, ${inTransaction(outcome)} in a transaction that they coordinated`,
    `replicas cut from a broker ${cuts.length} times, stopped for ${outcome.form.stoppedMs / 1_000} s ${zombies} times`,
    `requests begun by zombies ${begunByZombies}; tenants over their budget ${over}, most requests in a minute ` +
      `${Math.max(...tenants.map(({ most }) => most))} of ${tenants[0]?.limit}`,
    `moves of each shard in a rolling restart: ${moves.map((each) => each.join(" ")).join("; ") || "none was made"}`,
    `from a kill to the first commit of each shard that moved, median/worst: ${spreadText(recovered.paused)}; ` +
      `without a pause ${spreadText(recovered.again)}`,
    `${silenceText(outcome.silences)}\n  ordinarily a shard commits every ${outcome.ordinaryMs} ms`,
    JSON.stringify(check),
  ].join("\n");
}
