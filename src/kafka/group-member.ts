import type { Clock } from "../kit/clock.ts";
import type { Claims } from "./assigner.ts";
import { afterEvent, type GroupEvent, isProven, type Membership, OUTSIDE } from "./membership.ts";
import type { GroupEvents, Lease } from "./port.ts";
import { orAborted } from "./waiting.ts";

/** The reason of `Lease.lost`. */
class ShardLost extends Error {
  constructor(shard: number, why: string) {
    super(`shard ${shard} ${why}`);
    this.name = "ShardLost";
  }
}

/** One process's membership, whoever plays the group: its leases, and who waits for proof. */
export class GroupMember {
  readonly #sessionMs: number;
  readonly #clock: Clock;
  readonly #events: GroupEvents;
  #membership: Membership = OUTSIDE;
  readonly #leases = new Map<number, GivenShard>();
  readonly #waiting = new Set<() => void>();

  constructor(options: { readonly sessionMs: number; readonly clock: Clock; readonly events: GroupEvents }) {
    this.#sessionMs = options.sessionMs;
    this.#clock = options.clock;
    this.#events = options.events;
  }

  /** What it says of itself in a join. */
  get claims(): Omit<Claims, "id"> {
    const { held, generation } = this.#membership;
    return { held: [...held], generation };
  }

  /** Whether the group has given it its shards, and is not about to give them anew. */
  get isMember(): boolean {
    return this.#membership.phase === "member";
  }

  /** Takes an event in, whole, before it returns: what is lost is known to be lost, what is new has its lease. */
  see(event: GroupEvent): void {
    this.#membership = afterEvent(this.#membership, event, this.#sessionMs);
    const { held } = this.#membership;
    for (const [shard, lease] of this.#leases) {
      if (held.has(shard)) continue;
      this.#leases.delete(shard);
      lease.end(new ShardLost(shard, lossBy(event)));
    }
    for (const shard of held) {
      if (this.#leases.has(shard)) continue;
      const lease = new GivenShard(shard, this);
      this.#leases.set(shard, lease);
      this.#events.gained(lease);
    }
    for (const wake of [...this.#waiting]) wake();
  }

  isProven(afterMs: number): boolean {
    return isProven(this.#membership, this.#clock.monotonicMs(), this.#sessionMs, afterMs);
  }

  /** Resolves at the next event. */
  async changed(signal: AbortSignal): Promise<void> {
    let wake = (): void => undefined;
    const event = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#waiting.add(wake);
    try {
      await orAborted(event, signal);
    } finally {
      this.#waiting.delete(wake);
    }
  }
}

class GivenShard implements Lease {
  readonly shard: number;
  readonly #member: GroupMember;
  readonly #lost = new AbortController();

  constructor(shard: number, member: GroupMember) {
    this.shard = shard;
    this.#member = member;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  isProven(afterMs: number = Number.NEGATIVE_INFINITY): boolean {
    return !this.lost.aborted && this.#member.isProven(afterMs);
  }

  async proven(afterMs: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      this.lost.throwIfAborted();
      if (this.isProven(afterMs)) return;
      await this.#member.changed(signal);
    }
  }

  end(reason: ShardLost): void {
    this.#lost.abort(reason);
  }
}

function lossBy(event: GroupEvent): string {
  if (event.kind === "joining") return "may have been given away: the session with the brokers has run out";
  return event.kind === "left" ? "given back: this process has left the group" : "given to another replica";
}
