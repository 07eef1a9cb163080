/** Resolves once `signal` has aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/**
 * Runs tasks side by side until all have ended. The first failure aborts `failed`, which the tasks are expected
 * to follow, and is what is thrown once the last has ended.
 */
export async function together(tasks: readonly Promise<unknown>[], failed: AbortController): Promise<void> {
  const failures: unknown[] = [];
  const watched = tasks.map(async (task) => {
    try {
      await task;
    } catch (error) {
      failures.push(error);
      failed.abort(error);
    }
  });
  await Promise.all(watched);
  if (failures.length > 0) throw failures[0];
}
