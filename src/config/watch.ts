import type { Clock } from "../kit/clock.ts";
import { ConnectorError, describeError } from "../kit/errors.ts";
import { type Changes, changesBetween } from "./changes.ts";
import { digestOf } from "./interpolate.ts";
import { type ConfigSource, type Loaded, loadConfig } from "./load.ts";

/** What loading came to, and the files that were read for it, by a digest of each. */
export interface Look {
  readonly result: Loaded | ConnectorError;
  readonly files: ReadonlyMap<string, string>;
}

/** Loads the configuration, and keeps which files that took: the file itself, certificates, and each secret's. */
export function lookAt(source: ConfigSource, readFile: (path: string) => string): Look {
  const files = new Map<string, string>();
  let isLoading = true;
  // Secrets are read again, by the same way, at each use: that is no look at the configuration.
  const recording = (path: string): string => {
    if (isLoading) files.set(path, UNREADABLE);
    const text = readFile(path);
    if (isLoading) files.set(path, digestOf(text));
    return text;
  };
  try {
    return { result: loadConfig(source, recording), files };
  } catch (error) {
    if (error instanceof ConnectorError) return { result: error, files };
    throw error;
  } finally {
    isLoading = false;
  }
}

export interface WatchDeps {
  readonly look: () => Look;
  /** The text of a file, as `look` reads it. */
  readonly readFile: (path: string) => Promise<string>;
  readonly clock: Clock;
}

export type ReloadCause = "signal" | "file";

export interface WatchEvents {
  /** Puts a configuration in force. @throws ConnectorError when it cannot: then the one before is in force still. */
  take(loaded: Loaded, changes: Changes): Promise<void>;
  taken(loaded: Loaded, changes: Changes, cause: ReloadCause): void;
  /** @param reason every error that was found, one a line. */
  refused(reason: string, cause: ReloadCause): void;
}

const UNREADABLE = "unreadable";
const LOOK_MS = 5_000;
/** What has changed is taken once it has stood still for so long. */
const SETTLE_MS = 1_000;
const SETTLES_MAX = 30;

/**
 * Sees to it that the configuration in force is the one in the files. They are read again every few seconds, and that
 * alone: so it does not matter who changes them, and how, be it an editor, a swapped link or a network's file system.
 */
export class ConfigWatch {
  readonly #deps: WatchDeps;
  #inForce: Loaded;
  #seen: Look["files"];
  #isAsked = false;
  /** Whether what was seen last could not be taken for a reason that may pass. */
  #isDue = false;
  #wake = (): void => undefined;

  constructor(deps: WatchDeps, inForce: Loaded, seen: Look["files"]) {
    this.#deps = deps;
    this.#inForce = inForce;
    this.#seen = seen;
  }

  /** Somebody asks for it now: what is there is taken as it is. */
  ask(): void {
    this.#isAsked = true;
    this.#wake();
  }

  /** @throws the reason of `signal`. */
  async run(events: WatchEvents, signal: AbortSignal): Promise<never> {
    for (;;) {
      await this.#pause(signal);
      const cause = this.#isAsked ? "signal" : "file";
      this.#isAsked = false;
      if (cause === "file" && !this.#isDue && !(await this.#hasChanged())) continue;
      const { result, files } = cause === "signal" ? this.#deps.look() : await this.#settled(signal);
      this.#seen = files;
      await this.#take(result, cause, events);
      signal.throwIfAborted();
    }
  }

  async #take(result: Look["result"], cause: ReloadCause, events: WatchEvents): Promise<void> {
    this.#isDue = false;
    if (result instanceof ConnectorError) return events.refused(describeError(result), cause);
    const comparison = changesBetween(this.#inForce, result);
    if (comparison.kind === "restart") return events.refused(restartNeeded(comparison.paths), cause);
    try {
      await events.take(result, comparison.changes);
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      this.#isDue = error.disposition === "retry";
      return events.refused(describeError(error), cause);
    }
    this.#inForce = result;
    events.taken(result, comparison.changes, cause);
  }

  /** What two looks in a row show: whoever is writing is let finish. */
  async #settled(signal: AbortSignal): Promise<Look> {
    let last = this.#deps.look();
    for (let tries = 0; tries < SETTLES_MAX; tries++) {
      await this.#deps.clock.sleep(SETTLE_MS, signal);
      const next = this.#deps.look();
      if (isSame(last.files, next.files)) return next;
      last = next;
    }
    return last;
  }

  async #hasChanged(): Promise<boolean> {
    const now = [...this.#seen.keys()].map(async (path) => [path, await this.#digestOf(path)] as const);
    return !isSame(this.#seen, new Map(await Promise.all(now)));
  }

  async #digestOf(path: string): Promise<string> {
    try {
      return digestOf(await this.#deps.readFile(path));
    } catch {
      return UNREADABLE;
    }
  }

  /** Until it is time to look, or somebody asks. */
  async #pause(signal: AbortSignal): Promise<void> {
    if (this.#isAsked) return;
    signal.throwIfAborted();
    const over = new AbortController();
    this.#wake = () => over.abort();
    signal.addEventListener("abort", this.#wake, { once: true });
    try {
      await this.#deps.clock.sleep(LOOK_MS, over.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!over.signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", this.#wake);
    }
  }
}

function restartNeeded(paths: readonly string[]): string {
  const lines = paths.map((path) => `\n  ${path}: restart needed: it cannot change while the connector runs`);
  const count = paths.length === 1 ? "1 option" : `${paths.length} options`;
  return `configuration: ${count} that hold from a start to the next${lines.join("")}`;
}

function isSame(one: Look["files"], other: Look["files"]): boolean {
  return one.size === other.size && [...one].every(([path, digest]) => other.get(path) === digest);
}
