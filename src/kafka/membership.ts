/**
 * What a process knows of its membership in the group, as a pure fold over what happens to it. Times are ms of its
 * monotonic clock.
 *
 *   outside ──joined──▶ member ──joining──▶ joining ──joined──▶ member …
 *      ▲                                                          │
 *      └──────────────────────────── left ────────────────────────┘
 *
 * The brokers count a session from when a heartbeat reaches them. So a membership is as old as the *sending* of the
 * last heartbeat, or SyncGroup, that succeeded: an answer says nothing of when it was given, and may have waited in
 * the socket of a stopped process while somebody else was given the shards.
 */
export interface Membership {
  readonly phase: "outside" | "joining" | "member";
  /** When the last request was sent whose success proves that the brokers held this process for a member. */
  readonly provenMs: number;
  readonly generation: number;
  /** Its shards, in the generation that it knows of, those that it has had longest first. */
  readonly held: ReadonlySet<number>;
}

export type GroupEvent =
  /** A rebalance is heard of, or a join about to be written: from now on somebody else may be given the shards. */
  | { readonly kind: "joining"; readonly atMs: number }
  /** The group has told its assignment. */
  | { readonly kind: "joined"; readonly sentMs: number; readonly shards: readonly number[] }
  | { readonly kind: "beat"; readonly sentMs: number; readonly generation: number }
  /** Out of the group, by its own will or because the client gave up; it may join again. */
  | { readonly kind: "left" };

/** Requests stop this long before a session could end. */
const MARGIN_MS = 1_000;

export const OUTSIDE: Membership = {
  phase: "outside",
  provenMs: Number.NEGATIVE_INFINITY,
  generation: -1,
  held: new Set(),
};

/** The membership after an event. */
export function afterEvent(before: Membership, event: GroupEvent, sessionMs: number): Membership {
  switch (event.kind) {
    case "joining":
      // After a whole session without proof others may have owned the shards: none is claimed, or taken for kept.
      return isOver(before, event.atMs, sessionMs)
        ? { ...before, phase: "joining", held: new Set() }
        : { ...before, phase: "joining" };
    case "joined":
      return {
        phase: "member",
        provenMs: Math.max(before.provenMs, event.sentMs),
        generation: before.generation + 1,
        held: new Set([...before.held].filter((shard) => event.shards.includes(shard)).concat(event.shards)),
      };
    case "beat":
      return { ...before, provenMs: Math.max(before.provenMs, event.sentMs), generation: event.generation };
    case "left":
      return { ...OUTSIDE, generation: before.generation };
  }
}

/**
 * Whether nobody else can have been given this process's shards by now.
 * @param afterMs only what was sent later proves it.
 */
export function isProven(membership: Membership, nowMs: number, sessionMs: number, afterMs: number): boolean {
  const { phase, provenMs } = membership;
  return phase === "member" && provenMs > afterMs && nowMs - provenMs < sessionMs - MARGIN_MS;
}

function isOver({ provenMs }: Membership, nowMs: number, sessionMs: number): boolean {
  return nowMs - provenMs >= sessionMs;
}
