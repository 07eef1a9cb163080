import type { Lease, ShardLog, ShardState, Transaction } from "../kafka/port.ts";
import { type BackoffOptions, backoffMs } from "../kit/backoff.ts";
import type { Clock } from "../kit/clock.ts";
import { ConnectorError, describeError } from "../kit/errors.ts";
import type { Random } from "../kit/random.ts";
import type { Emit } from "../observe/events.ts";
import { CommitQueue } from "./commit-queue.ts";

const REOPEN: BackoffOptions = { firstMs: 200, capMs: 10_000 };

/**
 * Somebody else has owned the shard in between, and may have changed the state of any of its scans: whatever was known
 * of it is to be forgotten, and the shard begun anew.
 */
export class OwnedInBetween extends Error {
  constructor(shard: number, cause: unknown) {
    super(`shard ${shard}: somebody else has owned it in between, so it is begun anew`, { cause });
    this.name = "OwnedInBetween";
  }
}

/** Committed for sure, or unknown: then the state that the shard has now tells. */
export type CommitOutcome = { readonly kind: "committed" } | { readonly kind: "reopened"; readonly state: ShardState };

export interface ShardOwnerDeps {
  readonly log: ShardLog;
  readonly lease: Lease;
  /** Of the shard, as they are configured now. */
  readonly tenants: () => readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: Emit;
}

/**
 * The one writer of a shard in this process: transactions of its tenants go one after the other, or in common. A failed
 * transaction is never judged here: the shard is opened anew and its state decides.
 */
export class ShardOwner {
  readonly #deps: ShardOwnerDeps;
  readonly #queue: CommitQueue<CommitOutcome>;
  /** When this owner was fenced last: only what the group has confirmed since counts. Monotonic ms. */
  #fencedMs = Number.NEGATIVE_INFINITY;

  constructor(deps: ShardOwnerDeps) {
    this.#deps = deps;
    this.#queue = new CommitQueue({
      clock: deps.clock,
      run: (transaction, signal) => this.#commit(transaction, signal),
      isCommitted: ({ kind }) => kind === "committed",
    });
  }

  get shard(): number {
    return this.#deps.log.shard;
  }

  /**
   * Takes the shard over as long as the group gives it to this process; tried again until it succeeds.
   * @throws ConnectorError that is fatal; the reason of `signal`, or of the lease's end.
   */
  async open(signal: AbortSignal): Promise<ShardState> {
    try {
      return await this.#open(signal);
    } catch (error) {
      // What it was waiting for is waited for no more.
      this.#stage("released");
      throw error;
    }
  }

  async #open(signal: AbortSignal): Promise<ShardState> {
    const { log, lease, clock, random, emit, tenants } = this.#deps;
    const startMs = clock.monotonicMs();
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      if (!lease.isProven(this.#fencedMs)) this.#stage("waiting until the group confirms it");
      await lease.proven(this.#fencedMs, signal);
      this.#stage("reading state");
      try {
        const state = await log.open(signal);
        emit({ type: "shard_opened", shard: log.shard, tenants: tenants(), durationMs: clock.monotonicMs() - startMs });
        this.#stage("owned");
        return state;
      } catch (error) {
        signal.throwIfAborted();
        if (!this.#canPass(error)) throw error;
        this.#stage(`cannot be opened: ${describeError(error)}`);
        await clock.sleep(backoffMs(attempt, REOPEN, random), signal);
      }
    }
  }

  /**
   * One attempt at one transaction, after those that came before it, or in common with those of other tenants. Whoever
   * is fenced goes on once the group has said since then that the shard is still this process's.
   *
   * @param tenant whose it is.
   * @throws ConnectorError that is fatal; OwnedInBetween; the reason of `signal`, or of the lease's end.
   */
  commit(tenant: string, transaction: Transaction, signal: AbortSignal): Promise<CommitOutcome> {
    return this.#queue.add(tenant, transaction, signal);
  }

  /**
   * The state as it is now, between two transactions: for who comes to the shard while it is owned.
   * @throws as `commit`
   */
  reread(signal: AbortSignal): Promise<ShardState> {
    return this.#queue.between(async () => {
      const state = await this.open(signal);
      if (!this.#deps.log.isContinued) throw new OwnedInBetween(this.shard, undefined);
      return state;
    });
  }

  async #commit(transaction: Transaction, signal: AbortSignal): Promise<CommitOutcome> {
    const { log, clock, emit } = this.#deps;
    signal.throwIfAborted();
    const startMs = clock.monotonicMs();
    const ended = (result: "committed" | "failed" | "fenced", error: string | null) => {
      const durationMs = clock.monotonicMs() - startMs;
      emit({ type: "transaction_ended", shard: log.shard, result, durationMs, error });
    };
    try {
      await log.commit(transaction, signal);
      ended("committed", null);
      return { kind: "committed" };
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      ended(error.code === "publish_fenced" ? "fenced" : "failed", describeError(error));
      if (!this.#canPass(error)) throw error;
      const state = await this.open(signal);
      if (!log.isContinued) throw new OwnedInBetween(log.shard, error);
      return { kind: "reopened", state };
    }
  }

  /** Whether opening the shard again may help. */
  #canPass(error: unknown): boolean {
    if (!(error instanceof ConnectorError)) return false;
    if (error.code === "publish_fenced") this.#fencedMs = this.#deps.clock.monotonicMs();
    return error.code === "publish_fenced" || error.disposition === "retry";
  }

  #stage(stage: string): void {
    this.#deps.emit({ type: "stage", subject: `shard ${this.#deps.log.shard}`, stage });
  }
}
