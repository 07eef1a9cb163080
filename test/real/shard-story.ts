import type { LogLine } from "./json-log.ts";
import type { Replica } from "./replicas.ts";

interface Commit {
  readonly atMs: number;
  readonly by: string;
}

interface Transaction {
  readonly shard: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly result: string;
}

/** What the replicas' logs tell of each shard. */
export class ShardStory {
  /** By shard, in the order of time. */
  readonly commits = new Map<number, Commit[]>();
  /** By shard: who owned it, one after the other. */
  readonly owners = new Map<number, { readonly atMs: number; readonly by: string }[]>();

  readonly #transactions: Transaction[] = [];

  constructor(replicas: readonly Replica[]) {
    for (const { name, log } of replicas) {
      for (const line of log.lines) {
        if (line.event === "transaction_ended") this.#transactions.push(transactionOf(line));
        if (line.event === "transaction_ended" && line["result"] === "committed") add(this.commits, line, name);
        if (line.event === "shard_opened") add(this.owners, line, name);
      }
    }
    for (const list of [...this.commits.values(), ...this.owners.values()]) list.sort((a, b) => a.atMs - b.atMs);
  }

  /**
   * The longest time without a commit of each shard that overlaps with a time, and no further than to its end; apart
   * for shards that changed owner.
   */
  silences(fromMs: number, untilMs: number): { moved: number[]; kept: number[] } {
    const silences = { moved: [] as number[], kept: [] as number[] };
    for (const commits of this.commits.values()) {
      let longestMs = 0;
      for (const [at, { atMs }] of commits.entries()) {
        const next = commits[at + 1];
        if (next === undefined || next.atMs < fromMs || atMs > untilMs) continue;
        longestMs = Math.max(longestMs, Math.min(next.atMs, untilMs) - atMs);
      }
      const before = commits.findLast(({ atMs }) => atMs <= fromMs);
      const after = commits.findLast(({ atMs }) => atMs <= untilMs);
      silences[before?.by === after?.by ? "kept" : "moved"].push(longestMs);
    }
    return silences;
  }

  /** The times between two commits of a shard, of all of them; ms. */
  pauses(): number[] {
    const of = (commits: readonly Commit[]) =>
      commits.slice(1).map(({ atMs }, at) => atMs - (commits[at]?.atMs ?? atMs));
    return [...this.commits.values()].flatMap(of);
  }

  /** How long each shard that was somebody's at a moment was without a commit from then on; ms. */
  recoveries(by: string, atMs: number): number[] {
    return [...this.owners].flatMap(([shard, owners]) => {
      if (owners.findLast((owner) => owner.atMs <= atMs)?.by !== by) return [];
      const first = this.commits.get(shard)?.find((commit) => commit.atMs > atMs && commit.by !== by);
      return [first === undefined ? Number.POSITIVE_INFINITY : first.atMs - atMs];
    });
  }

  /** The shards of which a transaction was under way at a moment, by how it ended. */
  underWay(atMs: number): { readonly shard: number; readonly result: string }[] {
    return this.#transactions
      .filter(({ fromMs, untilMs }) => fromMs <= atMs && atMs <= untilMs)
      .map(({ shard, result }) => ({ shard, result }));
  }

  /** By shard, how often it has changed owner in a time. */
  moves(fromMs: number, untilMs: number): number[] {
    return [...this.owners.values()].map((owners) => {
      const at = owners.map((owner, index) => ({ ...owner, before: owners[index - 1]?.by }));
      return at.filter(({ atMs, by, before }) => atMs > fromMs && atMs <= untilMs && before !== by).length;
    });
  }
}

function transactionOf(line: LogLine): Transaction {
  const untilMs = Date.parse(line.time);
  const fromMs = untilMs - Number(line["durationMs"]);
  return { shard: Number(line["shard"]), fromMs, untilMs, result: String(line["result"]) };
}

function add(to: Map<number, Commit[]>, line: LogLine, by: string): void {
  const shard = Number(line["shard"]);
  const list = to.get(shard) ?? [];
  to.set(shard, list);
  list.push({ atMs: Date.parse(line.time), by });
}

export const medianOf = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
