import { createRequire } from "node:module";
import { assert } from "../kit/errors.ts";

/** The part of a consumer's runner that is looked at here. */
interface Runner {
  readonly running: boolean;
  readonly fetchManager: { stop(): Promise<void> };
  fetch(nodeId: number): Promise<readonly unknown[]>;
}

let corrected = false;

/**
 * kafkajs 2.2.4 makes a consumer's fetchers anew when a broker comes or goes, without a look at whether the consumer
 * was stopped meanwhile. Nobody stops the new ones: a stopped runner answers each fetch at once with nothing, and they
 * ask again, for ever, without ever letting the event loop turn. The process hangs with a busy core: no heartbeat, no
 * timer, no signal. Here whoever fetches for a runner that was stopped is stopped, too. Applied once, to kafkajs's own
 * class.
 */
export function correctFetchLoop(): void {
  if (corrected) return;
  corrected = true;
  const loaded: { prototype?: Runner } = createRequire(import.meta.url)("kafkajs/src/consumer/runner");
  const prototype = loaded.prototype;
  assert(typeof prototype?.fetch === "function", "kafkajs is the version that is corrected here");
  const original = prototype.fetch;
  prototype.fetch = async function (this: Runner, nodeId: number): Promise<readonly unknown[]> {
    // Not awaited: it ends once this fetch, and those of the other fetchers, have ended.
    if (!this.running) void this.fetchManager.stop();
    return await original.call(this, nodeId);
  };
}
