import { assignShards, type Claims } from "../../src/kafka/assigner.ts";
import { GroupMember } from "../../src/kafka/group-member.ts";
import type { GroupEvents, Lease, ShardGroup } from "../../src/kafka/port.ts";
import type { Clock } from "../../src/kit/clock.ts";

/** Of the group's members, unless told otherwise: a silent one is waited for so long. */
export const SESSION_MS = 10_000;
const BEAT_MS = 1_000;

/**
 * The group's coordinator, in memory. Members that live are heard at once, so a rebalance of theirs takes no time; one
 * that is dead or stopped is waited for until its session ends. Nobody beats by a timer: a member beats when it is
 * asked for proof, so an hour of quiet costs nothing.
 */
export class MemoryGroup {
  readonly #shards: number;
  readonly sessionMs: number;
  readonly #members = new Set<MemoryMembership>();
  #generation = 0;
  #isRebalancing = false;
  /** By shard, the id of whom it was given to last. */
  readonly #givenTo = new Map<number, string>();

  constructor(shards: number, sessionMs = SESSION_MS) {
    this.#shards = shards;
    this.sessionMs = sessionMs;
  }

  /** Gives the shards anew once everybody who has a session is there. */
  join(member: MemoryMembership): void {
    this.#members.add(member);
    this.#rebalance();
  }

  leave(member: MemoryMembership): void {
    if (this.#members.delete(member)) this.#rebalance();
  }

  /** Nothing more is heard of a member: its session runs. */
  fellSilent(member: MemoryMembership): void {
    if (this.#members.has(member)) this.#awaitSessions();
  }

  /** A member is heard again. False when it is none any more. */
  heard(member: MemoryMembership): boolean {
    if (!this.#members.has(member)) return false;
    if (this.#isRebalancing) this.#rebalance();
    return true;
  }

  /** Whether a heartbeat of it would succeed. */
  takesBeats(member: MemoryMembership): boolean {
    return this.#members.has(member) && !this.#isRebalancing && !member.isSilent;
  }

  /** To whom a shard was given last; undefined: to nobody yet. */
  givenTo(shard: number): string | undefined {
    return this.#givenTo.get(shard);
  }

  get size(): number {
    return this.#members.size;
  }

  get generation(): number {
    return this.#generation;
  }

  #rebalance(): void {
    this.#isRebalancing = true;
    const live = [...this.#members].filter((member) => !member.isSilent);
    for (const member of live) member.rejoins();
    if (live.length < this.#members.size) {
      this.#awaitSessions();
      return;
    }
    this.#isRebalancing = false;
    if (live.length === 0) return;
    this.#generation += 1;
    const assigned = assignShards(
      { count: this.#shards, inUse: live[0]?.inUse ?? new Set() },
      live.map((member) => member.claims),
    );
    for (const [id, shards] of assigned) for (const shard of shards) this.#givenTo.set(shard, id);
    for (const member of live) member.joined(assigned.get(member.id) ?? []);
  }

  /** Whoever lives looks after the sessions of the silent. */
  #awaitSessions(): void {
    for (const member of this.#members) {
      if (member.isSilent) continue;
      for (const silent of this.#members) if (silent.isSilent) void this.#awaitSession(member, silent);
    }
  }

  async #awaitSession(watcher: MemoryMembership, silent: MemoryMembership): Promise<void> {
    const sinceMs = silent.silentSinceMs;
    const leftMs = (sinceMs ?? 0) + this.sessionMs - watcher.clock.monotonicMs();
    await watcher.clock.sleep(leftMs, new AbortController().signal);
    if (silent.silentSinceMs !== sinceMs || !this.#members.delete(silent)) return;
    this.#rebalance();
  }
}

export interface MembershipParts {
  readonly group: MemoryGroup;
  readonly id: string;
  readonly clock: Clock;
  readonly inUse: ReadonlySet<number>;
}

/** One process in the group. */
export class MemoryMembership implements ShardGroup {
  readonly id: string;
  readonly inUse: ReadonlySet<number>;
  readonly clock: Clock;
  readonly #group: MemoryGroup;
  readonly #member: GroupMember;
  readonly #events: GroupEvents;
  readonly #arrive: (signal: AbortSignal) => Promise<void>;
  silentSinceMs: number | null = null;

  /** @param arrive awaited before each join. */
  constructor(
    { group, id, clock, inUse }: MembershipParts,
    events: GroupEvents,
    arrive: (signal: AbortSignal) => Promise<void>,
  ) {
    this.id = id;
    this.inUse = inUse;
    this.clock = clock;
    this.#group = group;
    this.#events = events;
    this.#arrive = arrive;
    const gained = (lease: Lease) => events.gained(this.#beating(lease));
    this.#member = new GroupMember({ sessionMs: group.sessionMs, clock, events: { ...events, gained } });
  }

  async join(signal: AbortSignal): Promise<void> {
    await this.#arrive(signal);
    this.#group.join(this);
    while (!this.#member.isMember) await this.#member.changed(signal);
    this.#events.joined();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#member.see({ kind: "left" });
    this.#group.leave(this);
  }

  get isSilent(): boolean {
    return this.silentSinceMs !== null;
  }

  get claims(): Claims {
    return { id: this.id, ...this.#member.claims };
  }

  /** Stopped, or dead: nothing is heard of it. */
  fallSilent(): void {
    this.silentSinceMs ??= this.clock.monotonicMs();
    this.#group.fellSilent(this);
  }

  /** Goes on after a stop; whose session is over joins anew. */
  wake(): void {
    this.silentSinceMs = null;
    if (!this.#group.heard(this)) this.#group.join(this);
  }

  rejoins(): void {
    this.#member.see({ kind: "joining", atMs: this.clock.monotonicMs() });
  }

  joined(shards: readonly number[]): void {
    this.#member.see({ kind: "joined", sentMs: this.clock.monotonicMs(), shards });
    this.#beat();
  }

  #beat(): void {
    if (!this.#group.takesBeats(this)) return;
    this.#member.see({ kind: "beat", sentMs: this.clock.monotonicMs(), generation: this.#group.generation });
  }

  /** The lease, as of a process that has beaten just now. */
  #beating(lease: Lease): Lease {
    const isProven = (afterMs?: number): boolean => {
      this.#beat();
      return lease.isProven(afterMs);
    };
    const proven = async (afterMs: number, signal: AbortSignal): Promise<void> => {
      const over = AbortSignal.any([signal, lease.lost]);
      over.throwIfAborted();
      while (!isProven(afterMs)) {
        await Promise.race([this.clock.sleep(BEAT_MS, over), lease.proven(afterMs, over)]);
      }
    };
    return { shard: lease.shard, lost: lease.lost, isProven, proven };
  }
}
