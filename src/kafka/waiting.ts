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
