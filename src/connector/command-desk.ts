import type { ShardState, StateRecord } from "../kafka/port.ts";
import type { Clock } from "../kit/clock.ts";
import {
  type Command,
  commandIdOf,
  decodeCommand,
  decodeHistory,
  encodeHistory,
  historyKey,
  isCommandKey,
} from "../scan/command.ts";

/** Ids that were applied by this process: what is delivered again is not applied again. */
const APPLIED_MAX = 1_000;
/** History records that a shard keeps. */
const HISTORY_MAX = 200;
const HISTORY_KEY = /^\{"history":/;

/** A command that waits to be applied; null where it cannot be read. */
export interface Pending {
  readonly key: string;
  readonly command: Command | null;
  /** Why it cannot be read. */
  readonly problem: string | null;
}

/**
 * An operator's commands to a shard: those that were waiting in its state, and those that arrive. A tenant's loop
 * takes those of its scans between two requests.
 */
export class CommandDesk {
  readonly #pending = new Map<string, Pending>();
  readonly #applied = new Set<string>();
  /** Keys of the history, the oldest first. */
  readonly #history: string[];
  readonly #waiting = new Set<() => void>();

  constructor(state: ShardState) {
    const dated = [...state]
      .filter(([key]) => HISTORY_KEY.test(key))
      .map(([key, value]) => ({ key, at: appliedAt(value) }))
      .sort((a, b) => (a.at < b.at ? -1 : 1));
    this.#history = dated.map(({ key }) => key);
    for (const [key, value] of state) this.offer(key, value);
  }

  /** A record of the shard, if it is a command's; a tombstone takes it away. */
  offer(key: string, value: Buffer | null): void {
    if (!isCommandKey(key) || this.#applied.has(key)) return;
    if (value === null) {
      this.#pending.delete(key);
      return;
    }
    const decoded = decodeCommand(key, value);
    const [command, problem] = decoded.kind === "read" ? [decoded.value, null] : [null, decoded.reason];
    this.#pending.set(key, { key, command, problem });
    for (const wake of this.#waiting) wake();
  }

  /** Those that `isMine` says are the caller's. */
  pending(isMine: (pending: Pending) => boolean): Pending[] {
    return [...this.#pending.values()].filter(isMine);
  }

  /** The records that say what became of a command: in the transaction that applies it. */
  settle(pending: Pending, outcome: "done" | "refused", message: string, nowMs: number): StateRecord[] {
    const id = commandIdOf(pending.key) ?? pending.key;
    const value = encodeHistory({
      command: pending.command,
      appliedAt: new Date(nowMs).toISOString(),
      outcome,
      message,
    });
    const old = this.#history.slice(0, Math.max(0, this.#history.length + 1 - HISTORY_MAX));
    return [
      { key: pending.key, value: null },
      { key: historyKey(id), value },
      ...old.map((key) => ({ key, value: null })),
    ];
  }

  /** The transaction with those records is committed. */
  settled(pending: Pending): void {
    this.#pending.delete(pending.key);
    this.#applied.add(pending.key);
    for (const oldest of this.#applied) {
      if (this.#applied.size <= APPLIED_MAX) break;
      this.#applied.delete(oldest);
    }
    this.#history.push(historyKey(commandIdOf(pending.key) ?? pending.key));
    this.#history.splice(0, Math.max(0, this.#history.length - HISTORY_MAX));
  }

  /** Takes those out that nobody here can apply: they cannot be read, or their scan is not configured. */
  takeStrays(scans: ReadonlySet<string>): Pending[] {
    const strays = this.pending(({ command }) => command === null || !scans.has(command.scan));
    for (const { key } of strays) this.#pending.delete(key);
    return strays;
  }

  /** Puts back what was taken out, but could not be settled. */
  restore(pending: Pending): void {
    this.#pending.set(pending.key, pending);
  }

  /** Sleeps until a command arrives, at most `delayMs`. @throws the reason of `signal`. */
  async sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const over = new AbortController();
    const arrived = new Error("a command has arrived");
    const wake = () => over.abort(arrived);
    const stop = () => over.abort(signal.reason);
    this.#waiting.add(wake);
    signal.addEventListener("abort", stop, { once: true });
    try {
      await clock.sleep(delayMs, over.signal);
    } catch (error) {
      if (error !== arrived) throw error;
    } finally {
      this.#waiting.delete(wake);
      signal.removeEventListener("abort", stop);
    }
  }
}

/** Of what cannot be read: the oldest. */
function appliedAt(value: Buffer): string {
  const decoded = decodeHistory(value);
  return decoded.kind === "read" ? decoded.value.appliedAt : "";
}
