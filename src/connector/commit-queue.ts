import type { Transaction } from "../kafka/port.ts";
import type { Clock } from "../kit/clock.ts";

/**
 * How long after the beginning of a transaction the next one begins at the earliest, where several tenants commit: what
 * comes meanwhile goes with it. A tenant that has a shard for itself never waits.
 */
const GATHER_MS = 500;
/** Values of one common transaction; a larger one goes alone. */
const COMMON_BYTES_MAX = 4 * 1024 * 1024;

interface Waiting<Outcome> {
  readonly by: string;
  readonly transaction: Transaction;
  readonly bytes: number;
  readonly signal: AbortSignal;
  settle(outcome: Outcome): void;
  fail(error: unknown): void;
}

interface Between {
  work(): Promise<void>;
  fail(error: unknown): void;
}

export interface CommitQueueDeps<Outcome> {
  readonly clock: Clock;
  /** One attempt. @throws what ends the queue. */
  run(transaction: Transaction, signal: AbortSignal): Promise<Outcome>;
  isCommitted(outcome: Outcome): boolean;
}

/**
 * The transactions of a shard's tenants, one after the other. Small ones of different tenants are made one: each is in
 * it as a whole, and all share its outcome. After a common one has failed, each of its parts goes alone, so that one
 * which the brokers refuse does not hold up the others.
 */
export class CommitQueue<Outcome> {
  readonly #deps: CommitQueueDeps<Outcome>;
  readonly #waiting: Waiting<Outcome>[] = [];
  /** What is to be done before the next transaction. */
  readonly #between: Between[] = [];
  #isRunning = false;
  #ended: { readonly error: unknown } | null = null;
  /** Whose the last transaction was, and when it began; monotonic ms. */
  #last: ReadonlySet<string> = new Set();
  #begunMs = Number.NEGATIVE_INFINITY;
  /** How many of the next ones go alone. */
  #alone = 0;

  constructor(deps: CommitQueueDeps<Outcome>) {
    this.#deps = deps;
  }

  /**
   * @param by whose it is: those of one tenant stay apart, in their order.
   * @throws what `run` threw for this one or any before it.
   */
  add(by: string, transaction: Transaction, signal: AbortSignal): Promise<Outcome> {
    if (this.#ended !== null) return Promise.reject(this.#ended.error);
    return new Promise((settle, fail) => {
      const bytes = transaction.records.reduce((sum, { value }) => sum + value.length, 0);
      this.#waiting.push({ by, transaction, bytes, signal, settle, fail });
      if (!this.#isRunning) void this.#run();
    });
  }

  /** Does something after the transaction that is under way, and before the next. @throws as `add`, or what `work` throws. */
  between<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ended !== null) return Promise.reject(this.#ended.error);
    return new Promise((settle, fail) => {
      this.#between.push({ work: async () => settle(await work()), fail });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length + this.#between.length > 0) {
      await this.#doBetween();
      await this.#commitNext();
    }
    this.#isRunning = false;
  }

  async #doBetween(): Promise<void> {
    for (let next = this.#between.shift(); next !== undefined; next = this.#between.shift()) {
      try {
        await next.work();
      } catch (error) {
        next.fail(error);
        this.#end(error);
      }
    }
  }

  async #commitNext(): Promise<void> {
    const [first] = this.#waiting;
    if (first === undefined) return;
    let common: readonly Waiting<Outcome>[] = [];
    try {
      await this.#gather(first);
      common = this.#takeCommon();
      const outcome = await this.#deps.run(merged(common.map(({ transaction }) => transaction)), first.signal);
      if (common.length > 1 && !this.#deps.isCommitted(outcome)) this.#alone = common.length;
      for (const each of common) each.settle(outcome);
    } catch (error) {
      for (const each of common) each.fail(error);
      this.#end(error);
    }
  }

  /** The shard is left as it is: those behind end with the same error. */
  #end(error: unknown): void {
    this.#ended = { error };
    for (const each of [...this.#waiting.splice(0), ...this.#between.splice(0)]) each.fail(error);
  }

  /** Waits for others where the last transaction was another tenant's, and no longer ago than that is worth it. */
  async #gather({ by, signal, bytes }: Waiting<Outcome>): Promise<void> {
    const isItsOwn = this.#last.size === 0 || (this.#last.size === 1 && this.#last.has(by));
    const waitMs = this.#begunMs + GATHER_MS - this.#deps.clock.monotonicMs();
    if (isItsOwn || this.#alone > 0 || bytes > COMMON_BYTES_MAX || waitMs <= 0) return;
    await this.#deps.clock.sleep(waitMs, signal);
  }

  #takeCommon(): readonly Waiting<Outcome>[] {
    const first = this.#waiting.shift() as Waiting<Outcome>;
    const common = [first];
    const tenants = new Set([first.by]);
    if (this.#alone > 0) this.#alone -= 1;
    else {
      let bytes = first.bytes;
      for (const each of [...this.#waiting]) {
        if (tenants.has(each.by) || each.signal !== first.signal || bytes + each.bytes > COMMON_BYTES_MAX) continue;
        this.#waiting.splice(this.#waiting.indexOf(each), 1);
        common.push(each);
        tenants.add(each.by);
        bytes += each.bytes;
      }
    }
    this.#last = tenants;
    this.#begunMs = this.#deps.clock.monotonicMs();
    return common;
  }
}

const merged = (transactions: readonly Transaction[]): Transaction => ({
  state: transactions.flatMap(({ state }) => state),
  records: transactions.flatMap(({ records }) => records),
});
