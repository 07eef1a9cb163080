import { randomUUID } from "node:crypto";
import { assert, ConnectorError } from "../kit/errors.ts";
import type { Emit } from "../observe/events.ts";
import { isCommandKey } from "../scan/command.ts";
import { connectionError, isConcurrentTransactions, isNotReady, TAKEN_OVER, transactionError } from "./errors.ts";
import { follow } from "./follow.ts";
import type { OnRecord, ShardLog, ShardState, Transaction } from "./port.ts";
import { MARK_KEY, markOf } from "./state-fold.ts";
import { loadCommitted, loadState, type StateLoad } from "./state-load.ts";
import { type ProducerOptions, ShardProducer } from "./transaction.ts";
import { attempted, endsWithin, orAborted } from "./waiting.ts";

export interface ShardLogOptions extends ProducerOptions, Omit<StateLoad, "onProgress"> {
  readonly emit: Emit;
  /** Makes an error more telling, where it takes another request to find out. */
  readonly explain: (error: unknown) => Promise<unknown>;
  /** Whether nobody else can have been given the shard. */
  readonly mayOpen: () => boolean;
}

/** A transaction in flight has this long to decide itself once its signal aborts. */
const STOP_GRACE_MS = 5_000;
const PROGRESS_MS = 2_000;
/** Of a partition or a coordinator that is not ready yet; the caller's own retries are for all else. */
const OPENS_MAX = 10;
const OPEN_WAIT_MS = 200;
/** A newer owner's mark follows its fencing at once: it is looked for this long. */
const MARK_SEARCH_MS = 5_000;
const MARK_LOOK_WAIT_MS = 300;

/** A shard on real brokers; see the port for what it promises. */
export class KafkaShardLog implements ShardLog {
  readonly shard: number;
  readonly #options: ShardLogOptions;
  #term = "";
  /** Of all tries to open since the last that succeeded, that one included. */
  #terms = new Set<string>();
  #isContinued = true;
  /** Where the state ends that `open` returned last; null before. */
  #stateEnd: bigint | null = null;
  /** Null before the first `open` and after any error. */
  #producer: ShardProducer | null = null;

  constructor(options: ShardLogOptions) {
    this.shard = options.shard;
    this.#options = options;
  }

  get isContinued(): boolean {
    return this.#isContinued;
  }

  async open(signal: AbortSignal): Promise<ShardState> {
    this.#drop();
    const how = { max: OPENS_MAX, waitMs: OPEN_WAIT_MS, again: isNotReady, clock: this.#options.clock };
    try {
      return await attempted(() => this.#openOnce(signal), how, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw connectionError(await this.#options.explain(error), `opening ${this.#name}`);
    }
  }

  async commit(transaction: Transaction, signal: AbortSignal): Promise<void> {
    const producer = this.#producer;
    assert(producer !== null, "a shard is opened before it is committed to, and again after an error");
    assert(transaction.state.length > 0, "a transaction holds state");
    assert(!transaction.state.some(({ key }) => key === MARK_KEY), "marks are the shard log's own");
    signal.throwIfAborted();
    const begunAtMs = this.#options.clock.nowMs();
    try {
      await this.#decided(producer.run(transaction, signal), signal);
    } catch (error) {
      this.#drop();
      const failure = transactionError(error, `a transaction on ${this.#name}`);
      if (failure.code === "publish_fenced" && (await this.#isTimedOut(begunAtMs, signal))) throw this.#timedOut(error);
      if (isConcurrentTransactions(error) && (await this.#isSuperseded(signal)))
        throw fencedByMark(`a transaction on ${this.#name}`, error);
      throw failure;
    }
  }

  async follow(onRecord: OnRecord, signal: AbortSignal): Promise<void> {
    const from = this.#stateEnd;
    assert(from !== null, "a shard is opened before it is followed");
    const onCommand: OnRecord = (key, value) => {
      if (isCommandKey(key)) onRecord(key, value);
    };
    await follow(this.#options, from, onCommand, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#drop();
  }

  async #openOnce(signal: AbortSignal): Promise<ShardState> {
    const producer = new ShardProducer(this.#options);
    this.#term = randomUUID();
    this.#terms.add(this.#term);
    try {
      const state = await this.#openWith(producer, signal);
      this.#producer = producer;
      return state;
    } catch (error) {
      this.#leave(producer);
      throw error;
    }
  }

  /** The order is the safety: proven, initialised, proven again, then marked, and only then read, up to the mark. */
  async #openWith(producer: ShardProducer, signal: AbortSignal): Promise<ShardState> {
    this.#stage("waiting for the previous owner's transaction");
    await orAborted(producer.connect(), signal);
    this.#checkMayOpen();
    const mark = { state: [markOf(this.#term)], records: [] };
    const marked = producer.run(mark, signal, () => this.#checkMayOpen());
    const markOffset = await orAborted(marked, signal);
    return await this.#read(markOffset, signal);
  }

  #checkMayOpen(): void {
    if (this.#options.mayOpen()) return;
    const message = `opening ${this.#name}: the group has not confirmed lately that it is this process's`;
    throw new ConnectorError("kafka_unavailable", message, { disposition: "retry" });
  }

  async #read(markOffset: bigint, signal: AbortSignal): Promise<ShardState> {
    const { clock } = this.#options;
    const endOffset = markOffset + 1n;
    this.#stage(`reading state, ${endOffset} offsets`);
    let toldAtMs = clock.monotonicMs();
    const onProgress = (position: bigint): void => {
      if (clock.monotonicMs() - toldAtMs < PROGRESS_MS) return;
      toldAtMs = clock.monotonicMs();
      this.#stage(`reading state, ${position} of ${endOffset} offsets`);
    };
    const fold = await loadState({ ...this.#options, onProgress }, endOffset, signal);
    // A later owner's mark has replaced ours: compaction keeps the latest.
    if (!fold.isMarkedBy(this.#term)) throw fencedByMark(`opening ${this.#name}`);
    this.#isContinued = this.#stateEnd === null || fold.isPrecededBy(this.#terms);
    this.#terms = new Set([this.#term]);
    this.#stateEnd = endOffset;
    return fold.state;
  }

  /** Once the signal aborts, a transaction in flight is given a bounded time to commit or abort itself. */
  async #decided(running: Promise<bigint>, signal: AbortSignal): Promise<void> {
    try {
      await orAborted(running, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      if (!(await endsWithin(running, STOP_GRACE_MS, this.#options.clock))) throw error;
      await running;
    }
  }

  /**
   * The brokers fence a producer also when they abort its transaction as too old, say after the process was
   * frozen. Then, and only then, the latest mark is still ours.
   */
  async #isTimedOut(begunAtMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.#options.clock.nowMs() - begunAtMs < this.#options.transactionTimeoutMs) return false;
    try {
      return (await orAborted(loadCommitted(this.#options, signal), signal)).fold.isMarkedBy(this.#term);
    } catch {
      return false;
    }
  }

  /**
   * In the middle of a transaction CONCURRENT_TRANSACTIONS means that the brokers are ending it for somebody else:
   * as a rule for a newer owner, who is about to leave its mark. Opening the shard again would fence that one.
   */
  async #isSuperseded(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + MARK_SEARCH_MS;
    try {
      while (clock.monotonicMs() < untilMs) {
        const { fold } = await orAborted(loadCommitted(this.#options, signal), signal);
        if (!fold.isMarkedBy(this.#term)) return true;
        await clock.sleep(MARK_LOOK_WAIT_MS, signal);
      }
    } catch {
      // Where the brokers do not answer, opening the shard again waits for them.
    }
    return false;
  }

  #timedOut(cause: unknown): ConnectorError {
    const seconds = this.#options.transactionTimeoutMs / 1000;
    const message = `a transaction on ${this.#name}: took longer than ${seconds} s, so the brokers aborted it`;
    return new ConnectorError("publish_failed", message, { disposition: "retry", cause });
  }

  get #name(): string {
    return `shard ${this.shard} of ${this.#options.cursorsTopic}`;
  }

  #stage(stage: string): void {
    this.#options.emit({ type: "stage", subject: `shard ${this.shard}`, stage });
  }

  #drop(): void {
    if (this.#producer !== null) this.#leave(this.#producer);
    this.#producer = null;
  }

  /** Not waited for: a producer whose broker is gone may take long to close. */
  #leave(producer: ShardProducer): void {
    this.#options.onLeft(producer.disconnect().catch(() => undefined));
  }
}

function fencedByMark(doing: string, cause?: unknown): ConnectorError {
  const message = `${doing}: its state ends with another owner's mark; ${TAKEN_OVER}`;
  return new ConnectorError("publish_fenced", message, { disposition: "fatal", cause });
}
