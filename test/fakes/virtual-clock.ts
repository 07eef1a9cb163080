import type { Clock } from "../../src/kit/clock.ts";

interface Sleeper {
  readonly atMs: number;
  /** Whose death ends the sleep; null: nobody's. */
  readonly owner: object | null;
  wake(): void;
}

/** Time that stands still until everybody waits for it, and then jumps to whoever wakes first. */
export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  readonly #settled: () => Promise<void>;
  readonly #sleepers: Sleeper[] = [];

  /** @param settled resolves when every promise that can has gone on. */
  constructor(startMs: number, settled: () => Promise<void> = turnsOfTheLoop) {
    this.#nowMs = startMs;
    this.#startMs = startMs;
    this.#settled = settled;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** With fractions of a millisecond, as `performance.now` has them: others at each moment, and never going back. */
  monotonicMs(): number {
    const elapsedMs = this.#nowMs - this.#startMs;
    return elapsedMs + ((elapsedMs * 37) % 8) / 8;
  }

  sleep(delayMs: number, signal: AbortSignal, owner: object | null = null): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const stop = () => {
        this.#remove(sleeper);
        reject(signal.reason);
      };
      const sleeper: Sleeper = {
        // Whole milliseconds, as `Date.now` gives them.
        atMs: this.#nowMs + Math.ceil(Math.max(0, delayMs)),
        owner,
        wake: () => {
          signal.removeEventListener("abort", stop);
          resolve();
        },
      };
      signal.addEventListener("abort", stop, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** Forgets everybody who sleeps, or those of one owner, as the death of their process does. */
  forget(owner?: object): void {
    const left = owner === undefined ? [] : this.#sleepers.filter((sleeper) => sleeper.owner !== owner);
    this.#sleepers.splice(0, this.#sleepers.length, ...left);
  }

  /** Lets everything happen until `done`; fails after `stepsMax` jumps, or when nobody waits any more. */
  async runUntil(done: () => boolean, stepsMax: number): Promise<void> {
    for (let step = 0; ; step++) {
      await this.#settled();
      if (done()) return;
      if (step >= stepsMax) throw new Error(`no end after ${stepsMax} jumps of the clock`);
      const next = this.#first();
      if (next === null) throw new Error("nobody waits for the clock and it is not done");
      this.#remove(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
    }
  }

  #first(): Sleeper | null {
    let first: Sleeper | null = null;
    for (const sleeper of this.#sleepers) if (first === null || sleeper.atMs < first.atMs) first = sleeper;
    return first;
  }

  #remove(sleeper: Sleeper): void {
    const at = this.#sleepers.indexOf(sleeper);
    if (at >= 0) this.#sleepers.splice(at, 1);
  }
}

/** One process's view of a virtual clock: its wall clock is wrong by `skewMs`, and its sleeps die with it. */
export class ProcessClock implements Clock {
  readonly #base: VirtualClock;
  /** Local wall clock minus the true one; may be changed at any time. */
  skewMs: number;
  #dead = false;
  /** Pending while the process is stopped. */
  #going: Promise<void> = Promise.resolve();
  #goOn = (): void => undefined;

  constructor(base: VirtualClock, skewMs: number) {
    this.#base = base;
    this.skewMs = skewMs;
  }

  nowMs(): number {
    return this.#base.nowMs() + this.skewMs;
  }

  monotonicMs(): number {
    return this.#base.monotonicMs();
  }

  async sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    await this.sleepOutside(delayMs, signal);
    await this.#going;
  }

  /** As `sleep`, for what goes on while the process is stopped. */
  sleepOutside(delayMs: number, signal: AbortSignal): Promise<void> {
    return this.#dead ? new Promise(() => undefined) : this.#base.sleep(delayMs, signal, this);
  }

  /** SIGSTOP: nobody who sleeps by this view goes on before `goOn`. The time does. */
  stop(): void {
    this.#going = new Promise((resolve) => {
      this.#goOn = resolve;
    });
  }

  goOn(): void {
    this.#goOn();
  }

  /** Resolves while the process is not stopped. */
  going(): Promise<void> {
    return this.#going;
  }

  /** Nobody who sleeps by this view ever wakes. */
  kill(): void {
    this.#dead = true;
    this.#base.forget(this);
  }
}

async function turnsOfTheLoop(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * For a world that consists of promises alone, with neither timers nor sockets: Node runs a tick only once no
 * promise can go on any more, so one is enough. The loop itself does not turn meanwhile.
 */
export const promisesAlone = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
