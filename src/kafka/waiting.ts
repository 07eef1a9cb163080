import type { Clock } from "../kit/clock.ts";

/** kafkajs takes no signals: `work`, or the reason of `signal` as soon as it aborts; then `work` goes on unseen. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

export interface Attempts {
  readonly max: number;
  readonly waitMs: number;
  /** Whether another attempt may succeed. */
  readonly again: (error: unknown) => boolean;
  readonly clock: Clock;
}

/** The first success of at most `max` attempts, or the last failure. No attempt is begun once `signal` has aborted. */
export async function attempted<T>(work: () => Promise<T>, how: Attempts, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (attempt === how.max || signal.aborted || !how.again(error)) throw error;
    }
    await how.clock.sleep(how.waitMs, signal);
  }
}

/** Whether `work` ended, well or not, within `graceMs`; if not it goes on unseen. */
export async function endsWithin(work: Promise<unknown>, graceMs: number, clock: Clock): Promise<boolean> {
  const cut = new AbortController();
  const ended = work.then(
    () => true,
    () => true,
  );
  const late = clock.sleep(graceMs, cut.signal).then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([ended, late]);
  } finally {
    cut.abort();
  }
}
